import assert from "node:assert/strict";
import {test} from "node:test";

import {heal} from "../heal.js";
import {ok, setUp} from "./setup.js";
import {SECOND} from "./world.js";

/** FakeMap reports errors as mapbox-gl does, and knows what was reloaded. */
class FakeMap {
	reloaded = [];
	listeners = new Map();
	on = (type, listener) => this.listeners.set(type, listener);
	off = (type) => this.listeners.delete(type);
	getSource = (id) => (id == "gone" ? undefined : {reload: () => this.reloaded.push(id)});
	setStyle = (style) => this.reloaded.push(style);
	remove() {
		this.listeners.get("remove")?.({type: "remove"});
		this.getSource = undefined; // as after remove(): everything throws
	}
	fail(sourceId, token, status = 401) {
		const url = `https://api.mapbox.com/v4/x/1/0/0.png?sku=1&access_token=${token}`;
		this.listeners.get("error")?.({type: "error", sourceId, error: {status, url}});
	}
	failStyle(token) {
		const url = `https://api.mapbox.com/styles/v1/mapbox/streets-v12?sdk=js&access_token=${token}`;
		this.listeners.get("error")?.({type: "error", error: {status: 401, url}});
	}
}

async function healing(t, script) {
	const all = setUp(t, script);
	const map = new FakeMap();
	const stop = heal(map, all.source);
	await all.settle();
	return {...all, map, stop};
}

test("a revoked token is replaced, and each failed source is reloaded once", async (t) => {
	const {world, mint, source, map} = await healing(t);
	for (let i = 0; i < 30; i++) map.fail(i % 2 ? "streets" : "terrain", "tk.1");
	map.fail("gone", "tk.1");
	await world.pass(3 * SECOND); // mapbox-gl remembers a failed tile that long
	assert.deepEqual(map.reloaded, []);
	await world.pass(SECOND);
	assert.equal(source.token, "tk.2");
	assert.deepEqual(map.reloaded, ["terrain", "streets"]);
	assert.equal(mint.requests.length, 2);
});

test("what fails again with the same token waits for the next one", async (t) => {
	const {world, mint, map} = await healing(t);
	map.fail("streets", "tk.1");
	await world.pass(4 * SECOND);
	for (let i = 0; i < 20; i++) {
		map.fail("streets", "tk.2"); // refused too
		await world.pass(SECOND);
	}
	assert.deepEqual(map.reloaded, ["streets"]);
	assert.equal(mint.requests.length, 2);
	await world.pass(60 * SECOND);
	assert.deepEqual(map.reloaded, ["streets", "streets"]);
	assert.equal(mint.requests.length, 3);
});

test("a late failure of an earlier token reloads with the present one", async (t) => {
	const {world, mint, map} = await healing(t);
	map.fail("streets", "tk.0");
	await world.pass(4 * SECOND);
	assert.deepEqual(map.reloaded, ["streets"]);
	assert.equal(mint.requests.length, 1);
});

test("a mint that returns the revoked token again makes no loop", async (t) => {
	const {world, mint, map} = await healing(t, [{expires_in: 900, token: "tk.same"}]);
	map.fail("streets", "tk.same");
	await world.pass(50 * SECOND);
	assert.deepEqual(map.reloaded, []);
	assert.equal(mint.requests.length, 2);
});

test("a style that failed at the start is set again", async (t) => {
	const {world, map} = await healing(t);
	map.failStyle("tk.pending");
	await world.pass(4 * SECOND);
	assert.deepEqual(map.reloaded, ["mapbox://styles/mapbox/streets-v12"]);
});

test("other failures are not ours", async (t) => {
	const {world, mint, map} = await healing(t);
	map.fail("streets", "tk.1", 404);
	map.listeners.get("error")({type: "error", error: new Error("WebGL")});
	map.listeners.get("error")({type: "error"});
	await world.pass(60 * SECOND);
	assert.deepEqual(map.reloaded, []);
	assert.equal(mint.requests.length, 1);
});

test("a map that was removed is left alone", async (t) => {
	const {world, map} = await healing(t, [ok]);
	map.fail("streets", "tk.1");
	map.remove();
	await world.pass(3600 * SECOND);
	assert.deepEqual(map.reloaded, []);
	assert.equal(map.listeners.size, 0);
	assert.equal(world.live.size, 0);
});

test("heal ends when it is told to", async (t) => {
	const {world, map, stop} = await healing(t);
	map.fail("streets", "tk.1");
	stop();
	stop();
	await world.pass(60 * SECOND);
	assert.deepEqual(map.reloaded, []);
	assert.equal(world.live.size, 0);
});
