import assert from "node:assert/strict";
import {test} from "node:test";

import {createTokenSource} from "../index.js";
import {codes, ok, refused, setUp} from "./setup.js";
import {SECOND} from "./world.js";

const STYLE = "https://api.mapbox.com/styles/v1/mapbox/streets-v12";

test("attach sets the token now and at each renewal, until detach", async (t) => {
	const {world, source, settle} = setUp(t);
	const mapboxgl = {accessToken: null, version: "3.32.0"};
	const detach = source.attach(mapboxgl);
	assert.equal(typeof detach, "function");
	assert.equal(mapboxgl.accessToken, "tk.pending"); // mapbox-gl throws without a token
	await settle();
	assert.equal(mapboxgl.accessToken, "tk.1");
	await world.pass(722 * SECOND);
	assert.equal(mapboxgl.accessToken, "tk.2");
	detach();
	await world.pass(7200 * SECOND);
	assert.equal(mapboxgl.accessToken, "tk.2");
	assert.equal(world.live.size, 0);
});

test("attach renews while the page is hidden", async (t) => {
	const {world, mint, source} = setUp(t);
	world.document.hidden = true;
	world.document.visibilityState = "hidden";
	source.attach({});
	await world.pass(3600 * SECOND);
	assert.ok(mint.requests.length >= 5, `${mint.requests.length} requests`);
});

test("attach keeps a token of the page until there is one of the mint", async (t) => {
	const {source, settle} = setUp(t);
	const mapboxgl = {accessToken: "pk.page"};
	source.attach(mapboxgl);
	assert.equal(mapboxgl.accessToken, "pk.page");
	await settle();
	assert.equal(mapboxgl.accessToken, "tk.1");
});

test("attach never sets an empty or an ended token", async (t) => {
	const {world, source} = setUp(t, [ok, refused]);
	const values = [];
	source.attach({
		set accessToken(value) {
			values.push(value);
		},
	});
	await world.pass(3600 * SECOND);
	source.close();
	assert.deepEqual([...new Set(values)], ["tk.pending", "tk.1"]);
});

test("attach takes the namespace of mapbox-gl/esm", async (t) => {
	const {source, settle} = setUp(t);
	const tokens = [];
	source.attach(Object.freeze({version: "3.32.0", setAccessToken: (token) => tokens.push(token)}));
	await settle();
	assert.equal(tokens.at(-1), "tk.1");
});

test("attach reports a namespace that is read-only", async (t) => {
	const {world, errors, source} = setUp(t);
	const namespace = await import("./namespace.js"); // as `import * as mapboxgl` makes it
	source.attach(namespace)();
	assert.deepEqual(codes(errors), ["read_only"]);
	assert.match(errors[0].message, /import mapboxgl from/);
	assert.equal(world.live.size, 0);
});

for (const [version, isOld] of Object.entries({
	"0.54.0": true,
	"1.13.3": true,
	"2.15.0": true,
	"3.0.0": true,
	"3.9.4": true,
	"3.25.1": true,
	"3.26.0": false,
	"3.32.0": false,
	"3.100.0": false,
	"4.0.0": false,
	"30.1.0": false,
})) {
	test(`attach ${isOld ? "reports" : "accepts"} mapbox-gl ${version}`, async (t) => {
		const {errors, source, settle} = setUp(t);
		const mapboxgl = {version};
		source.attach(mapboxgl);
		await settle();
		assert.equal(mapboxgl.accessToken, "tk.1");
		assert.deepEqual(codes(errors), isOld ? ["version"] : []);
	});
}

test("a second attach is an error, of the same source and of another", async (t) => {
	const {errors, source, settle} = setUp(t);
	const mapboxgl = {};
	const detach = source.attach(mapboxgl);
	const other = createTokenSource({
		url: "https://mint.example/tokens",
		onError: (error) => errors.push(error),
	});
	source.attach(mapboxgl)();
	other.attach(mapboxgl)();
	assert.deepEqual(codes(errors), ["attached", "attached"]);
	await settle();
	assert.equal(mapboxgl.accessToken, "tk.1");
	detach();
	detach();
	source.attach(mapboxgl)();
	assert.equal(errors.length, 2);
});

test("attach ends with the source, and another may follow", (t) => {
	const {errors, source} = setUp(t);
	const mapboxgl = {};
	source.attach(mapboxgl);
	source.close();
	createTokenSource("https://mint.example/tokens").attach(mapboxgl)();
	assert.deepEqual(errors, []);
});

test("transformRequest waits until a token is usable", async (t) => {
	const {world, source} = setUp(t, [{status: 503, json: {}}, ok]);
	let result;
	source
		.transformRequest(`${STYLE}?access_token=tk.pending`, "Style")
		.then((value) => (result = value));
	await world.pass(0.5 * SECOND);
	assert.equal(result, undefined);
	await world.pass(5 * SECOND);
	assert.deepEqual(result, {url: `${STYLE}?access_token=tk.2`});
});

test("transformRequest never passes on an ended token", async (t) => {
	const {world, source} = setUp(t);
	await source.get();
	world.sleep(3600 * SECOND);
	const {url} = await source.transformRequest(`${STYLE}?access_token=tk.1`);
	assert.equal(url, `${STYLE}?access_token=tk.2`);
});

test("transformRequest rejects after a refusal", async (t) => {
	const {source} = setUp(t, [refused]);
	await assert.rejects(source.transformRequest(STYLE), {
		code: "caller_not_allowed",
		status: 403,
		requestId: "r1",
	});
});

