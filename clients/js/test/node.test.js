/** The client in a real process, with a real mint, and without any fake. */
import assert from "node:assert/strict";
import {execFile} from "node:child_process";
import {once} from "node:events";
import {createServer} from "node:http";
import {test} from "node:test";
import {promisify} from "node:util";

import {AwsClient} from "aws4fetch";

import {createTokenSource} from "../index.js";

const run = promisify(execFile);
const here = new URL("..", import.meta.url);

/** mintOf listens on loopback until the test ends, and remembers the requests. */
async function mintOf(t, answer) {
	const requests = [];
	const server = createServer((request, response) => {
		requests.push(request);
		answer(response);
	});
	await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
	t.after(() => server.close());
	return {url: `http://127.0.0.1:${server.address().port}/tokens`, requests};
}

const reply = (response) => response.end(JSON.stringify({token: "tk.1", expires_in: 900}));

test("a process ends although a source is in use", async (t) => {
	const {url} = await mintOf(t, reply);
	const program = `
		import {createTokenSource} from "./index.js";
		const source = createTokenSource(process.env.MINT);
		source.subscribe(() => {});
		console.log(await source.get());`;
	const {stdout} = await run(process.execPath, ["--input-type=module", "-e", program], {
		cwd: here,
		env: {...process.env, MINT: url},
		timeout: 20_000,
	});
	assert.equal(stdout, "tk.1\n");
});

test("a fetch that signs", async (t) => {
	const {url, requests} = await mintOf(t, reply);
	const aws = new AwsClient({
		accessKeyId: "AKIDEXAMPLE",
		secretAccessKey: "example",
		service: "execute-api",
		region: "eu-west-1",
		retries: 0,
	});
	const source = createTokenSource({url, fetch: (address, init) => aws.fetch(address, init)});
	assert.equal(await source.get(), "tk.1");
	assert.match(requests[0].headers.authorization, /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/);
	assert.equal(requests[0].headers["content-type"], "application/json");
});

test("a mint that hangs is given up", async (t) => {
	const {url, requests} = await mintOf(t, () => {});
	const source = createTokenSource({url, timeout: 50, wait: 300, onError() {}});
	const alive = setTimeout(() => {}, 5000); // a call that waits keeps no process alive
	await assert.rejects(source.get(), {code: "wait_over"});
	clearTimeout(alive);
	const [{socket}] = requests;
	if (!socket.destroyed) await once(socket, "close");
	assert.equal(requests.length, 1);
});
