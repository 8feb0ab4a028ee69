/**
 * How a map gets the tokens of a source.
 *
 * @import {Attachable, TokenSource} from "../index.js"
 */
import {TokenError} from "./error.js";

/** mapbox-gl throws without a token. transformRequest replaces this one. */
const PLACEHOLDER = "tk.pending";

/** Versions of mapbox-gl before 3.26. */
const OLD = /^([012]|3\.(1?\d|2[0-5]))\./;

/**
 * What has an accessToken of a source. A second source must not fight for it.
 * @type {WeakMap<object, () => void>} with its detach
 */
const attached = new WeakMap();

/**
 * @param {TokenSource} source
 * @param {Attachable & {accessToken?: string | null, setAccessToken?: (token: string) => void}}
 * target
 * @param {(problem: TokenError) => void} report
 */
export function attach(source, target, report) {
	const set = () => {
		const token = source.token || target.accessToken || PLACEHOLDER;
		if (target.setAccessToken) target.setAccessToken(token);
		else target.accessToken = token;
	};
	/** @type {(...problem: ConstructorParameters<typeof TokenError>) => () => void} */
	const tell = (...problem) => {
		report(new TokenError(...problem));
		return () => {};
	};
	if (source.state.status == "closed") return tell("closed", "the source is closed");
	if (attached.has(target)) return tell("attached", "attached already");
	try {
		set();
	} catch (cause) {
		return tell("read_only", 'use `import mapboxgl from "mapbox-gl"`', {cause});
	}
	if (OLD.test(target.version || "")) tell("version", "transformRequest needs mapbox-gl 3.26");
	attached.set(target, detach);
	const unsubscribe = source.subscribe(({status}) => (status == "closed" ? detach() : set()));
	function detach() {
		unsubscribe();
		if (attached.get(target) == detach) attached.delete(target);
	}
	return detach;
}

/**
 * Returns the address as a URL if its token is for the source to set.
 * @param {string} address
 * @param {readonly string[]} hosts
 * @param {Set<string>} handedOut permanent tokens of the source
 */
export function parseMapbox(address, hosts, handedOut) {
	try {
		const url = new URL(address);
		const isMapbox =
			/^https:.*\.mapbox\.(com|cn)$/.test(url.origin) ||
			hosts.some((host) => [url.host, url.hostname].includes(host.toLowerCase()));
		const present = url.searchParams.get("access_token") || "tk.";
		if (isMapbox && (present.startsWith("tk.") || handedOut.has(present))) return url;
	} catch {} // a relative address, for example: none of Mapbox
}

/**
 * @param {URL} url
 * @param {string} token becomes the last parameter, as mapbox-gl has it
 */
export function withToken(url, token) {
	const others = url.search.replace("?", "&").replace(/&access_token=[^&]*/g, "");
	url.search = (others + "&access_token=" + token).slice(1);
	return url.href;
}
