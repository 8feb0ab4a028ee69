// Draws maps on short tokens: the sample that docs/deploy.md had at f6114e8, the client's `attach`,
// and `attach` with `transformRequest`, side by side in one page. It counts 401s and blank canvases
// and prints a table. With --long it takes the times of docs/clients.md.
import {browse, look, Mint, serve, sleep} from "./lab.mjs";

const option = (name) => process.argv.find((a) => a.startsWith(`--${name}`))?.split("=")[1] ?? "";
const long = process.argv.includes("--long");
const accounts = long ? ["sample", "attach", "gate"] : ["sample", "gate"];
const HOUR = 3600;

const mints = Object.fromEntries(accounts.map((account) => [account, new Mint(account)]));
const each = (run) => Promise.all(accounts.map((account) => run(mints[account], account)));
const server = await serve(
  Object.fromEntries(
    accounts.map((account) => [
      `/${account}/tokens`,
      (request, response) => mints[account].serve(request, response),
    ]),
  ),
);
const origin = `http://localhost:${server.address().port}`;
const browser = await browse();

// Stage is the page of one scenario.
class Stage {
  async open(query) {
    this.page = await browser.newPage();
    await this.page.setViewport({width: 900, height: 300});
    const search = new URLSearchParams({accounts, life: mints[accounts[0]].life, ...query});
    await this.page.goto(`${origin}/pages/all.html?${search}`);
  }

  frame(account) {
    return this.page.frames().find((frame) => frame.name() === account);
  }
  inEach(script) {
    return each((_, account) => this.frame(account).evaluate(script));
  }

  // settle waits until no map loads anything. A map that cannot load is not waited for.
  async settle(seconds = 5) {
    for (let i = 0; i < seconds * 10; i++) {
      if ((await this.inEach("lab.idle()")).every(Boolean)) return;
      await sleep(0.1);
    }
  }

  async pan(seconds) {
    await this.inEach("lab.pan()");
    await sleep(seconds);
    await this.inEach("lab.stop()");
  }

  // sleep is the sleep of a device. Its clock runs on; its timers and performance.now() do not.
  async sleep(seconds) {
    await this.settle();
    await this.jump(seconds);
  }

  async jump(seconds) {
    await each((mint) => mint.advance(seconds));
    await this.inEach(`lab.skew += ${seconds * 1000}`);
  }

  async hide(seconds, meanwhile = () => {}) {
    const other = await browser.newPage();
    await other.bringToFront();
    await meanwhile();
    await sleep(seconds);
    await this.page.bringToFront();
    await other.close();
  }

  // freeze does what Chromium does to a page that is hidden for long.
  async freeze(seconds) {
    const session = await this.page.createCDPSession();
    await this.hide(0, async () => {
      await session.send("Page.setWebLifecycleState", {state: "frozen"});
      await sleep(seconds);
      await session.send("Page.setWebLifecycleState", {state: "active"});
    });
    await session.detach();
  }

  // halt stops all processes that draw pages, as a system does that needs the memory.
  async halt(seconds) {
    const session = await browser.target().createCDPSession();
    const {processInfo} = await session.send("SystemInfo.getProcessInfo");
    const renderers = processInfo.filter(({type}) => type === "renderer").map(({id}) => id);
    for (const id of renderers) process.kill(id, "SIGSTOP");
    await sleep(seconds);
    for (const id of renderers) process.kill(id, "SIGCONT");
    await session.detach();
  }

  fault(kind) {
    for (const account of accounts) mints[account].fault = kind;
  }
}

// An interruption comes while the map moves.
const interrupted = (how, seconds) => async (stage) => {
  await stage.inEach("lab.pan()");
  await sleep(2);
  await stage[how](seconds);
  await stage.pan(3);
};

// A faulty mint fails until well after the end of the last token. Then the client's pause may go on,
// so the map moves until the mint has answered the client again.
const faulty = (kind, seconds) => async (stage) => {
  await stage.pan(1);
  stage.fault(kind);
  await stage.pan(seconds);
  const answered = ({calls, failed}) => calls - failed;
  const before = answered(mints.gate);
  stage.fault("");
  for (let i = 0; i < 30 && answered(mints.gate) === before; i++) await stage.pan(2);
  await stage.pan(long ? 20 : 4);
};

// asleepEarly: the device sleeps while the replies of one kind are on their way, so the map has not
// asked for its session yet.
async function asleepEarly(stage) {
  for (let i = 0; i < 200; i++) {
    const waiting = await each(async (mint) => (await mint.requests()).kinds[stage.slow] > 0);
    if (waiting.every(Boolean)) break;
    await sleep(0.05);
  }
  await stage.jump(HOUR);
  await stage.settle();
  await stage.pan(4);
}

const clock = async (stage) => stage.pan(long ? 20 : 4);