for (const [name, from, to] of [
	["adds the token", "https://api.mapbox.com/x", "https://api.mapbox.com/x?access_token=tk.1"],
	[
		"adds it behind others",
		"https://a.tiles.mapbox.com/x?sku=1",
		"https://a.tiles.mapbox.com/x?sku=1&access_token=tk.1",
	],
	[
		"replaces a tk.",
		"https://api.mapbox.cn/x?access_token=tk.0&sku=1",
		"https://api.mapbox.cn/x?sku=1&access_token=tk.1",
	],
	[
		"replaces an empty one",
		"https://api.mapbox.com/x?access_token=",
		"https://api.mapbox.com/x?access_token=tk.1",
	],
	[
		"keeps ?secure",
		"https://api.mapbox.com/v4/a,b.json?secure&access_token=tk.0",
		"https://api.mapbox.com/v4/a,b.json?secure&access_token=tk.1",
	],
	[
		"keeps the rest as it is",
		"https://api.mapbox.com/fonts/v1/mapbox/DIN%20Pro/0-255.pbf?my_access_token=1&access_token=tk.0",
		"https://api.mapbox.com/fonts/v1/mapbox/DIN%20Pro/0-255.pbf?my_access_token=1&access_token=tk.1",
	],
	["leaves another pk.", "https://api.mapbox.com/x?access_token=pk.other"],
	["leaves an sk.", "https://api.mapbox.com/x?access_token=sk.other"],
	["leaves other hosts", "https://tiles.example.com/x?access_token=tk.0"],
	["leaves mapbox.com.example.com", "https://api.mapbox.com.example.com/x"],
	["leaves evilmapbox.com", "https://evilmapbox.com/x"],
	["leaves a host behind user information", "https://api.mapbox.com@example.com/x"],
	["leaves a path that looks like a host", "https://example.com/api.mapbox.com/x"],
	["leaves data:", "data:image/png;base64,AAAA"],
	["leaves a relative address", "/sprites/x.png"],
	[
		"serves a host of the options",
		"http://127.0.0.1:8788/x",
		"http://127.0.0.1:8788/x?access_token=tk.1",
	],
]) {
	test(`transformRequest ${name}`, async (t) => {
		const {source} = setUp(t, [ok], {hosts: ["127.0.0.1:8788"]});
		assert.deepEqual(await source.transformRequest(from, "Tile"), {url: to ?? from});
	});
}

test("transformRequest replaces every permanent token that the source handed out", async (t) => {
	const {world, source} = setUp(t, [
		{expires_in: 900, token: "pk.one"},
		{expires_in: 900, token: "pk.two"},
	]);
	await source.get();
	world.sleep(900 * SECOND);
	const {url} = await source.transformRequest("https://api.mapbox.com/x?access_token=pk.one");
	assert.equal(url, "https://api.mapbox.com/x?access_token=pk.two");
});

test("transformRequest works without its source, behind one of the page", async (t) => {
	const {transformRequest} = setUp(t).source;
	const mine = async (url, type) => ({
		...(await transformRequest(url, type)),
		headers: {"x-page": "1"},
	});
	assert.deepEqual(await mine("https://api.mapbox.com/x", "Tile"), {
		url: "https://api.mapbox.com/x?access_token=tk.1",
		headers: {"x-page": "1"},
	});
});

test("attach of a closed source is an error and locks nothing", (t) => {
	const {errors, source} = setUp(t);
	const mapboxgl = {};
	source.close();
	source.attach(mapboxgl)();
	assert.deepEqual(codes(errors), ["closed"]);
	assert.deepEqual(mapboxgl, {});
	const next = createTokenSource("https://mint.example/tokens");
	next.attach(mapboxgl)();
	assert.equal(mapboxgl.accessToken, "tk.pending");
});

test("a detach that comes twice leaves a later attach alone", async (t) => {
	const {errors, source} = setUp(t);
	const mapboxgl = {};
	const detach = source.attach(mapboxgl);
	detach();
	source.attach(mapboxgl);
	detach();
	source.attach(mapboxgl);
	assert.deepEqual(codes(errors), ["attached"]);
});

test("transformRequest waits longer than get, but not after close", async (t) => {
	const {world, mint, source, settle} = setUp(t, [{error: true}]);
	const outcomes = [];
	const note = (outcome) => outcomes.push(outcome.url ?? outcome.code);
	source.transformRequest(`${STYLE}?access_token=tk.pending`).then(note, note);
	source.get().then(note, note);
	await world.pass(200 * SECOND);
	assert.deepEqual(outcomes, ["wait_over"]);
	mint.play([{expires_in: 900, token: "tk.back"}]);
	await world.pass(62 * SECOND);
	assert.deepEqual(outcomes, ["wait_over", `${STYLE}?access_token=tk.back`]);
	world.sleep(900 * SECOND);
	mint.play([{error: true}]);
	source.transformRequest(STYLE).then(note, note);
	await settle();
	source.close();
	await settle();
	assert.equal(outcomes.at(-1), "closed");
});

for (const [name, from, to] of [
	["leaves http", "http://api.mapbox.com/x?access_token=tk.0"],
	[
		"keeps a parameter with a similar name",
		"https://api.mapbox.com/x?x-access_token=1&access_token=tk.0",
		"https://api.mapbox.com/x?x-access_token=1&access_token=tk.1",
	],
	[
		"replaces each one",
		"https://api.mapbox.com/x?access_token=tk.0&access_token=tk.9&sku=1",
		"https://api.mapbox.com/x?sku=1&access_token=tk.1",
	],
	[
		"takes a host of the options in upper case",
		"https://tiles.example.com/x",
		"https://tiles.example.com/x?access_token=tk.1",
	],
]) {
	test(`transformRequest ${name}`, async (t) => {
		const {source} = setUp(t, [ok], {hosts: ["Tiles.Example.com"]});
		assert.deepEqual(await source.transformRequest(from, "Tile"), {url: to ?? from});
	});
}
