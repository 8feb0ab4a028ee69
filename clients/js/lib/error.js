/** @import {TokenErrorDetails, TokenSourceOptions} from "../index.js" */

const CHECK_URL = ": is url a complete route?";

/** What to look at, by code. */
const HINTS = /** @type {Record<string, string>} */ ({
	network: ": offline, or the page is not in PublicOrigins (CORS)",
	bad_reply: CHECK_URL,
	http_404: CHECK_URL,
	http_401: ": sign in, then invalidate()",
});

export class TokenError extends Error {
	name = "TokenError";

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

/** A failure that a repetition does not change. @param {TokenError & TokenErrorDetails} failure */
export const isRefusal = ({status, code}) =>
	code == "bad_url" || /^4(?!08|29)/.test(String(status));

/**
 * Returns what a source calls with each failure. Without onError it warns once for each code.
 * @param {TokenSourceOptions["onError"]} onError
 */
export function reporter(onError) {
	const warned = new Set();
	/** @param {TokenError} failure */
	const warnOnce = ({code, message}) => {
		if (!warned.has(code)) console.warn(`tokenmint: ${message} (${code})`);
		warned.add(code);
	};
	return (/** @type {TokenError} */ failure) => {
		try {
			(onError || warnOnce)(failure);
		} catch {} // an onError that throws must not end the loop
	};
}
