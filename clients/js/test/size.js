/** Prints the size of each entry, minified and compressed, and fails when one is too large. */
import {gzipSync} from "node:zlib";

import {build} from "esbuild";

const LIMITS = {index: 3000, heal: 500, react: 500};

for (const [name, limit] of Object.entries(LIMITS)) {
	const {
		outputFiles: [file],
	} = await build({
		entryPoints: [new URL(`../${name}.js`, import.meta.url).pathname],
		bundle: true,
		minify: true,
		format: "esm",
		write: false,
		external: ["react"],
	});
	const size = gzipSync(file.contents, {level: 9}).length;
	console.log(`${name}: ${size} bytes of ${limit}`);
	if (size > limit) process.exitCode = 1;
}
