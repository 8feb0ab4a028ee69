import {SECOND} from "./world.js";

/**
 * Mint answers requests by a script, and knows when each of its tokens ends. clients/README.md has
 * the form.
 */
export class Mint {
	requests = []; // {at, source, open, header, init}
	ends = new Map(); // the true time at which a token ends
	#queue;

	/** @param most a client that sends more requests loops for ever, and nothing else could stop it */
	constructor(world, script, most = 5000) {
		this.world = world;
		this.most = most;
		this.play(script);
	}

	play(script) {
		this.#queue = [...script];
	}

	/** fetchFor returns the fetch of one source. */
	fetchFor(source) {
		return (url, init) => this.#answer({url, source, init});
	}

	#answer(request) {
		const {world} = this;
		world.isBusy = true;
		const {init} = request;
		Object.assign(request, {at: world.time, open: true, header: init.headers.authorization});
		this.requests.push(request);
		const number = this.requests.length;
		if (number > this.most) process.exit(1);
		const script = this.#queue.length > 1 ? this.#queue.shift() : this.#queue[0];
		return new Promise((resolve, reject) => {
			const end = (settle, value) => {
				if (!request.open) return;
				request.open = false;
				world.isBusy = true;
				settle(value);
			};
			const answer = () => {
				if (script.error) end(reject, new TypeError("Failed to fetch"));
				else end(resolve, this.#reply(script, number, request.at));
			};
			init.signal.addEventListener("abort", () => end(reject, new Error("aborted")));
			if (script.silence) return;
			if (script.after) world.after(script.after * SECOND, answer);
			else answer();
		});
	}

	#reply({status = 200, headers = {}, json, text, expires_in, token}, number, at) {
		if (expires_in !== undefined) json = {token: token ?? `tk.${number}`, expires_in};
		const life = json?.expires_in - Number(headers.age ?? 0);
		if (!this.ends.has(json?.token)) this.ends.set(json?.token, at + life * SECOND);
		return new Response(status == 204 ? null : (text ?? JSON.stringify(json)), {status, headers});
	}
}
