/** Faults of the page around a source: its fetch, its options, its listeners. */
import assert from "node:assert/strict";
import {test} from "node:test";

import {createTokenSource, TokenError} from "../index.js";
import {codes, ok, setUp} from "./setup.js";
import {SECOND} from "./world.js";

test("the fetch of React Native gets no `cache`", async (t) => {
	const {mint, source} = setUp(t);
	const before = globalThis.fetch;
	t.after(() => (globalThis.fetch = before));
	// whatwg-fetch adds `?_=<ms>` for "no-store".
	globalThis.fetch = Object.assign(() => {}, {polyfill: true});
	await source.get();
	assert.equal(mint.requests[0].init.cache, undefined);
});

test("bad_url does not print a password", () => {
	assert.throws(
		() => createTokenSource("https://user:hush@mint.example/tokens"),
		(error) => error.code == "bad_url" && !/hush/.test(error.message + error.stack),
	);
});

for (const [name, reply] of Object.entries({
	nothing: undefined,
	"an answer of axios": {status: 200, data: {token: "tk.1", expires_in: 900}},
	"an answer without headers": {status: 200, ok: true, json: async () => ({}), headers: {}},
})) {
	test(`a fetch that returns ${name} is a failure`, async (t) => {
		const {errors, source} = setUp(t, [ok], {wait: SECOND, fetch: async () => reply});
		source.subscribe(() => {});
		await new Promise((resolve) => setImmediate(resolve));
		assert.ok(errors[0] instanceof TokenError);
		assert.ok(["network", "bad_reply"].includes(errors[0].code), errors[0].code);
		assert.equal(source.state.status, "offline");
	});
}

test("an authorization that is an empty string sends nothing", async (t) => {
	const {mint, errors, source, settle} = setUp(t, [ok], {authorization: ""});
	source.subscribe(() => {});
	await settle();
	assert.deepEqual(codes(errors), ["authorization_failed"]);
	assert.equal(mint.requests.length, 0);
});

for (const [name, listener] of Object.entries({
	"throws a symbol": () => {
		throw Symbol("s");
	},
	"throws an object without a prototype": () => {
		throw Object.create(null);
	},
	rejects: async () => {
		throw new Error("a fault of the page");
	},
})) {
	test(`a listener that ${name} is reported and ends nothing`, async (t) => {
		const {world, errors, source} = setUp(t, [{error: true}, ok]);
		source.subscribe(listener);
		await world.pass(6 * SECOND);
		assert.equal(source.token, "tk.2");
		assert.deepEqual([...new Set(codes(errors))].sort(), ["listener_failed", "network"]);
	});
}

test("an onError that rejects does not end the process", async (t) => {
	const {world, source} = setUp(t, [{error: true}, ok], {
		async onError() {
			throw new Error("a fault of the page");
		},
	});
	source.subscribe(() => {});
	await world.pass(6 * SECOND);
	assert.equal(source.token, "tk.2");
});

test("a token that ends while it is handed out is never empty", async (t) => {
	const {world, source} = setUp(t);
	await source.get();
	const {now} = performance;
	let calls = 0;
	// The clock reaches the end of the token between two looks at it.
	t.mock.method(performance, "now", () => now() + (calls++ % 2 ? 900 * SECOND : 0));
	const got = source.get();
	const {status, token} = source.state;
	assert.equal(status == "ready", token != undefined);
	t.mock.restoreAll();
	await world.pass(SECOND);
	assert.match(await got, /^tk\./);
});
