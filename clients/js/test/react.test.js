import assert from "node:assert/strict";
import {test} from "node:test";

import {act, createElement, StrictMode} from "react";
import {renderToString} from "react-dom/server";
import renderer from "react-test-renderer";

import {createTokenSource} from "../index.js";
import {useMapboxToken} from "../react.js";
import {ok, setUp} from "./setup.js";
import {SECOND} from "./world.js";

globalThis.IS_REACT_ACT_ENVIRONMENT = true;
console.error = () => {}; // React says that its test renderer is old

const Page = ({source}) => createElement("p", null, useMapboxToken(source) ?? "no token");
const strict = (source) => createElement(StrictMode, null, createElement(Page, {source}));

/** render mounts a page under StrictMode, which mounts each component twice. */
async function render(t, source) {
	let page;
	await act(async () => (page = renderer.create(strict(source))));
	const unmount = () => act(async () => page.unmount());
	t.after(unmount);
	return {
		text: () => page.toJSON().children[0],
		update: (other) => act(async () => page.update(strict(other))),
		unmount,
	};
}

test("a component under StrictMode shows each token, with one request each", async (t) => {
	const {world, mint, source, settle} = setUp(t);
	const page = await render(t, source);
	await act(settle);
	assert.equal(page.text(), "tk.1");
	assert.equal(mint.requests.length, 1);
	await act(() => world.pass(722 * SECOND));
	assert.equal(page.text(), "tk.2");
	assert.equal(mint.requests.length, 2);
	await page.unmount();
	assert.equal(world.live.size, 0);
	assert.equal(world.window.size + world.document.size, 0);
});

test("a module that is replaced (HMR) leaves nothing behind", async (t) => {
	const {world, mint, source, settle} = setUp(t);
	const page = await render(t, source);
	await act(settle);
	const next = createTokenSource({url: "https://mint.example/tokens", fetch: mint.fetchFor(1)});
	await page.update(next);
	await act(settle);
	assert.equal(page.text(), "tk.2");
	assert.equal(world.live.size, 1);
});

test("a component without a token says so when the token has ended", async (t) => {
	const {world, source, settle} = setUp(t, [ok, {error: true}]);
	const page = await render(t, source);
	await act(settle);
	await act(() => world.pass(900 * SECOND));
	assert.equal(page.text(), "no token");
});

test("server rendering shows no token and asks for nothing", async (t) => {
	const {world, mint, source} = setUp(t);
	await source.get(); // the server has a token of its own
	assert.equal(renderToString(createElement(Page, {source})), "<p>no token</p>");
	assert.equal(mint.requests.length, 1);
	assert.equal(world.live.size, 0);
});
