/**
 * Runs the JavaScript samples of the pages, as printed, but for the import of mapbox-gl: Node
 * cannot load it.
 */
import assert from "node:assert/strict";
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from "node:fs";
import {join} from "node:path";
import {test} from "node:test";
import {fileURLToPath} from "node:url";

import {createElement} from "react";
import {renderToString} from "react-dom/server";

import {setUp} from "./setup.js";

const here = fileURLToPath(new URL(".", import.meta.url));
const PAGES = [
	"../../../README.md",
	"../../../docs/clients.md",
	"../../../docs/deploy.md",
	"../README.md",
];

const samples = PAGES.flatMap((page) => {
	const text = readFileSync(join(here, page), "utf8");
	const ours = text.split(/^## Recipes/m)[0]; // the recipes run in a browser
	return [...ours.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => ({page, code}));
});

/** What a sample must do, by a text that only samples of this kind have. */
const kinds = {
	"new mapboxgl.Map": async ({mint, settle}) => {
		await settle();
		const {mapboxgl} = globalThis;
		assert.equal(mapboxgl.accessToken, "tk.1");
		assert.equal(
			mint.requests[0].init.method,
			mint.requests[0].url.includes("/public/") ? "GET" : "POST",
		);
		const url = "https://api.mapbox.com/v4/x.png?access_token=tk.pending";
		assert.deepEqual(await mapboxgl.options.transformRequest(url), {
			url: url.replace("pending", "1"),
		});
	},
	userJwt: async ({mint, source}) => {
		assert.equal(await source.get(), "tk.1");
		assert.equal(mint.requests[0].header, "Bearer jwt of false");
	},
	'credentials: "same-origin"': async ({mint, source}) => {
		assert.equal(await source.get(), "tk.1");
		assert.equal(mint.requests[0].url, "/custom/tokens");
		assert.equal(mint.requests[0].init.credentials, "same-origin");
	},
	AwsClient: async ({mint, token}) => {
		assert.equal(token, "tk.1");
		assert.match(mint.requests[0].signature, /^AWS4-HMAC-SHA256 /);
	},
	useMapboxToken: async ({Page, mint}) => {
		assert.equal(renderToString(createElement(Page)), "<p>loading</p>");
		assert.equal(mint.requests.length, 0);
	},
	"heal(map, source)": async () => {
		assert.deepEqual(globalThis.map.heard, ["error", "remove"]);
	},
	'"x-page"': async ({transformRequest}) => {
		const changed = await transformRequest("https://api.mapbox.com/x", "Tile");
		assert.deepEqual(changed, {
			url: "https://api.mapbox.com/x?access_token=tk.1",
			headers: {"x-page": "shop"},
		});
	},
};

/** What the page around a sample has. */
function globals({mint, source}) {
	const fetch = mint.fetchFor(0);
	const mapboxgl = {
		version: "3.32.0",
		Map: class {
			constructor(options) {
				mapboxgl.options = options;
			}
		},
	};
	return {
		mapboxgl,
		source,
		location: {},
		userJwt: async ({refresh}) => `jwt of ${refresh}`,
		map: {heard: [], on: (type) => map.heard.push(type), off() {}},
		credentials: {accessKeyId: "AKIDEXAMPLE", secretAccessKey: "example"},
		fetch: async (request, init) => {
			if (typeof request == "string") return fetch(request, init);
			const reply = fetch(request.url, {headers: {}, signal: request.signal}); // of aws4fetch
			mint.requests.at(-1).signature = request.headers.get("authorization");
			return reply;
		},
	};
}

function define(t, values) {
	for (const [name, value] of Object.entries(values)) {
		const before = Object.getOwnPropertyDescriptor(globalThis, name);
		Object.defineProperty(globalThis, name, {value, configurable: true, writable: true});
		t.after(() =>
			before ? Object.defineProperty(globalThis, name, before) : delete globalThis[name],
		);
	}
}

/**
 * load runs a sample as a module inside this package, so that `import "tokenmint"` is this
 * package.
 */
async function load(t, code) {
	const folder = mkdtempSync(join(here, "sample-"));
	t.after(() => rmSync(folder, {recursive: true}));
	const names = [...code.matchAll(/^const (source|token|transformRequest|stop)\b/gm)].map(
		([, name]) => name,
	);
	const text = code.replace('import mapboxgl from "mapbox-gl";\n', "") + `\nexport {${names}};\n`;
	writeFileSync(join(folder, "sample.mjs"), text);
	return import(join(folder, "sample.mjs"));
}

test("there are samples", () => {
	assert.ok(samples.length >= 10, `${samples.length} samples`);
	for (const kind of Object.keys(kinds))
		assert.ok(
			samples.some(({code}) => code.includes(kind)),
			kind,
		);
});

for (const [i, {page, code}] of samples.entries()) {
	test(`sample ${i + 1}, ${page}`, async (t) => {
		const kind = Object.keys(kinds).find((text) => code.includes(text));
		assert.ok(kind, `nothing runs this sample:\n${code}`);
		const all = setUp(t);
		define(t, globals(all));
		await kinds[kind]({...all, ...(await load(t, code))});
	});
}
