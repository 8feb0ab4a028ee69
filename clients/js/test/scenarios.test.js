import {readFileSync} from "node:fs";
import {test} from "node:test";

import * as client from "../index.js";
import {runScenario} from "./scenario.js";

const scenarios = JSON.parse(readFileSync(new URL("../../scenarios.json", import.meta.url), "utf8"));

for (const scenario of scenarios) {
	if ((scenario.only ?? "js") != "js") continue;
	for (const seed of [1, 2, 3]) {
		test(`${scenario.name} (seed ${seed})`, () => runScenario(client, scenario, seed));
	}
}
