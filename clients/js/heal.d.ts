import type {TokenSource} from "./index.js";

/** A map of mapbox-gl or MapLibre. */
export interface HealableMap {
	on(type: any, listener: (event: any) => void): unknown;
	off(type: any, listener: (event: any) => void): unknown;
	getSource(id: string): any;
	setStyle(style: any): unknown;
}

/**
 * After a 401 of Mapbox it invalidates the token of that request, and reloads what has failed once
 * for each new token: sources, and a style of Mapbox. It ends with the map, or when the returned
 * function is called.
 */
export function heal(map: HealableMap, source: TokenSource): () => void;
