/** Runs one scenario against one client in a thread of its own, and says how it ended. */
import {parentPort, workerData} from "node:worker_threads";

import {runScenario, scenarios} from "./scenario.js";

const {client, name, seeds} = workerData;
const scenario = scenarios.find((row) => row.name == name);
let result = "passes";
try {
	const mutant = await import(client);
	for (const seed of seeds) await runScenario(mutant, scenario, seed);
} catch (error) {
	result = error.message;
}
parentPort.postMessage(result);
process.exit();
