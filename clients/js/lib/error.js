/** @import {TokenErrorDetails, TokenSourceOptions} from "../index.js" */

export class TokenError extends Error {
	name = "TokenError";

	/**
	 * @param {string} code
	 * @param {string} message
	 * @param {TokenErrorDetails} [details]
	 */
	constructor(code, message, details) {
		super(message);
		this.code = code;
		Object.assign(this, details);
	}
}

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
	return async (/** @type {TokenError} */ failure) => {
		try {
			await (onError || warnOnce)(failure);
		} catch {} // an onError that fails must not end the loop
	};
}
