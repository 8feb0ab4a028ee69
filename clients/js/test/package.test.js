/** What package.json and the workflow that publishes it promise. */
import assert from "node:assert/strict";
import {readdirSync, readFileSync} from "node:fs";
import {join} from "node:path";
import {test} from "node:test";
import {fileURLToPath} from "node:url";

const here = fileURLToPath(new URL("..", import.meta.url));
const read = (path) => readFileSync(join(here, path), "utf8");
const manifest = JSON.parse(read("package.json"));

test("the package has no dependency but React, which is optional", () => {
	assert.equal(manifest.dependencies, undefined);
	assert.equal(manifest.sideEffects, false);
	assert.deepEqual(Object.keys(manifest.peerDependencies), ["react"]);
	assert.equal(manifest.peerDependenciesMeta.react.optional, true);
});

test("each entry is a file of its name in the root, for bundlers that do not know `exports`", () => {
	for (const [entry, {types, default: file}] of Object.entries(manifest.exports)) {
		if (entry == "./package.json") continue;
		const name = entry == "." ? "./index" : entry;
		assert.deepEqual([types, file], [`${name}.d.ts`, `${name}.js`]);
		assert.ok(read(types) && read(file));
	}
	assert.equal(manifest.main, "./index.js");
});

test("the package contains each module that it imports, and no test", () => {
	const {files} = manifest;
	assert.ok(files.includes("lib") && !files.some((file) => file.startsWith("test")));
	for (const file of readdirSync(here).filter((name) => /\.(js|ts)$/.test(name))) {
		assert.ok(files.includes(file), `${file} is not in the package`);
	}
});

test("the lock file names no registry but npm's", () => {
	const addresses = read("package-lock.json").match(/"resolved": "[^"]+"/g) ?? [];
	assert.deepEqual(
		addresses.filter((line) => !line.includes("https://registry.npmjs.org/")),
		[],
	);
});

test("the workflow publishes with provenance, without a token of npm and without scripts", () => {
	const workflow = read("../../.github/workflows/npm.yml");
	assert.match(workflow, /npm publish --ignore-scripts --provenance --access public\n/);
	assert.match(workflow, /id-token: write/);
	assert.match(workflow, /\n {10}cp \.\.\/\.\.\/LICENSE \.\n/); // npm takes it along
	assert.match(workflow, /npm version --no-git-tag-version "\$\{GITHUB_REF_NAME#v\}"/);
	assert.doesNotMatch(workflow, /secrets\.|NODE_AUTH_TOKEN|npm (ci|install|run)/);
});
