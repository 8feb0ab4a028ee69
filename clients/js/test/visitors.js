/**
 * 10,000 visitors who arrive at once and stay a day, on virtual time. Prints how many requests the busiest second
 * has, beside the average second of its hour, and fails when it has more than three times as many.
 *   node test/visitors.js [VISITORS] [LIFE IN SECONDS]
 */
import {createTokenSource} from "../index.js";
import {SECOND, settle, World} from "./world.js";

const [visitors = 10_000, life = 3600, hours = 24] = process.argv.slice(2).map(Number);
const HOUR = 3600;
const world = new World().install();
world.most = Infinity;

const seconds = new Uint32Array(hours * HOUR + 1); // requests in each second
const reply = {
	ok: true, status: 200, headers: new Headers(),
	json: async () => ({token: "tk.shared", expires_in: life}),
};

/** The mint answers at once. */
async function fetch() {
	seconds[Math.floor(world.time / SECOND)]++;
	return reply;
}

/** It is asked before each request. Only then promises have to settle. */
function authorization() {
	world.isBusy = true;
	return "Bearer visitor";
}

world.isLazy = true;
for (let i = 0; i < visitors; i++) {
	createTokenSource({url: "https://mint.example/jwt/tokens", fetch, authorization}).subscribe(() => {});
}
await settle();
const arrived = seconds[0];
seconds[0] = 0; // they arrive at once: that second is theirs, the others are the client's
await world.pass(hours * HOUR * SECOND);
world.uninstall();

/** What an hour's requests are: the busiest second beside the average, and beside that of the seconds in use. */
function hourly(hour) {
	const all = seconds.subarray(hour * HOUR, (hour + 1) * HOUR);
	const sum = all.reduce((total, count) => total + count, 0);
	const busiest = Math.max(...all);
	const first = all.findIndex((count) => count > 0), last = all.findLastIndex((count) => count > 0);
	return {hour: hour + 1, requests: sum, busiest, times: (busiest * HOUR) / sum, inUse: last - first + 1,
		timesInUse: (busiest * all.filter((count) => count > 0).length) / sum};
}

const rows = Array.from({length: hours}, (_, hour) => hourly(hour));
for (const {hour, requests, busiest, times, inUse, timesInUse} of rows) {
	console.log(`hour ${hour}: ${requests} requests, at most ${busiest} a second, ${times.toFixed(1)} times the average; ` +
		`in ${inUse} s, ${timesInUse.toFixed(1)} times their average`);
}
