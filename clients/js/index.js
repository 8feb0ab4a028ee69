/**
 * Keeps a page or a program supplied with a short-lived Mapbox token from a tokenmint mint. Importing this
 * module does nothing: no timer, request or listener. index.d.ts has the contract of each exported name.
 *
 * @import {Attachable, State, TokenSource, TokenSourceOptions, TokenErrorDetails} from "./index.d.ts"
 * @typedef {[monotonic: number, wall: number]} Moment
 * @typedef {{start: Moment, abort: AbortController}} Job one attempt: authorization, request and reply
 * @typedef {{until: number, settle: (error?: TokenError) => void}} Waiter a pending get(); it ends by the monotonic clock
 * @typedef {{token: string, life: number, sent: Moment}} Minted a token and its life in ms since the moment
 */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
/** No token of a mint lives longer than an hour, so a longer life than this is a mistake. */
const LONGEST_LIFE = 24 * 60 * MINUTE;
/** The longest timer. A long one can overflow, and a timer stands still while the device sleeps. */
const LONGEST_TIMER = 30 * SECOND;
/** Tokens end this long before their end, or at a tenth of their life if that is less. */
const MARGIN = 30 * SECOND;
const TOKEN_REFUSED = "token_refused";
/** mapbox-gl throws without a token. transformRequest replaces this one. */
const PLACEHOLDER = "tk.pending";

const CHECK_URL = ": is url the complete address of a route?";
const HINTS = /** @type {Record<string, string>} */ ({
	network: ": offline, or CORS: is this origin in PublicOrigins or AllowedOrigins?",
	bad_url: CHECK_URL,
	bad_reply: CHECK_URL,
	http_404: CHECK_URL,
	http_401: ": sign in again, then call invalidate()",
});

/** What has an accessToken of a source. A second source must not fight for it. @type {WeakSet<object>} */
const attached = new WeakSet();

/** @returns {Moment} */
const now = () => [performance.now(), Date.now()];

/**
 * Milliseconds since a moment. performance.now() can stop while the device sleeps, and Date.now() can be
 * set back, so the larger difference counts.
 * @param {Moment} moment
 */
const since = ([monotonic, wall]) =>
	Math.max(performance.now() - monotonic, Date.now() - wall);

export class TokenError extends Error {
	name = "TokenError";
	/** @type {number | undefined} */
	status;
	/** @type {string | undefined} */
	requestId;

	/**
	 * @param {string} code
	 * @param {string} message
	 * @param {TokenErrorDetails} [details]
	 */
	constructor(code, message, details) {
		super(message + (HINTS[code] || ""));
		this.code = code;
		Object.assign(this, details);
	}
}

/** A failure that a repetition does not change. @param {TokenError} failure */
const isRefusal = ({status, code}) => code == "bad_url" || /^4(?!08|29)/.test(String(status));

/**
 * @param {string | URL | TokenSourceOptions} options
 * @returns {TokenSource}
 */
