/**
 * Heap returns the earliest entry first. An entry is an object with `at`; equal ones keep their
 * order.
 */
export class Heap {
	#entries = [];
	#count = 0;

	peek() {
		return this.#entries[0];
	}

	push(entry) {
		entry.order = this.#count++;
		const all = this.#entries;
		let i = all.push(entry) - 1;
		while (i > 0) {
			const parent = (i - 1) >> 1;
			if (!isBefore(entry, all[parent])) break;
			all[i] = all[parent];
			i = parent;
		}
		all[i] = entry;
	}

	pop() {
		const all = this.#entries;
		const [first] = all;
		const last = all.pop();
		if (all.length > 0) this.#sink(last);
		return first;
	}

	/** #sink puts an entry at the top, and moves it down to its place. */
	#sink(entry) {
		const all = this.#entries;
		let i = 0;
		for (;;) {
			let child = 2 * i + 1;
			if (child >= all.length) break;
			if (child + 1 < all.length && isBefore(all[child + 1], all[child])) child++;
			if (!isBefore(all[child], entry)) break;
			all[i] = all[child];
			i = child;
		}
		all[i] = entry;
	}
}

const isBefore = (a, b) => a.at < b.at || (a.at == b.at && a.order < b.order);
