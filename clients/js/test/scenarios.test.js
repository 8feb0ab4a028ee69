import {test} from "node:test";

import * as client from "../index.js";
import {runScenario, scenarios} from "./scenario.js";

for (const scenario of scenarios) {
	for (const seed of [1, 2, 3]) {
		test(`${scenario.name} (seed ${seed})`, () => runScenario(client, scenario, seed));
	}
}
