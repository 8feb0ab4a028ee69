/**
 * Adds or removes a listener for what can mean that a device has slept or was offline. Node,
 * workers and React Native have only some of these events, or none.
 * @param {boolean} isOn
 * @param {() => void} wake
 */
export function listen(isOn, wake) {
	const method = isOn ? "addEventListener" : "removeEventListener";
	for (const [target, type] of /** @type {[any, string][]} */ ([
		[globalThis.document, "visibilitychange"],
		[globalThis, "focus"],
		[globalThis, "online"],
	])) {
		target?.[method]?.(type, wake);
	}
}