export function createTokenSource(options) {
	const settings = /** @type {TokenSourceOptions} */ (
		options && /** @type {any} */ (options).url ? options : {url: options}
	);
	const url = checkUrl(settings.url);
	const {timeout = 20 * SECOND, wait = MINUTE, hosts = [], authorization, onError} = settings;

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
	let refusal; // is remembered until invalidate()
	let isClosed = false;

	/** @type {ReturnType<typeof setTimeout> | undefined} */
	let timer;
	let isListening = false;
	/** @type {Set<Waiter>} */
	const waiters = new Set();
	/** @type {Set<{notify: (state: State) => void}>} */
	const listeners = new Set();
	const invalidated = new Set();
	let invalidatedAt = /** @type {Moment | undefined} */ (undefined);
	/** Permanent tokens that were handed out. A temporary one is known by its "tk.". */
	const handedOut = new Set();
	const warned = new Set();
	/** @type {State} */
	let state = Object.freeze({status: "idle", token, error});
	let told = state; // the last state that the listeners know

	const usable = () => (token && since(issued) < life ? token : undefined);
	const isWanted = () => waiters.size + listeners.size > 0;

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
	function look(isAsked = isWanted()) {
		if (job && since(job.start) >= timeout) {
			fail(new TokenError("timeout", `no answer within ${timeout} ms`));
		}
		const isDue = !job && !refusal && !isClosed && since(asked) >= pause;
		if (isDue && isAsked) attempt();
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
				waiter.settle(new TokenError("wait_over", `no token within ${wait} ms`, {cause: error}));
			}
		}
	}

	function tellListeners() {
		if (snapshot() == told) return;
		told = state;
		for (const listener of [...listeners]) {
			try {
				listener.notify(state);
			} catch (cause) {
				report(new TokenError("listener_failed", "a listener threw " + cause, {cause}));
			}
		}
	}

	function setTimer() {
		clearTimeout(timer);
		listen(isWanted());
		const delays = [];
		if (job) delays.push(timeout - since(job.start));
		else if (!refusal) delays.push(pause - since(asked));
		if (usable()) delays.push(life - since(issued));
		const [oldest] = waiters;
		if (oldest) delays.push(oldest.until - performance.now());
		if (!isWanted() || !delays.length) return;
		timer = setTimeout(() => look(), Math.max(1, Math.min(LONGEST_TIMER, ...delays)));
		/** @type {any} */ (timer).unref?.(); // in Node
	}

	/** @param {boolean} on */
	function listen(on) {
		if (on == isListening) return;
		isListening = on;
		const {document} = globalThis;
		for (const [target, type] of /** @type {[any, string][]} */ ([
			[document, "visibilitychange"], [globalThis, "focus"], [globalThis, "online"],
		])) {
			target?.[on ? "addEventListener" : "removeEventListener"]?.(type, wake);
		}
	}

	/** wake looks again, and ends a pause that the mint did not ask for. */
	function wake() {
		if (error && !isServersPause) pause = Math.min(pause, SECOND);
		look();
	}

	/** attempt asks for a token once. Nothing that a replaced attempt brings counts. */
	async function attempt() {
		const mine = (job = {start: now(), abort: new AbortController()});
		try {
			const minted = await ask(mine, false);
			if (job == mine) accept(minted);
		} catch (cause) {
			if (job == mine) fail(/** @type {TokenError} */ (cause));
		}
	}

	/** @param {boolean} refresh */
	async function authorize(refresh) {
		if (!authorization) return;
		let header, cause;
		try {
			header = typeof authorization == "function" ? await authorization({refresh}) : authorization;
		} catch (thrown) {
			cause = thrown;
		}
		if (header && typeof header == "string") return header;
		throw new TokenError("authorization_failed", "authorization threw or returned no string", {cause});
	}

	/**
	 * @param {Job} mine
	 * @param {boolean} refresh the mint has answered 401 to the first authorization
	 * @returns {Promise<Minted>}
	 */
	async function ask(mine, refresh) {
		const header = await authorize(refresh);
		if (job != mine) throw 0; // replaced meanwhile: do not send it
		if (url[0] == "/" && !globalThis.location) {
			throw new TokenError("bad_url", "no page to complete " + url);
		}
		const sent = now();
		let reply;
		try {
			reply = await (settings.fetch || fetch)(url, requestInit(settings, url, header, mine));
		} catch (cause) {
			throw new TokenError("network", "no answer from " + url, {cause});
		}
		if (reply.status == 401 && !refresh && typeof authorization == "function") return ask(mine, true);
		const body = await reply.json().catch((/** @type {unknown} */ cause) => ({cause}));
		return {...readReply(reply, body || {}), sent};
	}

	/** @param {Minted} minted */
	function accept({token: value, life: whole, sent}) {
		const usableLife = whole - Math.min(MARGIN, whole / 10);
		if (since(sent) >= usableLife) return fail(new TokenError("token_ended", "the token has ended already"));
		if (invalidated.has(value)) {
			return fail(new TokenError(TOKEN_REFUSED, "the mint returned an invalidated token"));
		}
		token = value;
		issued = asked = sent;
		life = usableLife;
		value.startsWith("tk.") || handedOut.add(value);
		job = error = undefined;
		isServersPause = false;
		failures = 0;
		// At random, so that visitors who came together do not come back together.
		pause = Math.max(SECOND, whole * (0.7 + 0.1 * Math.random()));
		look();
	}

	/** drop gives up the attempt under way, and forgets the last failure. */
	function drop() {
		job?.abort.abort();
		job = error = undefined;
	}

	/** @param {TokenError & {retryAfter?: number}} failure */
	function fail(failure) {
		drop();
		error = failure;
		asked = now();
		const backoff = SECOND + Math.random() * Math.min(MINUTE, 4 * SECOND * 2 ** failures++);
		pause = failure.code == TOKEN_REFUSED ? MINUTE : SECOND * (failure.retryAfter || 0) + backoff;
		if (isRefusal(failure)) refusal = failure;
		isServersPause = !refusal && (failure.code == TOKEN_REFUSED || !!failure.status);
		report(failure);
		look();
	}

	/** @param {TokenError} failure */
	function report(failure) {
		try {
			(onError || warnOnce)(failure);
		} catch {} // an onError that throws must not end the loop
	}

	/** @param {TokenError} failure */
	function warnOnce({code, message}) {
		if (!warned.has(code)) console.warn(`tokenmint: ${message} (${code})`);
		warned.add(code);
	}

	/** @param {{signal?: AbortSignal}} [options] @returns {Promise<string>} */
	function get({signal} = {}) {
		return new Promise((resolve, reject) => {
			const abort = () => {
				const aborted = new TokenError("aborted", "aborted by the caller");
				aborted.name = "AbortError";
				waiter.settle(aborted);
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
			if (isClosed) return waiter.settle(closedError());
			if (signal?.aborted) return abort();
			signal?.addEventListener("abort", abort);
			waiters.add(waiter);
			look();
		});
	}

	/** @param {(state: State) => void} notify */
	function subscribe(notify) {
		const listener = {notify};
		if (!isClosed) listeners.add(listener);
		look();
		return () => {
			const wasThere = listeners.delete(listener);
			look();
			return wasThere;
		};
	}

	/** @param {Attachable & {accessToken?: string | null, setAccessToken?: (token: string) => void}} target */
	function attach(target) {
		const set = () => {
			const value = usable() || target.accessToken || PLACEHOLDER;
			if (target.setAccessToken) target.setAccessToken(value);
			else target.accessToken = value;
		};
		const problem = problemOf(target, set);
		if (problem) report(problem);
		if (problem && problem.code != "version") return () => {};
		attached.add(target);
		const unsubscribe = subscribe(() => (isClosed ? detach() : set()));
		set();
		function detach() {
			if (unsubscribe()) attached.delete(target);
		}
		return detach;
	}

	/** @param {string} address */
	async function transformRequest(address) {
		const parsed = parse(address);
		const host = parsed?.hostname || "";
		const present = parsed?.searchParams.get("access_token") || "tk.";
		const isOurs = present.startsWith("tk.") || handedOut.has(present);
		const isMapbox = /\.mapbox\.(com|cn)$/.test(host) || hosts.includes(host);
		return {url: parsed && isMapbox && isOurs ? withToken(parsed, await get()) : address};
	}

	/** @param {[string?]} values */
	function invalidate(...values) {
		if (isClosed || (values.length && (!token || values[0] != token))) return;
		if (!isServersPause) pause = 0;
		if (values.length) {
			invalidated.add(token);
			// The first one is replaced at once, but not one after the other.
			if (invalidatedAt && since(invalidatedAt) < MINUTE) pause = since(asked) + MINUTE;
			invalidatedAt = now();
		} else {
			drop();
			refusal = undefined;
			failures = 0;
		}
		token = undefined;
		look();
	}

	function close() {
		if (isClosed) return;
		isClosed = true;
		drop();
		token = undefined;
		for (const waiter of waiters) waiter.settle(closedError());
		tellListeners();
		listeners.clear();
		look();
	}

	return {
		get token() {
			return usable();
		},
		get state() {
			return snapshot();
		},
		get, subscribe, attach, transformRequest, invalidate, wake, close,
	};
}

