import assert from "node:assert/strict";
import {test} from "node:test";

import {createTokenSource, TokenError} from "../index.js";
import {codes, ok, refused, setUp} from "./setup.js";
import {SECOND} from "./world.js";

test("without listeners or waiters there is no timer, request or event listener", async (t) => {
	const {world, mint, source, settle} = setUp(t);
	const isQuiet = () => world.live.size + world.window.size + world.document.size == 0;
	await world.pass(3600 * SECOND);
	assert.ok(isQuiet());
	assert.equal(mint.requests.length, 0);
	await source.get();
	assert.ok(isQuiet());
	const unsubscribe = source.subscribe(() => {});
	await settle();
	assert.equal(world.live.size, 1);
	assert.equal(world.window.size + world.document.size, 3);
	unsubscribe();
	assert.ok(isQuiet());
	await world.pass(7200 * SECOND);
	assert.equal(mint.requests.length, 1);
});

test("timers are unref'd in Node", async (t) => {
	const {world, source} = setUp(t);
	source.subscribe(() => {});
	await world.pass(60 * SECOND);
	assert.ok(world.unrefs >= 2);
	for (const timer of world.live) assert.ok(timer.isUnrefd);
});

for (const [type, target] of [
	["visibilitychange", "document"],
	["focus", "window"],
	["online", "window"],
]) {
	test(`${type} ends the pause after a network error`, async (t) => {
		const {world, source} = setUp(t, [
			{error: true},
			{error: true},
			{error: true},
			{error: true},
			ok,
		]);
		source.subscribe(() => {});
		while (source.token === undefined) {
			await world.pass(1.001 * SECOND);
			world[target].fire(type);
			await world.pass(0);
			await new Promise((resolve) => setImmediate(resolve));
			assert.ok(world.time < 8 * SECOND, "the event does not wake the source");
		}
	});
}

test("the state is immutable, and the same until something changes", async (t) => {
	const {world, source, settle} = setUp(t, [ok, {error: true}]);
	const seen = [];
	assert.deepEqual(source.state, {status: "idle", token: undefined, error: undefined});
	assert.equal(source.state, source.state);
	source.subscribe((state) => seen.push(state));
	await settle();
	await world.pass(600 * SECOND);
	assert.deepEqual(
		seen.map(({status, token}) => [status, token]),
		[
			["loading", undefined],
			["ready", "tk.1"],
		],
	);
	assert.throws(() => (seen[1].token = "tk.other"), TypeError);
	await world.pass(400 * SECOND);
	assert.equal(seen.at(-1).status, "offline");
	assert.equal(seen.at(-1).error.code, "network");
	source.close();
	assert.deepEqual(seen.at(-1), {status: "closed", token: undefined, error: undefined});
});

test("a refusal is a state", async (t) => {
	const {source, settle} = setUp(t, [refused]);
	source.subscribe(() => {});
	await settle();
	assert.equal(source.state.status, "refused");
	const {error} = source.state;
	assert.ok(error instanceof TokenError && error instanceof Error);
	assert.deepEqual(
		[error.name, error.status, error.code, error.requestId, error.message],
		["TokenError", 403, "caller_not_allowed", "r1", "no"],
	);
});

test("errors of listeners go to onError, and other listeners still hear", async (t) => {
	const {errors, source, settle} = setUp(t);
	const heard = [];
	source.subscribe(() => {
		throw new Error("a fault of the page");
	});
	const hear = (state) => heard.push(state.status);
	source.subscribe(hear);
	source.subscribe(hear)();
	await settle();
	assert.ok(heard.includes("ready"));
	assert.deepEqual([...new Set(codes(errors))], ["listener_failed"]);
	assert.equal(errors[0].cause.message, "a fault of the page");
});

test("an onError that throws ends nothing", async (t) => {
	const {world, source} = setUp(t, [{error: true}, ok], {
		onError() {
			throw new Error("a fault of the page");
		},
	});
	source.subscribe(() => {});
	await world.pass(6 * SECOND);
	assert.equal(source.token, "tk.2");
});

test("without onError the console shows the first of each code, with a hint", async (t) => {
	const script = [{error: true}, {error: true}, {status: 404, json: {message: "Not Found"}}];
	const {world, source} = setUp(t, script, {onError: undefined});
	source.subscribe(() => {});
	await world.pass(60 * SECOND);
	assert.equal(world.warnings.length, 2);
	assert.match(world.warnings[0], /^tokenmint: no answer from https:.*PublicOrigins.*\(network\)$/);
	assert.match(world.warnings[1], /^tokenmint: Not Found: is url a complete route\? \(http_404\)$/);
});

