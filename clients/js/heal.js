/**
 * Fixes a map whose requests Mapbox has refused. index.d.ts of the package and heal.d.ts have the
 * contract.
 *
 * @import {TokenSource} from "./index.js"
 * @import {HealableMap} from "./heal.js"
 */

/** mapbox-gl remembers a failed vector tile for 3 s. */
const FORGOTTEN = 3100;

/**
 * @param {HealableMap} map
 * @param {TokenSource} source
 */
export function heal(map, source) {
	/** Sources by id, and the style by its mapbox:// address. @type {Set<string>} */
	const failed = new Set();
	/** What was reloaded, and with which token. @type {Map<string, string>} */
	const healed = new Map();
	/** @type {ReturnType<typeof setTimeout> | undefined} */
	let timer;

	function reload() {
		timer = undefined;
		const {token} = source;
		if (!token) return; // the next change of the source comes back here
		for (const id of failed) {
			if (healed.get(id) == token) continue;
			failed.delete(id);
			healed.set(id, token);
			if (id.startsWith("mapbox:")) map.setStyle(id);
			else map.getSource(id)?.reload?.();
		}
	}

	const schedule = () => {
		if (failed.size && source.token) timer ??= setTimeout(reload, FORGOTTEN);
	};

	/** @param {any} event */
	function onError({error, sourceId}) {
		if (error?.status != 401) return;
		const address = String(error.url);
		const style = /\/styles\/v1\/([^/?]+\/[^/?]+)\?/.exec(address);
		if (sourceId) failed.add(sourceId);
		else if (style) failed.add("mapbox://styles/" + style[1]);
		const token = /[?&]access_token=([^&#]+)/.exec(address);
		if (token) source.invalidate(token[1]);
		schedule();
	}

	const unsubscribe = source.subscribe(schedule);
	function stop() {
		clearTimeout(timer);
		unsubscribe();
		map.off("error", onError);
		map.off("remove", stop);
	}
	map.on("error", onError);
	map.on("remove", stop);
	return stop;
}