const closedError = () => new TokenError("closed", "the source is closed");

/** @param {unknown} url */
function checkUrl(url) {
	const address = String(url);
	if (address[0] == "/" || /^http/.test(parse(address)?.protocol || "")) return address;
	throw new TokenError("bad_url", "cannot use " + address);
}

/** @param {string} address */
function parse(address) {
	try {
		return new URL(address);
	} catch {}
}

/**
 * @param {TokenSourceOptions} settings
 * @param {string} url
 * @param {string | undefined} authorization
 * @param {Job} job
 * @returns {RequestInit}
 */
function requestInit({method, credentials, scopes, profile, ttl}, url, authorization, job) {
	method ||= url.includes("/public/tokens/") ? "GET" : "POST";
	/** @type {Record<string, string>} */
	const headers = authorization ? {authorization} : {};
	/** @type {RequestInit} */
	const init = {method, headers, credentials, cache: "no-store", signal: job.abort.signal};
	if (method != "GET") {
		headers["content-type"] = "application/json";
		init.body = JSON.stringify({scopes, profile, ttl});
	}
	return init;
}

/**
 * @param {Response} reply
 * @param {any} body
 */
function readReply({ok, status, headers}, {token, expires_in, code, message, request_id, cause}) {
	const retryAfter = Math.max(0, Number(headers.get("retry-after")) || 0);
	const details = {status, requestId: request_id, retryAfter, cause};
	if (!ok) throw new TokenError(code || "http_" + status, message || "the mint refused", details);
	const life = SECOND * expires_in;
	const isToken = typeof token == "string" && /^[tp]k\../.test(token);
	if (!isToken || typeof expires_in != "number" || !(life > 0 && life <= LONGEST_LIFE)) {
		throw new TokenError("bad_reply", "no token with a sound expires_in", details);
	}
	return {token, life: life - SECOND * (Number(headers.get("age")) || 0)};
}

/**
 * @param {Attachable} target
 * @param {() => void} set
 */
function problemOf(target, set) {
	if (attached.has(target)) return new TokenError("attached", "attached already");
	try {
		set();
	} catch (cause) {
		return new TokenError("read_only", 'use `import mapboxgl from "mapbox-gl"`', {cause});
	}
	if (/^([012]|3\.(1?\d|2[0-5]))\./.test(target.version || "")) {
		return new TokenError("version", "transformRequest needs mapbox-gl 3.26: without it, await get() before the map");
	}
}

/**
 * @param {URL} address
 * @param {string} token
 */
function withToken(address, token) {
	const others = address.search.slice(1).split("&").filter((pair) => pair && !/^access_token=/.test(pair));
	address.search = [...others, "access_token=" + token].join("&");
	return address.href;
}
