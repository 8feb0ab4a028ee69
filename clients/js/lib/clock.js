/** @typedef {[monotonic: number, wall: number]} Moment */

/** Units, in milliseconds. */
export const SECOND = 1000;
export const MINUTE = 60 * SECOND;

/** @returns {Moment} */
export const now = () => [performance.now(), Date.now()];

/**
 * Milliseconds since a moment. performance.now() can stop while the device sleeps, and Date.now()
 * can be set back, so the larger difference counts.
 * @param {Moment} moment
 */
export const since = ([monotonic, wall]) =>
	Math.max(performance.now() - monotonic, Date.now() - wall);
