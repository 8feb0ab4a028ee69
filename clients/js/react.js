/**
 * The token of a source in React. react.d.ts has the contract.
 *
 * @import {TokenSource} from "./index.js"
 */
import {useSyncExternalStore} from "react";

const nothing = () => undefined;

/** @param {TokenSource} source @returns {string | undefined} */
export const useMapboxToken = (source) =>
	useSyncExternalStore(source.subscribe, () => source.token, nothing);
