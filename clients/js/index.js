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
 * @typedef {{until: number, settle: (error?: TokenError) => void}} Waiter a pending get(); `until`
 * is monotonic
 */
import {ask, checkUrl, usableLife} from "./lib/ask.js";
import {MINUTE, now, SECOND, since} from "./lib/clock.js";
import {isRefusal, reporter, TokenError} from "./lib/error.js";
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
	let isServersPause = false; // the mint asked for the pause, so nothing may shorten it
	let failures = 0; // in a row
	/** @type {TokenError | undefined} */
	let error;
	/** @type {TokenError | undefined} */
	let refusal; // is remembered until invalidate(), or for ever when the source is closed
	let isClosed = false;

	/** @type {ReturnType<typeof setTimeout> | undefined} */
	let timer;
	let isListening = false;
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
	let told = snapshot(); // the last state that the listeners know

	/** @returns {State["status"]} */
	function status() {
		if (isClosed) return "closed";
		if (usable()) return "ready";
		if (refusal) return "refused";
		if (error) return "offline";
		return job || isWanted() ? "loading" : "idle";
	}

	/** The same object until something changes. */
	function snapshot() {
		const next = {status: status(), token: usable(), error};
		const isSame = next.status == state.status && next.token == state.token && error == state.error;
		if (!isSame) state = Object.freeze(next);
		return state;
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
			if (usable()) waiter.settle();
			else if (refusal) waiter.settle(refusal);
			else if (isOver) {
				waiter.settle(new TokenError("wait_over", "no token in time", {cause: error}));
			}
		}
	}

	function tellListeners() {
		if (snapshot() == told) return;
		told = state;
		for (const listener of [...listeners]) {
			try {
				listener(state);
			} catch (cause) {
				report(new TokenError("listener_failed", "a listener threw " + cause, {cause}));
			}
		}
	}

	function setTimer() {
		clearTimeout(timer);
		if (isListening != isWanted()) listen((isListening = isWanted()), wake);
		const delays = [LONGEST_TIMER];
		if (job) delays.push(timeout - since(job.start));
		else if (!refusal) delays.push(pause - since(asked));
		if (usable()) delays.push(life - since(issued));
		const [oldest] = waiters;
		if (oldest) delays.push(oldest.until - performance.now());
		if (!isWanted()) return abandon();
		timer = setTimeout(look, Math.min(...delays));
		/** @type {any} */ (timer).unref?.(); // in Node
	}

	/** wake looks again, and ends a pause that the mint did not ask for. */
	function wake() {
		if (error && !isServersPause) pause = Math.min(pause, SECOND);
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
			const details = {status: 200, pause: MINUTE};
			return fail(new TokenError("token_refused", "the mint returned it again", details));
		}
		token = value;
		issued = asked = sent;
		life = usableLife(whole);
		value.startsWith("tk.") || handedOut.add(value);
		job = error = undefined;
		isServersPause = false;
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
		pause = failure.pause || SECOND * (failure.retryAfter || 0) + backoff;
		if (isRefusal(failure)) refusal = failure;
		isServersPause = !refusal && !!failure.status;
		report(failure);
		look();
	}

	/** @param {{signal?: AbortSignal}} [options] @returns {Promise<string>} */
	function get({signal} = {}) {
		return new Promise((resolve, reject) => {
			const abort = () => {
				waiter.settle(new TokenError("aborted", "the caller aborted", {name: "AbortError"}));
				look();
			};
			const waiter = {
				until: performance.now() + wait,
				/** @param {TokenError} [failure] */
				settle(failure) {
					waiters.delete(waiter);
					signal?.removeEventListener("abort", abort);
					failure ? reject(failure) : resolve(/** @type {string} */ (usable()));
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
		const listener = (state) => notify(state);
		if (!isClosed) listeners.add(listener);
		look();
		return () => {
			const wasThere = listeners.delete(listener);
			look();
			return wasThere;
		};
	}

	/** @param {string} address */
	async function transformRequest(address) {
		const mapbox = parseMapbox(address, hosts, handedOut);
		return {url: mapbox ? withToken(mapbox, await get()) : address};
	}

	/** @param {[string?]} values */
	function invalidate(...values) {
		if (isClosed || (values.length && (!token || values[0] != token))) return;
		if (!isServersPause) pause = 0;
		if (values.length) {
			// The first one is replaced at once. If its successor fails too, there is no hurry.
			if (invalidated.size && since(issued) < MINUTE) pause = MINUTE;
			invalidated.add(token);
		} else {
			drop();
			refusal = error = undefined;
			failures = 0;
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