for (const [url, options, method, body] of [
	["https://mint.example/public/tokens/public-map", {profile: "ignored"}, "GET", undefined],
	["https://mint.example/jwt/tokens", {}, "POST", "{}"],
	[
		"https://mint.example/tokens",
		{profile: "web", scopes: ["styles:read"], ttl: "15m"},
		"POST",
		'{"scopes":["styles:read"],"profile":"web","ttl":"15m"}',
	],
	["https://mint.example/other", {method: "GET"}, "GET", undefined],
]) {
	test(`a request to ${url} with ${JSON.stringify(options)}`, async (t) => {
		const {mint, source} = setUp(t, [ok], {
			url,
			credentials: "include",
			authorization: "Bearer x",
			...options,
		});
		await source.get();
		const [{url: sent, init}] = mint.requests;
		const type = body && {"content-type": "application/json"};
		assert.equal(sent, url);
		assert.deepEqual(
			[init.method, init.body, init.cache, init.credentials],
			[method, body, "no-store", "include"],
		);
		assert.deepEqual(init.headers, {authorization: "Bearer x", ...type});
	});
}

test("the address alone is enough, as text or as URL", async (t) => {
	const {world, mint} = setUp(t);
	const before = globalThis.fetch;
	globalThis.fetch = mint.fetchFor(1);
	t.after(() => (globalThis.fetch = before));
	const address = "https://mint.example/public/tokens/public-map";
	assert.equal(await createTokenSource(address).get(), "tk.1");
	assert.equal(await createTokenSource(new URL(address)).get(), "tk.2");
	assert.equal(world.live.size, 0);
});

for (const url of [
	undefined,
	null,
	7,
	{},
	{profile: "web"},
	"mint.example/tokens",
	"javascript:alert(1)",
]) {
	test(`createTokenSource(${JSON.stringify(url)}) throws`, () => {
		assert.throws(() => createTokenSource(url), {name: "TokenError", code: "bad_url"});
	});
}

test("a path needs a page, and asks for nothing without one", async (t) => {
	const {mint, source} = setUp(t, [ok], {url: "/custom/tokens"});
	await assert.rejects(source.get(), {code: "bad_url"});
	assert.equal(mint.requests.length, 0);
	assert.equal(source.state.status, "refused");
	globalThis.location = {};
	t.after(() => delete globalThis.location);
	source.invalidate();
	assert.equal(await source.get(), "tk.1");
});

test("a signal that is aborted already", async (t) => {
	const {mint, source} = setUp(t);
	await assert.rejects(source.get({signal: AbortSignal.abort()}), {
		name: "AbortError",
		code: "aborted",
	});
	assert.equal(mint.requests.length, 0);
});

test("of a signal only `aborted` and the event are used", async (t) => {
	const {source, world} = setUp(t, [{silence: true}]);
	const signal = new EventTarget(); // as React Native has it
	signal.aborted = false;
	const got = assert.rejects(source.get({signal}), {name: "AbortError"});
	signal.dispatchEvent(new Event("abort"));
	await got;
	assert.equal(world.live.size, 0);
});

test("a request that nobody waits for any more is given up, but not a renewal", async (t) => {
	const {world, mint, source, settle} = setUp(t, [{silence: true}]);
	const caller = new AbortController();
	const got = assert.rejects(source.get({signal: caller.signal}), {code: "aborted"});
	await settle();
	caller.abort();
	await got;
	await settle();
	assert.equal(mint.requests[0].open, false);
	mint.play([{expires_in: 900}, {silence: true}]);
	assert.equal(await source.get(), "tk.2");
	await world.pass(800 * SECOND);
	assert.equal(await source.get(), "tk.2"); // asks for the next one
	await settle();
	assert.equal(mint.requests.length, 3);
	assert.equal(mint.requests[2].open, true);
	assert.equal(world.live.size, 0);
});

test("invalidate(undefined) invalidates nothing", async (t) => {
	const {source, mint} = setUp(t);
	await source.get();
	source.invalidate(undefined);
	assert.equal(await source.get(), "tk.1");
	assert.equal(mint.requests.length, 1);
});

test("a cookie of another user: what was under way does not count", async (t) => {
	const {world, source} = setUp(t, [
		{expires_in: 900, after: 5, token: "tk.ann"},
		{expires_in: 900, token: "tk.bob"},
	]);
	const got = source.get();
	await world.pass(SECOND);
	source.invalidate();
	assert.equal(await got, "tk.bob");
	await world.pass(10 * SECOND);
	assert.equal(source.token, "tk.bob");
});

test("importing does nothing", async (t) => {
	const {world} = setUp(t);
	await import("../index.js?again");
	await import("../heal.js?again");
	assert.equal(world.live.size + world.window.size + world.document.size, 0);
});
