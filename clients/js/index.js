/**
 * Keeps a page or a program supplied with a short-lived Mapbox token from a tokenmint mint.
 * Importing this module does nothing: no timer, request or listener. index.d.ts has the contract
 * of each exported name.
 *
 * @import {State, TokenSource, TokenSourceOptions, TokenErrorDetails} from "./index.js"
 * @import {Minted} from "./lib/ask.js"
 * @import {Moment} from "./lib/clock.js"
 * @typedef {{start: Moment, abort: AbortController}} Job one attempt: authorization, request and
 * reply
 * @typedef {{until: number, settle: (outcome: string | TokenError) => void}} Waiter a caller
 * that waits for a token; `until` is monotonic
 */
import {ask, checkUrl, usableLife} from "./lib/ask.js";
import {MINUTE, now, SECOND, since} from "./lib/clock.js";
import {reporter, TokenError} from "./lib/error.js";
import {listen} from "./lib/events.js";
import {attach, parseMapbox, withToken} from "./lib/map.js";

export {TokenError};

/** The longest timer. A long one can overflow, and a timer stands still while the device sleeps. */
const LONGEST_TIMER = 30 * SECOND;

/**
 * @param {string | URL | TokenSourceOptions} options
 * @returns {TokenSource}
 */
export function createTokenSource(options) {
	const settings = /** @type {TokenSourceOptions} */ (
		/** @type {any} */ (options)?.url ? options : {url: options}
	);
	const url = checkUrl(settings.url);
	const {timeout = 20 * SECOND, wait = MINUTE, hosts = [], onError} = settings;

	// Part of a life after which this source renews. It stays the same, so that visitors who came
	// together drift apart with each renewal. A new one each time would spread them more slowly.
	const renewalPoint = 0.7 + 0.1 * Math.random();

	/** @type {string | undefined} */
	let token;
	let issued = now(); // just before the request that brought the token
	let life = 0; // of the token since then, in ms, without the margin

	/** @type {Job | undefined} */
	let job;
	let asked = now(); // the next request is not due before `pause` has passed since this moment
	let pause = 0;
	let failures = 0; // in a row
	/** @type {TokenError & TokenErrorDetails | undefined} */
	let error;
	/** @type {TokenError | undefined} */
	let refusal; // is remembered until invalidate(), or for ever when the source is closed
	let isClosed = false;

	/** @type {ReturnType<typeof setTimeout> | undefined} */
	let timer;
	/** @type {Set<Waiter>} */
	const waiters = new Set();
	/** @type {Set<(state: State) => void>} */
	const listeners = new Set();
	const invalidated = new Set();
	/**
	 * Permanent tokens that were handed out. A temporary one is known by its "tk.".
	 * @type {Set<string>}
	 */
	const handedOut = new Set();
	const report = reporter(onError);
	const usable = () => (token && since(issued) < life ? token : undefined);
	const isWanted = () => waiters.size + listeners.size > 0;

	let state = /** @type {State} */ ({}); // snapshot() replaces it
	let told = state; // the last state that the listeners know

	/** The same object until something changes. */
	function snapshot() {
		const token = usable(); // once, because it can end at any moment
		const status = isClosed
			? "closed"
			: token
				? "ready"
				: refusal
					? "refused"
					: error
						? "offline"
						: job || isWanted()
							? "loading"
							: "idle";
		const isSame = status == state.status && token == state.token && error == state.error;
		return isSame ? state : (state = Object.freeze({status, token, error}));
	}

	/** look does what is due, and sets the one timer. */
	function look() {
		if (job && since(job.start) >= timeout) {
			fail(new TokenError("timeout", "no answer in time"));
		}
		if (isWanted() && !job && !refusal && since(asked) >= pause) attempt();
		settleWaiters();
		tellListeners();
		setTimer();
	}

	function settleWaiters() {
		for (const waiter of waiters) {
			const isOver = performance.now() >= waiter.until;
			const outcome =
				usable() ||
				refusal ||
				(isOver && new TokenError("wait_over", "no token in time", {cause: error}));
			if (outcome) waiter.settle(outcome);
		}
	}

	function tellListeners() {
		if (snapshot() == told) return;
		told = state;
		for (const listener of [...listeners]) listener(state);
	}

	function setTimer() {
		clearTimeout(timer);
		listen(isWanted(), wake);
		if (!isWanted()) return abandon();
		const delays = [LONGEST_TIMER];
		if (job) delays.push(timeout - since(job.start));
		else if (!refusal) delays.push(pause - since(asked));
		if (usable()) delays.push(life - since(issued));
		for (const {until} of waiters) delays.push(until - performance.now());
		timer = setTimeout(look, Math.min(...delays));
		/** @type {any} */ (timer).unref?.(); // in Node
	}

	/** wake looks again, and ends a pause after an attempt that brought no reply. */
	function wake() {
		if (error && !error.status) pause = 0;
		look();
	}

	/** attempt asks for a token once. Nothing that a replaced attempt brings counts. */
	function attempt() {
		const mine = (job = {start: now(), abort: new AbortController()});
		ask(settings, url, mine.abort.signal).then(
			(minted) => job == mine && accept(minted),
			(failure) => job == mine && fail(failure),
		);
	}

	/** @param {Minted} minted */
	function accept({token: value, life: whole, sent}) {
		if (invalidated.has(value)) {
			fail(new TokenError("token_refused", "the same token", {status: 200}));
			pause = MINUTE;
			return;
		}
		token = value;
		issued = asked = sent;
		life = usableLife(whole);
		value.startsWith("tk.") || handedOut.add(value);
		job = error = undefined;
		failures = 0;
		pause = Math.max(SECOND, whole * renewalPoint);
		look();
	}

	/** drop gives up the attempt under way. */
	function drop() {
		job?.abort.abort();
		job = undefined;
	}

	/**
	 * abandon gives up an attempt that nobody waits for any more, but for a renewal. It waits for a
	 * component that subscribes again at once, as React's StrictMode lets it do.
	 */
	async function abandon() {
		await 0;
		if (!isWanted() && !usable()) drop();
	}

	/** @param {TokenError & TokenErrorDetails} failure */
	function fail(failure) {
		drop();
		error = failure;
		asked = now();
		const backoff = SECOND + Math.random() * Math.min(MINUTE, 4 * SECOND * 2 ** failures++);
		pause = SECOND * (failure.retryAfter || 0) + backoff;
		// A repetition does not change these.
		const isRefusal =
			failure.code == "bad_url" || /^4(?!08|29)/.test(/** @type {any} */ (failure.status));
		if (isRefusal) refusal = failure;
		report(failure);
		look();
	}

	/**
	 * @param {{signal?: AbortSignal, until?: number}} [options] `until` is only for this module
	 * @returns {Promise<string>}
	 */
	function get({signal, until = performance.now() + wait} = {}) {
		return new Promise((resolve, reject) => {
			const abort = () => {
				waiter.settle(new TokenError("aborted", "aborted", {name: "AbortError"}));
				look();
			};
			const waiter = {
				until,
				/** @param {string | TokenError} outcome */
				settle(outcome) {
					waiters.delete(waiter);
					signal?.removeEventListener("abort", abort);
					typeof outcome == "string" ? resolve(outcome) : reject(outcome);
				},
			};
			if (signal?.aborted) return abort();
			signal?.addEventListener("abort", abort);
			waiters.add(waiter);
			look();
		});
	}

	/** @param {(state: State) => void} notify */
	function subscribe(notify) {
		/** A function of its own, so that one `notify` can subscribe twice. @param {State} state */
		const listener = async (state) => {
			try {
				await notify(state);
			} catch (cause) {
				report(new TokenError("listener_failed", "listener failed", {cause}));
			}
		};
		if (!isClosed) listeners.add(listener);
		look();
		return () => {
			listeners.delete(listener);
			look();
		};
	}

	/** @param {string} address */
	async function transformRequest(address) {
		const mapbox = parseMapbox(address, hosts, handedOut);
		return {url: mapbox ? withToken(mapbox, await get({until: Infinity})) : address};
	}

	/** @param {[string?]} values */
	function invalidate(...values) {
		if (isClosed || (values.length && (!token || values[0] != token))) return;
		// After 408, 429 and 5xx, nothing shortens the pause.
		const isTheirs = !refusal && /** @type {any} */ (error)?.status > 400;
		if (!isTheirs) pause = 0;
		if (values.length) {
			// The first one is replaced at once. If its successor fails too, there is no hurry.
			if (invalidated.size && since(issued) < MINUTE) pause = MINUTE;
			invalidated.add(token);
		} else {
			drop();
			failures = 0;
			refusal = undefined;
			if (!isTheirs) error = undefined;
		}
		token = undefined;
		look();
	}

	function close() {
		isClosed = true;
		drop();
		token = error = undefined;
		refusal = new TokenError("closed", "the source is closed");
		look();
		listeners.clear();
		look();
	}

	/** @type {TokenSource} */
	const source = {
		get token() {
			return usable();
		},
		get state() {
			return snapshot();
		},
		attach: (target) => attach(source, target, report),
		get,
		subscribe,
		transformRequest,
		invalidate,
		wake,
		close,
	};
	return source;
}
