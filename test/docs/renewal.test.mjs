// Runs the JavaScript sample of docs/deploy.md, which the file in SAMPLE holds as printed, under a clock made by hand.
import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {test} from "node:test";

const sample = readFileSync(process.env.SAMPLE, "utf8");
const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
const AsyncFunction = (async () => {}).constructor;
const settle = () => new Promise((resolve) => setImmediate(resolve));

// World has the true time and, apart from it, both clocks of a device: one stops in sleep, the other can be set.
class World {
  time = 0; slept = 0; skew = 0; asleep = false; seed = 1;
  queue = []; // {at, run, visitor}, sorted by time
  minted = 0;
  visitors = [];
  calls = []; // {at, visitor, open}
  answer = () => ok(3600);
  delay = 50; // of an answer

  clockAwake() { return this.time - this.slept; }
  clockDevice() { return 1.8e12 + this.time + this.skew; }

  // after runs a function when the device has been awake that long.
  after(ms, visitor, run) {
    if (!(ms >= 1) || ms > 2 ** 31 - 1) ms = 1; // as browsers do, also with a delay that overflows
    const entry = {at: this.clockAwake() + ms, run, visitor};
    let low = 0, high = this.queue.length;
    while (low < high) {
      const mid = (low + high) >> 1;
      if (this.queue[mid].at <= entry.at) low = mid + 1; else high = mid;
    }
    this.queue.splice(low, 0, entry);
    return entry;
  }
  cancel(entry) {
    const i = this.queue.indexOf(entry);
    if (i >= 0) this.queue.splice(i, 1);
  }

  async run(ms) {
    const end = this.clockAwake() + ms;
    while (this.queue.length > 0 && this.queue[0].at <= end) {
      const {at, run, visitor} = this.queue.shift();
      this.time += at - this.clockAwake();
      this.active = false;
      run();
      if (this.active) await settle();
      assert.ok(this.calls.length < 10_000, "too many requests");
      this.check([visitor]);
    }
    this.time += end - this.clockAwake();
    this.check();
  }

  async sleep(ms) {
    this.time += ms;
    this.slept += ms;
    await this.show();
  }

  // show is a tab that becomes visible.
  async show() {
    for (const {listeners} of this.visitors) for (const listener of listeners) listener({type: "visibilitychange"});
    await settle();
    this.check();
  }

  // check holds at each moment: one timer for each visitor, and no token after its end.
  check(visitors = this.visitors) {
    for (const v of visitors) {
      assert.ok(v.timers.size <= 1, `${v.timers.size} timers`);
      const end = v.ends.get(v.mapboxgl.accessToken);
      assert.ok(end === undefined || this.time < end, "a token is used after its end");
    }
  }

  random() { // a seeded one, so that a failure can be seen again
    this.seed = (this.seed * 1103515245 + 12345) % 2147483648;
    return this.seed / 2147483648;
  }

  async visit({userJwt = async () => "jwt"} = {}) {
    const v = {mapboxgl: {accessToken: null}, listeners: [], timers: new Set(), ends: new Map(), calls: []};
    this.visitors.push(v);
    const timer = (ms, run) => {
      const entry = this.after(ms, v, () => { v.timers.delete(entry); run(); });
      v.timers.add(entry);
      return entry;
    };
    const globals = {
      mintUrl: "https://mint.example", userJwt: () => { this.active = true; return userJwt(); }, mapboxgl: v.mapboxgl,
      document: {addEventListener: (type, f) => v.listeners.push(f), visibilityState: "visible", hidden: false},
      fetch: (url, init) => this.fetch(v, init), performance: {now: () => this.clockAwake()},
      Date: {now: () => this.clockDevice()}, Math: Object.create(Math, {random: {value: () => this.random()}}),
      setTimeout: (run, ms) => timer(ms, run), clearTimeout: (entry) => { v.timers.delete(entry); this.cancel(entry); },
      console: {error() {}, warn() {}, log() {}},
    };
    new AsyncFunction(...Object.keys(globals), `"use strict";${sample}`)(...Object.values(globals)).catch((e) => { v.broken = e; });
    return v;
  }

