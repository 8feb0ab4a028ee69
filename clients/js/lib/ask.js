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
	if (/^(https?:\/)?\/[^]/.test(address)) return address;
	throw new TokenError("bad_url", "no route of a mint: " + address);
}

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
		throw new TokenError("bad_url", "no page to complete " + url);
	}
	const sent = now();
	let reply;
	try {
		reply = await (settings.fetch || fetch)(url, requestInit(settings, url, signal, header));
	} catch (cause) {
		throw new TokenError("network", "no answer from " + url, {cause});
	}
	if (reply.status == 401 && !refresh && typeof authorization == "function") {
		return ask(settings, url, signal, true);
	}
	const body = await reply.json().catch((/** @type {unknown} */ cause) => ({cause}));
	return {...readReply(reply, body || {}, sent), sent};
}

/**
 * @param {TokenSourceOptions["authorization"]} authorization
 * @param {boolean} refresh
 */
async function authorize(authorization, refresh) {
	if (!authorization) return;
	let header, cause;
	try {
		header = typeof authorization == "function" ? await authorization({refresh}) : authorization;
	} catch (thrown) {
		cause = thrown;
	}
	if (header && typeof header == "string") return header;
	throw new TokenError("authorization_failed", "authorization returned no string", {
		cause,
	});
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
	/** @type {RequestInit} */
	const init = {method, headers, credentials, signal, cache: "no-store"};
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
	const number = (name) => Math.max(0, Number(reply.headers.get(name)) || 0);
	const {token, expires_in: seconds, cause} = body;
	const details = {
		status: reply.status,
		requestId: body.request_id,
		retryAfter: number("retry-after"),
		cause,
	};
	if (!reply.ok) {
		throw new TokenError(body.code || "http_" + reply.status, body.message || "no token", details);
	}
	const life = SECOND * (seconds - number("age"));
	const isToken = typeof token == "string" && /^[tp]k\../.test(token);
	const isSound =
		typeof seconds == "number" && seconds <= LONGEST_LIFE && since(sent) < usableLife(life);
	if (isToken && isSound) return {token, life};
	throw new TokenError("bad_reply", "no token with expires_in", details);
}
