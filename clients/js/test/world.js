/**
 * A device under virtual time: its two clocks, its timers, its events and the mint. One clock
 * stands still in sleep, and the other can be set. install() puts them into the globals that the
 * client uses.
 */
import {Heap} from "./heap.js";

const real = {setImmediate, Date, performance};
export const SECOND = 1000;

/** settle lets everything run that waits for no timer. */
export const settle = () => new Promise((resolve) => real.setImmediate(resolve));

/** Events has the listeners of a page, so that a test can count them. */
class Events {
	listeners = new Map();
	addEventListener = (type, listener) => {
		this.of(type).add(listener);
	};
	removeEventListener = (type, listener) => {
		this.of(type).delete(listener);
	};
	of(type) {
		if (!this.listeners.has(type)) this.listeners.set(type, new Set());
		return this.listeners.get(type);
	}
	fire(type) {
		for (const listener of [...this.of(type)]) listener({type});
	}
	get size() {
		return [...this.listeners.values()].reduce((sum, set) => sum + set.size, 0);
	}
}

export class World {
	time = 0; // the true one, in ms
	slept = 0;
	skew = 0; // of the wall clock
	queue = new Heap(); // {at, run}, by the monotonic clock
	steps = 0;
	most = 1e5;
	live = new Set(); // timers of the client that are set
	unrefs = 0;
	window = new Events();
	document = new Events();
	warnings = [];
	#undo = [];

	constructor(seed = 1) {
		this.seed = seed;
	}

	install() {
		this.#set(globalThis, "document", this.document);
		this.#set(globalThis, "addEventListener", this.window.addEventListener);
		this.#set(globalThis, "removeEventListener", this.window.removeEventListener);
		this.#set(globalThis, "setTimeout", (run, ms) => this.#setTimeout(run, ms));
		this.#set(globalThis, "clearTimeout", (timer) => this.live.delete(timer));
		this.#set(performance, "now", () => this.time - this.slept);
		this.#set(Date, "now", () => 1.8e12 + this.time + this.skew);
		this.#set(Math, "random", () => this.#random());
		this.#set(console, "warn", (text) => this.warnings.push(text));
		return this;
	}

	uninstall() {
		for (const undo of this.#undo.reverse()) undo();
	}

	#set(target, name, value) {
		const before = Object.getOwnPropertyDescriptor(target, name);
		this.#undo.push(() => {
			if (before) Object.defineProperty(target, name, before);
			else delete target[name];
		});
		Object.defineProperty(target, name, {value, configurable: true, writable: true});
	}

	#setTimeout(run, ms) {
		if (!(ms >= 1 && ms < 2 ** 31)) ms = 1; // as browsers do, also when it overflows
		const timer = this.after(ms, run);
		this.live.add(timer);
		timer.unref = () => {
			timer.isUnrefd = true;
			this.unrefs++;
		};
		return timer;
	}

	/** after runs a function that is no timer of the client. */
	after(ms, run) {
		const entry = {at: this.time - this.slept + ms, run};
		this.queue.push(entry);
		return entry;
	}

	#random() {
		// xorshift, so that a failure can be seen again
		let x = this.seed;
		x ^= x << 13;
		x ^= x >>> 17;
		x ^= x << 5;
		this.seed = x;
		return (x >>> 0) / 2 ** 32;
	}

	/** pass lets this time pass, awake. Promises settle after each moment at which something ran. */
	async pass(ms) {
		await settle();
		const end = this.time + ms;
		for (;;) {
			const next = this.queue.peek();
			if (!next || next.at + this.slept > end) break;
			this.queue.pop();
			if (next.unref && !this.live.delete(next)) continue;
			if (++this.steps > this.most) process.exit(1); // it loops, and only this can stop it
			this.time = Math.max(this.time, next.at + this.slept);
			this.isBusy = !this.isLazy;
			next.run();
			if (this.isBusy) await settle();
		}
		this.time = end;
	}

	/** sleep lets time pass while timers and the monotonic clock stand still. */
	sleep(ms) {
		this.time += ms;
		this.slept += ms;
	}
}
