/**
 * Runs a scenario of clients/scenarios.json against the JavaScript client. clients/README.md has
 * the form.
 */
import assert from "node:assert/strict";
import {readFileSync} from "node:fs";

import {Mint} from "./mint.js";
import {SECOND, settle, World} from "./world.js";

const MINT_URL = "https://mint.example/tokens";
const table = JSON.parse(readFileSync(new URL("../../scenarios.json", import.meta.url), "utf8"));

/** The rows of the table for this client. */
export const scenarios = table.filter(({only = "js"}) => only == "js");

/** @param client the module index.js, or a mutant of it */
export async function runScenario(client, scenario, seed = 1) {
	const world = new World(seed).install();
	try {
		await new Run(client, scenario, world).steps(scenario.steps);
	} finally {
		world.uninstall();
	}
}

class Run {
	groups = new Map(); // name -> [{value, error, isSettled, abort}]
	refreshes = [];
	errors = [];
	asking = 0; // listeners that wait for a token

	constructor(client, scenario, world) {
		this.world = world;
		this.mint = new Mint(world, scenario.mint);
		this.authorization = scenario.authorization && [...scenario.authorization];
		const {url = MINT_URL, timeout, wait} = scenario.options ?? {};
		const scale = (seconds) => seconds && seconds * SECOND;
		this.create = (source) =>
			client.createTokenSource({
				url,
				timeout: scale(timeout),
				wait: scale(wait),
				fetch: this.mint.fetchFor(source),
				authorization: this.authorization && ((asked) => this.authorize(asked)),
				onError: (error) => this.errors.push(error),
			});
		this.sources = [];
		if (scenario.steps[0].create) return;
		for (let i = 0; i < (scenario.sources ?? 1); i++) this.sources.push(this.create(i));
	}

	async steps(steps) {
		for (const [i, step] of steps.entries()) {
			if ((step.only ?? "js") != "js") continue;
			try {
				await this.step(step);
			} catch (error) {
				error.message = `step ${i} ${JSON.stringify(step)}: ${error.message}`;
				throw error;
			}
		}
	}

	async step(step) {
		const [verb] = Object.keys(step);
		await verbs[verb].call(this, step[verb], step);
		await settle();
		this.check();
	}

	/** check holds the two rules of clients/README.md, and that each source has one timer at most. */
	check() {
		const open = this.mint.requests.filter((request) => request.open).map(({source}) => source);
		assert.equal(new Set(open).size, open.length, "a source has two open requests");
		assert.ok(this.world.live.size <= this.sources.length, `${this.world.live.size} timers`);
		for (const {token} of this.sources) {
			this.checkToken(token);
			assert.ok(!token || this.asking == 0, "a listener waits although there is a token");
		}
	}

	checkToken(token) {
		const end = this.mint.ends.get(token);
		assert.ok(token === undefined || this.world.time < end, `${token} has ended`);
	}

	async authorize({refresh}) {
		this.refreshes.push(refresh);
		const value =
			this.authorization.length > 1 ? this.authorization.shift() : this.authorization[0];
		if (value?.throws) throw new Error("no session");
		if (value?.hangs) await new Promise(() => {});
		return value;
	}

	call(name) {
		const aborted = new AbortController();
		const caller = {abort: () => aborted.abort()};
		const settled = (key) => (value) => {
			Object.assign(caller, {isSettled: true, [key]: value});
			if (key == "token") this.checkToken(value);
		};
		for (const source of this.sources) {
			source.get({signal: aborted.signal}).then(settled("token"), settled("error"));
		}
		if (!this.groups.has(name)) this.groups.set(name, []);
		this.groups.get(name).push(caller);
	}

	listen(onState) {
		for (const source of this.sources) source.subscribe(() => onState(source));
	}

	want(name, {token, code, status, cause, pending}) {
		for (const caller of this.groups.get(name)) {
			assert.equal(caller.isSettled ?? false, !pending, pending ? "settled" : "still pending");
			if (pending) continue;
			if (code) {
				assert.equal(caller.token, undefined);
				assert.equal(caller.error.name, code == "aborted" ? "AbortError" : "TokenError");
			}
			assert.equal(caller.error?.code, code);
			assert.equal(caller.token, token);
			if (status) assert.equal(caller.error.status, status);
			if (cause) assert.equal(caller.error.cause.code, cause);
		}
	}
}

const within = (got, want) => {
	const [least, most] = [want].flat();
	assert.ok(got >= least && got <= (most ?? least), `${got}, want ${want}`);
};

/** What each kind of step does, with the Run as `this`. */
const verbs = {
	create({code}) {
		assert.throws(() => this.create(0), {code});
	},
	call(name, {times = 1}) {
		for (let i = 0; i < times; i++) this.call(name);
	},
	cancel(name) {
		for (const caller of this.groups.get(name)) caller.abort();
	},
	watch() {
		this.listen(() => {});
	},
	listener(kind) {
		this.listen((source) => {
			if (kind == "throws") throw new Error("a fault of the listener");
			this.asking++;
			source
				.get()
				.then(
					(token) => this.checkToken(token),
					() => {},
				)
				.finally(() => this.asking--);
		});
	},
	pass(seconds) {
		return this.world.pass(seconds * SECOND);
	},
	sleep(seconds) {
		this.world.sleep(seconds * SECOND);
	},
	clock(seconds) {
		this.world.skew += seconds * SECOND;
	},
	wake() {
		this.world.document.fire("visibilitychange");
		this.world.window.fire("focus");
		this.world.window.fire("online");
		for (const source of this.sources) source.wake();
	},
	close() {
		for (const source of this.sources) source.close();
	},
	invalidate(token) {
		for (const source of this.sources)
			token === null ? source.invalidate() : source.invalidate(token);
	},
	mint(script) {
		this.mint.play(script);
	},
	want(name, wanted) {
		this.want(name, wanted);
	},
	requests(wanted) {
		within(this.mint.requests.length, wanted);
	},
	gap(wanted) {
		const [before, last] = this.mint.requests.slice(-2);
		within((last.at - before.at) / SECOND, wanted);
	},
	refreshes(wanted) {
		assert.deepEqual(this.refreshes, wanted);
	},
	sent(wanted) {
		assert.deepEqual(
			this.mint.requests.map(({header}) => header),
			wanted,
		);
	},
	async repeat(times, {steps}) {
		for (let i = 0; i < times; i++) await this.steps(steps);
	},
};
