import {createTokenSource} from "../index.js";
import {Mint} from "./mint.js";
import {settle, World} from "./world.js";

/** ok is the answer of a mint: a token of a quarter of an hour. */
export const ok = {expires_in: 900};
export const refused = {
	status: 403,
	json: {message: "no", code: "caller_not_allowed", request_id: "r1"},
};

/**
 * setUp makes a device, a mint and a source for one test, and removes them after it.
 * `errors` are what the source reports.
 */
export function setUp(t, script = [ok], options = {}) {
	const world = new World().install();
	t.after(() => world.uninstall());
	const mint = new Mint(world, script);
	const errors = [];
	const source = createTokenSource({
		url: "https://mint.example/tokens",
		fetch: mint.fetchFor(0),
		onError: (error) => errors.push(error),
		...options,
	});
	return {world, mint, errors, source, settle};
}

export const codes = (errors) => errors.map(({code}) => code);
