/**
 * One attempt to get a token: authorization, request and reply.
 *
 * @import {TokenSourceOptions} from "../index.js"
 * @import {Moment} from "./clock.js"
 * @typedef {{token: string, life: number, sent: Moment}} Minted a token and its life in ms since
 * it was asked for
 */
import {now, SECOND, since} from "./clock.js";
import {TokenError} from "./error.js";

/**
 * No token of a mint lives longer than an hour, so a life of more seconds than this is a mistake.
 */
const LONGEST_LIFE = 86400;
/**
 * A token is not used this long before its end, or in the last tenth of its life if that is less.
 */
const MARGIN = 30 * SECOND;

/**
 * Returns the address of a route as text. One without a host needs a page.
 * @param {unknown} url
 */
export function checkUrl(url) {
	const address = String(url);
	try {
		new URL(address, "http://page");
		// fetch refuses a user and a password. The URL of React Native cannot tell them.
		if (/^(https?:\/)?\/[^@]+$/i.test(address)) return address;
	} catch {}
	throw new TokenError("bad_url", "url is no route"); // it may hold a password
}

/** A hint. */
const CHECK_URL = ": is url a complete route?";

/** How long a token of this life is used. @param {number} life */
export const usableLife = (life) => life - Math.min(MARGIN, life / 10);

/**
 * Every failure is a TokenError, but for the one of an attempt that was given up meanwhile.
 * @param {TokenSourceOptions} settings
 * @param {string} url
 * @param {AbortSignal} signal
 * @param {boolean} [refresh] the mint has answered 401 to the first authorization
 * @returns {Promise<Minted>}
 */
export async function ask(settings, url, signal, refresh = false) {
	const {authorization} = settings;
	const header = await authorize(authorization, refresh);
	if (signal.aborted) throw 0; // another user, for example: this header must not be sent
	if (url[0] == "/" && !globalThis.location) {
		throw new TokenError("bad_url", "url needs a page");
	}
	const sent = now();
	let reply, body;
	try {
		reply = await (settings.fetch || fetch)(url, requestInit(settings, url, signal, header));
		body = await reply.json().catch((/** @type {unknown} */ cause) => ({cause}));
	} catch (cause) {
		const message = `no answer from ${url}: offline, or not in PublicOrigins (CORS)`;
		throw new TokenError("network", message, {cause});
	}
	if (reply.status == 401 && !refresh && typeof authorization == "function") {
		return ask(settings, url, signal, true);
	}
	return readReply(reply, body || {}, sent);
}

/**
 * @param {TokenSourceOptions["authorization"]} authorization
 * @param {boolean} refresh
 */
async function authorize(authorization, refresh) {
	if (authorization == undefined) return;
	let header, cause;
	try {
		header = typeof authorization == "function" ? await authorization({refresh}) : authorization;
	} catch (thrown) {
		cause = thrown;
	}
	if (header && typeof header == "string") return header;
	throw new TokenError("authorization_failed", "authorization failed", {cause});
}

/**
 * @param {TokenSourceOptions} settings
 * @param {string} url
 * @param {AbortSignal} signal
 * @param {string | undefined} header
 */
function requestInit({method, credentials, scopes, profile, ttl}, url, signal, header) {
	method ||= url.includes("/public/tokens/") ? "GET" : "POST";
	/** @type {Record<string, string>} */
	const headers = header ? {authorization: header} : {};
	// For "no-store", the fetch of React Native adds a parameter, which the public route refuses.
	const cache = /** @type {any} */ (globalThis.fetch)?.polyfill ? undefined : "no-store";
	/** @type {RequestInit} */
	const init = {method, headers, credentials, signal, cache};
	if (method != "GET") {
		headers["content-type"] = "application/json";
		init.body = JSON.stringify({scopes, profile, ttl});
	}
	return init;
}

/**
 * @param {Response} reply
 * @param {any} body
 * @param {Moment} sent
 */
function readReply(reply, body, sent) {
	/** @param {string} name */
	const number = (name) => Math.max(0, /** @type {any} */ (reply.headers?.get?.(name))) || 0;
	/** @param {unknown} value @returns {any} the value if it is a string */
	const text = (value) => (typeof value == "string" ? value : undefined);
	const {expires_in: seconds, cause} = body;
	const details = {
		status: reply.status,
		requestId: text(body.request_id),
		retryAfter: number("retry-after"),
		cause,
	};
	if (!reply.ok) {
		const code = text(body.code) || "http_" + reply.status;
		const hint = reply.status == 404 ? CHECK_URL : "";
		throw new TokenError(code, (text(body.message) || "no token") + hint, details);
	}
	const life = SECOND * (seconds - number("age"));
	const token = text(body.token);
	const isSound =
		typeof seconds == "number" && seconds <= LONGEST_LIFE && since(sent) < usableLife(life);
	if (isSound && /^[tp]k\.[\w.-]+$/.test(token)) return {token, life, sent};
	throw new TokenError("bad_reply", "no token" + CHECK_URL, details);
}
