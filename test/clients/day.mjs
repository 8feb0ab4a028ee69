// A page lives a day on tokens of 15 minutes. The time is virtual: of this program, of the mint and
// of the simulator. The client, the mint and the HTTP between them are real.
import assert from "node:assert/strict";
import {readFileSync, writeFileSync} from "node:fs";
import http from "node:http";
import {createTokenSource} from "../../clients/js/index.js";

const {MINT_URL, TOKENS_API_URL, POLICY} = process.env;
const SECOND = 1000,
  MINUTE = 60 * SECOND,
  HOUR = 60 * MINUTE;

// The clock of the device: `awake` stands still in sleep, as performance.now() and timers do.
let [awake, wall, behind] = [0, Date.now(), 0]; // `behind`: the simulator's clock must catch up
const begin = wall;
const timers = new Map();
let timerId = 0;
performance.now = () => awake;
Date.now = () => wall;
globalThis.setTimeout = (run, ms) => {
  timers.set(++timerId, {at: awake + Math.max(1, ms), run});
  return timerId;
};
globalThis.clearTimeout = (id) => timers.delete(id);

const agent = new http.Agent({keepAlive: true});
let open = 0; // requests under way
let closed = () => {}; // is called when none is

// send sends a request, once the simulator's clock is that of the device.
async function send(url, {method = "GET", body} = {}) {
  open++;
  try {
    if (behind > 0) {
      const advance = `${behind}ms`;
      behind = 0;
      await exchange(`${TOKENS_API_URL}/_sim/clock`, {
        method: "POST",
        body: JSON.stringify({advance}),
      });
    }
    return await exchange(url, {method, body});
  } finally {
    if (--open === 0) closed();
  }
}

function exchange(url, {method, body}) {
  return new Promise((resolve, reject) => {
    const request = http.request(url, {method, agent}, (reply) => {
      let text = "";
      reply.on("data", (chunk) => {
        text += chunk;
      });
      reply.on("end", () => resolve({status: reply.statusCode, headers: reply.headers, text}));
    });
    request.on("error", reject);
    request.end(body);
  });
}

// settle waits until nothing happens any more at this moment.
async function settle() {
  do {
    if (open > 0)
      await new Promise((done) => {
        closed = done;
      });
    for (let i = 0; i < 3; i++) await new Promise((done) => setImmediate(done));
  } while (open > 0);
}

const move = (ms) => {
  awake += ms;
  wall += ms;
  behind += ms;
};

async function run(ms) {
  for (const end = awake + ms; ; ) {
    const [id, next] = [...timers].sort(([, a], [, b]) => a.at - b.at)[0] ?? [];
    if (!next || next.at > end) {
      move(end - awake);
      return;
    }
    move(Math.max(0, next.at - awake));
    timers.delete(id);
    next.run();
    await settle();
  }
}

const seen = {calls: 0, lives: new Set(), requests: 0, refused: 0, waited: 0};
let offline = false;
const source = createTokenSource({
  url: `${MINT_URL}/public/tokens/public-map`,
  hosts: [new URL(TOKENS_API_URL).host],
  onError: () => {},
  async fetch(url) {
    seen.calls++;
    if (offline) throw new TypeError("Failed to fetch");
    const {status, headers, text} = await send(url);
    if (status === 200) seen.lives.add(Math.round(JSON.parse(text).expires_in / 60));
    return new Response(text, {status, headers});
  },
});
source.attach({accessToken: null});

// draw asks for one tile, as soon as there is a token for it.
async function draw() {
  const asked = awake;
  const {url} = await source.transformRequest(
    `${TOKENS_API_URL}/v4/mapbox.satellite/11/1100/${seen.requests % 2000}.png`,
  );
  if (awake > asked + MINUTE) seen.waited++;
  const {status} = await send(url);
  seen.requests++;
  if (status === 401) seen.refused++;
  else assert.equal(status, 200);
}

// use is somebody who moves the map every 20 seconds.
async function use(ms) {
  for (const end = awake + ms; awake < end; ) {
    draw();
    await settle();
    await run(20 * SECOND);
  }
}

// sleep is that of the device.
function sleep(ms) {
  wall += ms;
  behind += ms;
}

const fault = (method, body) =>
  send(`${TOKENS_API_URL}/_sim/faults`, {method, body: body && JSON.stringify(body)});
const rotate = (query = "") =>
  send(`${MINT_URL}/_dev/rotate${query}`, {method: "POST"}).then(({status}) =>
    assert.equal(status, 200),
  );
const parents = async () =>
  JSON.parse((await send(`${TOKENS_API_URL}/_sim/tokens?user=${process.env.MAPBOX_USERNAME}`)).text)
    .filter(({note}) => note.includes("parent"))
    .map(({id}) => id);

const old = await parents();
assert.equal(old.length, 1);
await use(3 * HOUR);
sleep(2 * HOUR);
await use(HOUR);

await fault("POST", {op: "create-temporary", hits: -1, kind: "status", status: 503});
await use(HOUR / 2);
await fault("DELETE");
await use(HOUR / 2);
assert.ok(seen.waited > 0, "the outage of Mapbox was not felt");

await rotate("?force=true");
for (let hour = 0; hour < 4; hour++) {
  // the old parent is deleted three hours later
  await use(HOUR);
  await rotate();
}
const now = await parents();
assert.ok(now.length === 1 && now[0] !== old[0], "the parent was not replaced");

offline = true;
await use(HOUR / 2);
offline = false;
sleep(20 * MINUTE);
await use(2 * HOUR + 10 * MINUTE);

assert.ok(Math.max(...seen.lives) <= 14, "a token of 15 minutes, less a minute for caches");
writeFileSync(POLICY, readFileSync(POLICY, "utf8").replace("lifetime: 15m", "lifetime: 11m"));
seen.lives.clear();
await use(HOUR);
assert.ok(Math.max(...seen.lives) <= 10, "the new policy is not in use");
for (let i = 0; i < 3; i++) {
  sleep(2 * HOUR);
  await use(HOUR);
}
source.close();
agent.destroy();

const hours = Math.round((wall - begin) / HOUR);
console.log(
  `${hours} hours: ${seen.refused} of ${seen.requests} requests got 401; ` +
    `${seen.calls} calls to the mint; ` +
    `${seen.waited} requests waited for a token for more than a minute`,
);
assert.equal(hours, 24);
assert.equal(seen.refused, 0);
assert.ok(seen.requests > 2500);
assert.ok(seen.calls < 400, "too many calls");
