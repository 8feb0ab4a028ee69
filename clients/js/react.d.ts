import type {TokenSource} from "./index.js";

/**
 * Returns the usable token of a source, or undefined, and keeps the source in use while the
 * component is mounted. On the server it returns undefined and asks for nothing. Make the source
 * outside the component.
 */
export function useMapboxToken(source: TokenSource): string | undefined;