const scenarios = [
  {name: `awake, panning, ${long ? 200 : 10} s`, act: (stage) => stage.pan(long ? 200 : 10)},
  {
    name: `asleep 1 h, ${long ? "five times" : "twice"} (60 s tokens)`,
    life: 60,
    async act(stage) {
      for (let i = 0; i < (long ? 5 : 2); i++) {
        await stage.pan(2);
        await stage.sleep(HOUR);
        await stage.pan(long ? 8 : 3);
      }
    },
  },
  {
    name: "asleep before the first full load, tiles not yet asked for",
    slow: "tilejson",
    act: asleepEarly,
  },
  {
    name: "asleep before the first full load, last tiles on their way",
    slow: "raster-tile",
    act: asleepEarly,
    open: true,
  },
  {name: `frozen ${long ? 12 : 7} s`, act: interrupted("freeze", long ? 12 : 7)},
  {name: `hidden ${long ? 12 : 7} s`, act: interrupted("hide", long ? 12 : 7)},
  {name: `stopped process, ${long ? 10 : 7} s`, act: interrupted("halt", long ? 10 : 7)},
  {name: `mint answers 429 for ${long ? 15 : 7} s`, failures: 4, act: faulty("429", long ? 15 : 7)},
  ...["503", "reset", "HTML", "no answer"].map((kind) => ({
    name: `mint: ${kind} for ${long ? 15 : 7} s`,
    query: kind === "no answer" ? {timeout: 3000} : {},
    act: faulty(kind, long ? 15 : 7),
  })),
  {
    name: "page loaded while the mint is down (5 s)",
    fault: "503",
    early: true,
    async act(stage) {
      await sleep(5);
      stage.fault("");
      await stage.pan(8);
    },
  },
  {
    name: "mint answers 403 at a renewal",
    failures: 1,
    refuses: true,
    act: faulty("403", long ? 15 : 7),
  },
  {name: "clock of the device 1 h ahead", query: {skew: HOUR * 1000}, act: clock},
  {name: "clock of the device 1 h behind", query: {skew: -HOUR * 1000}, act: clock},
  {name: "clock of the device 400 days ahead", query: {skew: 400 * 24 * HOUR * 1000}, act: clock},
  {
    name: "clock of the device stepped ±1 h",
    async act(stage) {
      for (const step of [HOUR, -2 * HOUR, HOUR]) {
        await stage.pan(2);
        await stage.inEach(`lab.skew += ${step * 1000}`);
      }
      await stage.pan(2);
    },
  },
  {
    name: "four maps on one source (20 s tokens)", // a page with so many maps is slow in software
    life: 20,
    query: {maps: 4},
    act: (stage) => stage.pan(long ? 40 : 15),
  },
  {
    name: "token revoked (with `heal`)",
    life: 60,
    query: {heal: 1},
    open: true,
    async act(stage) {
      await stage.pan(1);
      await stage.settle();
      await each((mint) => mint.revoke());
      await stage.pan(6);
    },
  },
].filter(({name}) => name.includes(option("only")));

async function play({
  name,
  act,
  query = {},
  life = long ? 5 : 3,
  fault = "",
  early = false,
  slow = "",
}) {
  await each(async (mint) => {
    mint.reset();
    mint.life = life;
    mint.fault = fault;
    await mint.forget();
    await mint.slow(slow);
  });
  const stage = new Stage();
  stage.slow = slow;
  await stage.open(query);
  if (!early && !slow) await stage.settle(20);
  await act(stage);
  await stage.settle(2);
  const row = {name};
  for (const account of accounts) {
    const [mint, frame] = [mints[account], stage.frame(account)];
    const requests = await mint.requests();
    row[account] = {
      ...requests,
      ...(await look(stage.page, frame)),
      calls: mint.calls,
      failed: mint.failed,
      most: mint.most,
      errors: [...new Set(await frame.evaluate("lab.errors"))],
    };
  }
  if (option("shots"))
    await stage.page.screenshot({
      path: `${option("shots")}/${name.replace(/[^a-z0-9]+/gi, "-")}.png`,
    });
  await stage.page.close();
  return row;
}

// isWrong says what must not happen to the client. A mint that refuses leaves new places empty.
const isWrong = ({blank, empty, ended, most, all, failed}, {refuses, failures = Infinity}) =>
  blank || (empty && !refuses) || ended || most > 1 || all < 10 || failed > failures;

const show = ({ended, all, blank, empty, calls, failed}) =>
  [
    `${ended} of ${all}`,
    ...(blank ? [`**${blank} blank**`] : []),
    ...(empty ? ["**no tiles**"] : []),
    `mint: ${calls}${failed ? `, ${failed} failed` : ""}`,
  ].join("; ");
const titles = {
  sample: "sample of f6114e8",
  attach: "`attach`",
  gate: "`attach` and `transformRequest`",
};
console.log(
  `| scenario | ${accounts.map((a) => titles[a]).join(" | ")} |\n| --- |${" --- |".repeat(accounts.length)}`,
);
let [failed, refused] = [false, 0];
try {
  for (const scenario of scenarios) {
    const row = await play(scenario);
    console.log(`| ${row.name} | ${accounts.map((a) => show(row[a])).join(" | ")} |`);
    const {gate, sample} = row;
    if (isWrong(gate, scenario) && !scenario.open) {
      failed = true;
      console.error(`${row.name}: ${JSON.stringify(row)}`);
    }
    refused += sample.ended;
  }
} finally {
  await browser.close();
  server.close();
  server.closeAllConnections();
}
if (!option("only") && refused === 0) {
  failed = true;
  console.error("the sample got no 401: the stand-in does not refuse tokens that have ended");
}
process.exitCode = failed ? 1 : 0;
