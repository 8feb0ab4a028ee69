/**
 * Each fault of test/mutants.js makes its scenario fail, and each fault of the table has a mutant.
 */
import assert from "node:assert/strict";
import {cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {test} from "node:test";
import {fileURLToPath} from "node:url";
import {Worker} from "node:worker_threads";

import {mutants} from "./mutants.js";
import {scenarios} from "./scenario.js";

const here = fileURLToPath(new URL("..", import.meta.url));
const SEEDS = [1, 2, 3];

/** copyOf has the client in a folder of its own, with this text replaced. */
function copyOf(t, {file, from, to}) {
	const folder = mkdtempSync(join(tmpdir(), "mutant-"));
	t.after(() => rmSync(folder, {recursive: true}));
	for (const name of ["index.js", "lib", "package.json"])
		cpSync(join(here, name), join(folder, name), {recursive: true});
	const text = readFileSync(join(here, file), "utf8");
	assert.equal(text.split(from).length, 2, `${file} has ${JSON.stringify(from)} exactly once`);
	writeFileSync(
		join(folder, file),
		text.replace(from, () => to),
	);
	return join(folder, "index.js");
}

/** outcome is "passes", or how the scenario failed. A client that loops for ever fails too. */
function outcome(client, name) {
	return new Promise((resolve) => {
		const worker = new Worker(new URL("./mutant.js", import.meta.url), {
			workerData: {client, name, seeds: SEEDS},
		});
		const late = setTimeout(() => {
			resolve("hangs");
			worker.terminate();
		}, 20_000);
		worker
			.once("message", resolve)
			.once("error", resolve)
			.once("exit", () => {
				clearTimeout(late);
				resolve("ends without a result");
			});
	});
}

test("each fault has a mutant", () => {
	const missing = scenarios.filter(
		({name, fault}) => fault && !mutants.some(({scenario}) => scenario == name),
	);
	assert.deepEqual(
		missing.map(({name}) => name),
		[],
	);
});

test("mutants", {concurrency: 2}, async (t) => {
	const runs = mutants.map((mutant) =>
		t.test(`${mutant.scenario}: ${mutant.from}`, async (t) => {
			assert.ok(
				scenarios.some(({name}) => name == mutant.scenario),
				"there is no such scenario",
			);
			assert.notEqual(await outcome(copyOf(t, mutant), mutant.scenario), "passes");
		}),
	);
	await Promise.all(runs);
});