  fetch(v, init) {
    this.active = true;
    const call = {at: this.time, open: true};
    v.calls.push(call);
    this.calls.push(call);
    return new Promise((resolve, reject) => {
      const end = (f, value) => { call.open = false; this.active = true; f(value); };
      init.signal?.addEventListener("abort", () => end(reject, new Error("aborted")));
      const reply = this.answer(v, call);
      if (reply === undefined) return; // never
      this.after(this.delay, v, () => {
        if (reply instanceof Error) return end(reject, reply);
        if (reply.life !== undefined) {
          reply.body = {token: `tk.${this.minted++}`, expires_in: reply.life};
          v.ends.set(reply.body.token, call.at + this.delay / 2 + reply.life * SECOND);
        }
        end(resolve, {
          ok: reply.status < 300, status: reply.status, headers: new Headers(reply.headers),
          json: async () => JSON.parse(reply.text ?? JSON.stringify(reply.body)), text: async () => reply.text ?? "",
        });
      });
    });
  }
}

const ok = (life) => ({status: 200, life, headers: {}});
const refusal = (status, headers = {}) => ({status, headers, text: `{"message":"no","code":"no"}`});
const offline = () => new TypeError("Failed to fetch");

async function start(options) {
  const world = new World();
  Object.assign(world, options);
  const visitor = await world.visit(options);
  await settle();
  return [world, visitor];
}

const gaps = (calls) => calls.slice(1).map((call, i) => call.at - calls[i].at);
const hasToken = (v) => v.ends.has(v.mapboxgl.accessToken);

test("a day: each renewal lies at 70 to 80 % of the life", async () => {
  const [world, v] = await start();
  await world.run(DAY);
  assert.ok(v.calls.length >= 30 && v.calls.length <= 35, `${v.calls.length} requests`);
  for (const gap of gaps(v.calls)) assert.ok(gap >= 0.7 * HOUR && gap <= 0.8 * HOUR + 2 * SECOND, `renewed after ${gap} ms`);
  assert.ok(hasToken(v));
});

test("a day with 500 tab switches asks no more often", async () => {
  const [world, v] = await start();
  for (let i = 0; i < 500; i++) {
    await world.run(DAY / 500);
    await world.show();
  }
  assert.ok(v.calls.length <= 35, `${v.calls.length} requests`);
  assert.ok(hasToken(v));
});

for (const [name, fault] of Object.entries({
  "a rejected fetch": offline, "503": () => refusal(503), "a reply in HTML": () => ({status: 200, text: "<!doctype html>"}),
  "a reply without a token": () => ({status: 200, body: {}}), "a token of no life": () => ({status: 200, body: {token: "tk.x", expires_in: 0}}),
})) {
  for (const [when, first] of [["at the start", 0], ["at a renewal", 1]]) {
    test(`${name} for half an hour, ${when}: asks with growing pauses, and a token comes by itself`, async () => {
      const [world, v] = await start({answer: (v) => (v.calls.length <= first ? ok(600) : fault())});
      await world.run(first * 500 * SECOND + 30 * MINUTE);
      assert.ok(!hasToken(v) && !v.mapboxgl.accessToken, "there is a token");
      const failed = v.calls.length - first;
      assert.ok(failed >= 20 && failed <= 80, `${failed} failed requests`);
      world.answer = () => ok(3600);
      await world.run(62 * SECOND);
      assert.ok(hasToken(v), "no token after the fault");
      await world.run(DAY);
      assert.ok(hasToken(v), "no token a day later");
    });
  }
}

test("a user's JWT that cannot be had for a while", async () => {
  let broken = true;
  const [world, v] = await start({userJwt: async () => { if (broken) throw new Error("no session"); return "jwt"; }});
  await world.run(10 * MINUTE);
  assert.equal(v.calls.length, 0);
  broken = false;
  await world.run(70 * SECOND);
  await settle();
  await world.run(SECOND);
  assert.ok(hasToken(v));
});

for (const status of [400, 401, 403, 404]) {
  test(`${status} is not repeated, and its token is not used after the end`, async () => {
    const [world, v] = await start({answer: (v) => (v.calls.length === 1 ? ok(3600) : refusal(status))});
    for (let i = 0; i < 200; i++) {
      await world.run(DAY / 200);
      await world.show();
    }
    assert.equal(v.calls.length, 2);
    assert.ok(!hasToken(v));
  });
}

