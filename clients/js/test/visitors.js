/**
 * 10,000 visitors who arrive in one second and stay, on virtual time, with tokens of 15 minutes.
 * Prints how many requests each hour and its busiest second have.
 *
 *   node test/visitors.js [HOURS]
 *
 * Renewals are spread over a tenth of the life, and come back after three quarters of it. So the
 * busiest second of the first hour has at least 7.5 times the average, whatever a client does. The
 * test holds the client to that spread, and to three times the average from hour FORGOTTEN on.
 */
import {createTokenSource} from "../index.js";
import {SECOND, settle, World} from "./world.js";

const VISITORS = 10_000;
const LIFE = 900;
const HOUR = 3600;
/** From this hour on, the renewals no longer show that the visitors came together. */
const FORGOTTEN = 2;
/** The most requests in a second when the first renewals are spread evenly, and half as many more. */
const EVEN = (1.5 * VISITORS) / (0.1 * LIFE);

const hours = Number(process.argv[2] ?? 24);
const world = new World().install();
world.most = Infinity;
const seconds = new Uint32Array(hours * HOUR + 1); // requests in each second

const reply = {
	ok: true,
	status: 200,
	headers: new Headers(),
	json: async () => ({token: "tk.shared", expires_in: LIFE}),
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
const url = "https://mint.example/jwt/tokens";
for (let i = 0; i < VISITORS; i++) {
	createTokenSource({url, fetch, authorization}).subscribe(() => {});
}
await settle();
seconds[0] = 0; // the arrival is the visitors' own; what follows is the client's

for (let hour = 1; hour <= hours; hour++) {
	await world.pass(HOUR * SECOND);
	const all = seconds.subarray((hour - 1) * HOUR, hour * HOUR);
	const sum = all.reduce((total, count) => total + count, 0);
	const busiest = Math.max(...all);
	const times = (busiest * HOUR) / sum;
	console.log(
		`hour ${hour}: ${sum} requests, at most ${busiest} in a second, ` +
			`${times.toFixed(1)} times the average`,
	);
	const isSpread = hour < FORGOTTEN ? busiest <= EVEN : times <= 3;
	if (!isSpread) process.exitCode = 1;
}
world.uninstall();
