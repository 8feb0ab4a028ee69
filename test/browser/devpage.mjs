// Drives the page of dev: each button, each panel, the keyboard, a dark screen and a phone.
import assert from "node:assert/strict";
import {writeFile} from "node:fs/promises";
import {browse, sleep} from "./lab.mjs";

const {MINT_URL, POLICY, SHOTS} = process.env;
const browser = await browse();
const page = await browser.newPage();
// Errors of the script, and refusals by the content security policy. Refused requests are no errors.
const complaints = [];
page.on("console", (m) => {
  if (m.type() === "error" && !/^Failed to load resource/.test(m.text())) complaints.push(m.text());
});
page.on("pageerror", (e) => complaints.push(e.message));

const text = (selector) => page.$eval(selector, (e) => e.innerText);

// shows waits until an element has a text.
async function shows(selector, pattern, seconds = 15) {
  for (const end = Date.now() + seconds * 1000; ; await sleep(0.1)) {
    const now = await text(selector);
    if (pattern.test(now)) return now;
    if (Date.now() > end) assert.fail(`${selector} shows ${now}, want ${pattern}`);
  }
}

async function press(selector) {
  await page.$eval(selector, (e) => e.click());
}

async function picture(name) {
  if (SHOTS) await page.screenshot({path: `${SHOTS}/dev-${name}.png`, fullPage: true});
}

// Each step has a title, for the reader of a failure.
const steps = {
  "the page draws a map": async () => {
    await page.goto(`${MINT_URL}/_dev/`);
    await shows("#stream", /^connected$/);
    await shows("#mapstate", /8 tiles drawn, 0 refused/);
    await picture("start");
  },
  "each route gives a token": async () => {
    for (const route of ["iam", "jwt", "custom", "public"]) {
      await press(`[data-route=${route}]`);
      await shows("#got", /Token [0-9a-f]{12} of profile [a-z-]+ ends in \d+ min/);
    }
    await shows("#got", /GET \/public\/tokens\/public-map/);
    await shows("#audit", /GET \/public\/tokens/);
    await shows("#tokens", /temporary, public-map/);
    await shows("#mintedtext", /[1-9]\d* of 80 mints/);
  },
  "the keyboard is enough": async () => {
    await page.focus("[data-route=iam]");
    await page.keyboard.press("Enter");
    await shows("#got", /POST \/tokens/);
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.dataset.route), "jwt");
  },
  "the rotation": async () => {
    await press("[data-do=plan]");
    await shows("#report", /parent: settled/);
    await press("[data-do='rotate?force=true']");
    await shows("#report", /create, promote/);
    await shows("#secrets", /AWSPREVIOUS[^]*AWSCURRENT/);
    await press("[data-do=rotate]");
    await shows("#report", /parent: settled/);
    await shows("#audit", /promote/);
  },
  "the clock": async () => {
    for (const [by, ahead] of [["1m", "60 s|61 s"], ["10m", "11 min"], ["1h", "71 min|72 min"], ["3h", "4 h"]]) {
      await press(`[data-advance='${by}']`);
      await shows("#ahead", new RegExp(ahead));
      await shows("#mapstate", /8 tiles drawn, 0 refused. Token [0-9a-f]+ ends/); // it renews
    }
    await press("[data-do=rotate]");
    await shows("#audit", /delete/); // the grace period is over
  },
  "Mapbox breaks": async () => {
    for (const fault of ["503", "429", "no-answer"]) {
      await press(`[data-fault*='${fault}']`);
      await shows("#faults", new RegExp(fault));
      await press("[data-advance='1h']"); // no shared token is left
      await press("[data-route=iam]");
      await shows("#got", /^POST .tokens\s+(429|50[0-9]) [a-z_]+ /, 30);
      await shows("#audit", /(429|50[0-9]) [a-z_]+\s+POST .tokens/);
      await press("#fix");
      await shows("#faults", /Mapbox works/);
    }
    await press("[data-advance='10m']"); // the minute of the 429 is over
    await shows("#mapstate", /8 tiles drawn, 0 refused/, 30); // it comes back by itself
  },
  "an ended token is refused": async () => {
    await press("#renew");
    await shows("#renew", /off/);
    await press("[data-advance='10m']");
    await shows("#mapstate", /0 tiles drawn, 8 refused. Token [0-9a-f]+ has ended/);
    await picture("ended");
    await press("#renew");
    await shows("#mapstate", /8 tiles drawn, 0 refused/);
    await press("#pan");
    await shows("#mapstate", /8 tiles drawn, 0 refused/);
  },
  "the policy": async () => {
    await writeFile(POLICY, "profiles:\n  web: {scopes: [styles:read]\n");
    await shows("#policyerror", /the policy before stays in use: .*:2: the bracket is never closed/);
    await writeFile(POLICY, `profiles: {web: {scopes: [styles:read, styles:tiles], allow: [{jwt: {groups: maps}}]}}\n`);
    await shows("#policyerror", /^$/);
    await page.waitForFunction(() => document.querySelector("[data-route=iam]").disabled);
    await press("details summary");
    await shows("#policytext", /groups: maps/);
  },
  "30 days": async () => {
    await press("[data-advance='720h']");
    await shows("#ahead", /30 days/);
    await press("[data-do=rotate]");
    await shows("#report", /create, promote/);
  },
  "no token is shown": async () => {
    assert.doesNotMatch(await text("body"), /\b[tsp]k\.[A-Za-z0-9]/);
  },
  "a dark screen and a phone": async () => {
    await picture("light");
    await page.emulateMediaFeatures([{name: "prefers-color-scheme", value: "dark"}]);
    await page.setViewport({width: 360, height: 740});
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= 360, `the page is ${width} wide`);
    await picture("phone");
  },
};

try {
  for (const [title, step] of Object.entries(steps)) {
    await step().catch((cause) => {
      throw new Error(`${title}: ${cause.message}`, {cause});
    });
    assert.deepEqual(complaints, [], title);
    console.log("ok", title);
  }
} finally {
  await browser.close();
}