test("429 with Retry-After: not earlier, not when the tab is shown, and spread", async () => {
  const [world, v] = await start({answer: (v) => (v.calls.length === 1 ? refusal(429, {"retry-after": "300"}) : ok(3600))});
  for (let i = 0; i < 100; i++) {
    await world.run(2.9 * SECOND);
    await world.show();
  }
  assert.equal(v.calls.length, 1);
  await world.run(20 * SECOND);
  assert.equal(v.calls.length, 2);
  assert.ok(hasToken(v));
});

for (const odd of ["-5", "soon", "", "Wed, 21 Oct 2026 07:28:00 GMT", "0"]) {
  test(`429 with Retry-After ${JSON.stringify(odd)}: asks with growing pauses`, async () => {
    const [world, v] = await start({answer: () => refusal(429, {"retry-after": odd})});
    await world.run(30 * MINUTE);
    assert.ok(v.calls.length >= 20 && v.calls.length <= 80, `${v.calls.length} requests`);
  });
}

// most is the largest number of calls within one second.
function most(calls) {
  const seconds = new Map();
  for (const {at} of calls) seconds.set(Math.floor(at / SECOND), (seconds.get(Math.floor(at / SECOND)) ?? 0) + 1);
  return Math.max(...seconds.values());
}

test("1,000 visitors who start at once do not renew together", async () => {
  const world = new World();
  world.answer = () => ok(600);
  for (let i = 0; i < 1000; i++) await world.visit();
  await settle();
  world.calls = [];
  await world.run(490 * SECOND);
  assert.equal(world.calls.length, 1000);
  assert.ok(most(world.calls) <= 60, `${most(world.calls)} requests in one second`);
});

test("1,000 visitors who got 429 at once do not come back together", async () => {
  const world = new World();
  world.answer = (v) => (v.calls.length === 1 ? refusal(429, {"retry-after": "30"}) : ok(3600));
  for (let i = 0; i < 1000; i++) await world.visit();
  await settle();
  world.calls = [];
  await world.run(60 * SECOND);
  assert.equal(world.calls.length, 1000);
  assert.ok(most(world.calls) <= 400, `${most(world.calls)} requests in one second`);
});

for (const [name, skew] of [["an hour back", -HOUR], ["an hour ahead", HOUR], ["a year ahead", 365 * DAY], ["a year back", -365 * DAY]]) {
  test(`the device's clock is set ${name}, and set right an hour later`, async () => {
    const [world, v] = await start();
    for (const moved of [0, skew, 0]) {
      world.skew = moved;
      await world.run(10 * MINUTE);
      await world.show();
      await world.run(50 * MINUTE);
    }
    assert.ok(v.calls.length >= 4 && v.calls.length <= 7, `${v.calls.length} requests`);
    assert.ok(hasToken(v));
  });
}

test("an hour of sleep: the ended token is gone at once, and there is a new one", async () => {
  const [world, v] = await start();
  for (let i = 0; i < 5; i++) {
    await world.run(20 * MINUTE);
    await world.sleep(HOUR); // checks that no ended token is left
    await world.run(SECOND);
    assert.ok(hasToken(v));
  }
  assert.equal(v.calls.length, 6);
});

test("an hour of sleep while a request is under way", async () => {
  const [world, v] = await start({answer: (v) => (v.calls.length === 2 ? undefined : ok(3600))});
  while (v.calls.length < 2) await world.run(SECOND);
  await world.sleep(HOUR);
  await world.run(SECOND);
  assert.ok(hasToken(v));
});

test("a token that lives for 40 days does not overflow the timer", async () => {
  const [world, v] = await start({answer: () => ok(40 * 86400)});
  for (let i = 0; i < 27; i++) await world.run(DAY);
  assert.equal(v.calls.length, 1);
  await world.run(6 * DAY);
  assert.equal(v.calls.length, 2);
});

test("a mint that never answers: one request at a time, and a token later", async () => {
  const [world, v] = await start({answer: () => undefined});
  await world.run(10 * MINUTE);
  assert.ok(v.calls.length >= 5 && v.calls.length <= 21, `${v.calls.length} requests`);
  assert.equal(v.calls.filter((call) => call.open).length, 1);
  world.answer = () => ok(3600);
  await world.run(62 * SECOND);
  assert.ok(hasToken(v));
});

test("a token that has ended when it arrives is not used", async () => {
  const [world, v] = await start({answer: () => ok(12), delay: 25 * SECOND});
  await world.run(5 * MINUTE);
  assert.ok(!v.mapboxgl.accessToken);
});
