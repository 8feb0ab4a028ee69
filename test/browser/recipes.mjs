// Runs the blocks of docs/recipes.md as printed: each in a page of its own, with the real packages,
// on tokens that live for seconds.
import {readFile} from "node:fs/promises";
import path from "node:path";
import assert from "node:assert/strict";
import esbuild from "esbuild";
import {look, browse, here, Mint, serve, SLACK, sleep} from "./lab.mjs";

const [only = ""] = process.argv.slice(2).map((a) => a.split("=")[1]);
const LIFE = 3;
const END = LIFE + SLACK + 1; // of a token, at the latest
const client = path.resolve(here, "../../clients/js");
const MINT = "https://mint.example.com/public/tokens/public-map";

// read returns the blocks of the page, each with the heading above it.
function read(text) {
  const blocks = [];
  let heading, open;
  for (const line of text.split("\n")) {
    if (open && line === "```") open = undefined;
    else if (open) open.text += `${line}\n`;
    else if (line.startsWith("## ")) heading = line.slice(3);
    else if (line.startsWith("```")) blocks.push((open = {heading, kind: line.slice(3), text: ""}));
  }
  return blocks;
}

// bundle makes a script and a style sheet of a block, as a user's bundler does.
async function bundle(contents, platform = "browser") {
  const {outputFiles} = await esbuild.build({
    stdin: {contents, resolveDir: here, loader: "jsx"},
    bundle: true,
    write: false,
    outdir: here,
    format: "esm",
    platform,
    jsx: "automatic",
    define: {"process.env.NODE_ENV": '"production"'},
    loader: {".png": "dataurl"},
    logLevel: "error",
    alias: {
      tokenmint: client,
      react: path.join(here, "node_modules/react"),
      ...(platform === "node" && {"react-native": "./pages/react-native.js"}),
    },
  });
  const text = (end) => outputFiles.find((file) => file.path.endsWith(end))?.text ?? "";
  return {js: text(".js"), css: text(".css")};
}

const mint = new Mint("gate");
const files = {}; // of the page that is open: address -> [type, text]
const server = await serve(
  Object.fromEntries(
    ["/page", "/page.js", "/page.css"].map((address) => [
      address,
      (request, response) => {
        const [type, text, headers] = files[address];
        response.writeHead(200, {"content-type": type, ...headers}).end(text);
      },
    ]),
  ),
);
const browser = await browse();

// elsewhere answers for other hosts: the mint, the CDN, and Mapbox's copy of mapbox-gl.
async function elsewhere(page) {
  const session = await page.createCDPSession();
  await session.send("Fetch.enable", {
    patterns: [
      "https://mint.example.com/*",
      "https://cdn.jsdelivr.net/*",
      "https://api.mapbox.com/mapbox-gl-js/*",
    ].map((urlPattern) => ({urlPattern})),
  });
  session.on("Fetch.requestPaused", async ({requestId, request}) => {
    const {body, type} = await content(request.url);
    const responseHeaders = Object.entries({
      "content-type": type,
      "access-control-allow-origin": "*",
    }).map(([name, value]) => ({name, value}));
    const reply = session.send("Fetch.fulfillRequest", {
      requestId,
      responseCode: 200,
      responseHeaders,
      body: Buffer.from(body).toString("base64"),
    });
    await reply.catch(() => {}); // the page may be closed by now
  });
}

async function content(address) {
  const {hostname, pathname} = new URL(address);
  if (hostname === "mint.example.com") {
    assert.equal(address, MINT);
    mint.calls++;
    return {type: "application/json", body: JSON.stringify(await mint.token())};
  }
  const file =
    hostname === "api.mapbox.com"
      ? path.join(here, "node_modules/mapbox-gl/dist", path.basename(pathname))
      : path.join(client, pathname.replace(/^\/npm\/tokenmint@[\d.]+\//, ""));
  return {
    type: pathname.endsWith(".css") ? "text/css" : "text/javascript",
    body: await readFile(file),
  };
}

// visit opens a page with a block and returns it.
async function visit(block, headers) {
  mint.reset();
  mint.life = LIFE;
  await mint.forget();
  const {js, css} = block.kind.startsWith("js") ? await bundle(block.text) : {};
  files["/page.js"] = ["text/javascript", js];
  files["/page.css"] = ["text/css", css];
  files["/page"] = [
    "text/html",
    block.kind === "html recipe"
      ? block.text
      : `<!doctype html><link rel="stylesheet" href="/page.css">
    <body style="margin:0;background:#f0f"><div id="map" style="width:400px;height:300px"></div>
    <script type="module">import * as recipe from "/page.js"; window.recipe = recipe</script>`.replace(
          /<script type="module">.*/,
          headers ? '<script type="module" src="/page.js"></script>' : "$&",
        ),
    headers,
  ];
  const page = await browser.newPage();
  page.problems = [];
  page.on("pageerror", (error) => page.problems.push(String(error)));
  page.on("console", (message) => {
    if (/Security Policy/.test(message.text())) page.problems.push(message.text());
  });
  await page.setViewport({width: 400, height: 300});
  await elsewhere(page);
  await page.goto(`http://localhost:${server.address().port}/page`);
  return page;
}

async function until(what, condition) {
  for (let i = 0; i < 200; i++) {
    if (await condition()) return;
    await sleep(0.1);
  }
  throw new Error(`${what}: not within 20 s`);
}

// map draws, outlives its first token, and is dragged by hand.
async function map(block, headers) {
  const page = await visit(block, headers);
  const requests = async () => (await mint.requests()).all;
  await until("the map draws", async () => (await requests()) > 1);
  await sleep(END);
  const before = await requests();
  for (let i = 0; i < 3; i++) {
    await page.mouse.move(350, 150);
    await page.mouse.down();
    await page.mouse.move(50, 150, {steps: 5});
    await page.mouse.up();
  }
  await until("the map loads more", async () => (await requests()) > before);
  await sleep(0.5);
  const {ended, refused, all} = await mint.requests();
  assert.equal(ended, 0, JSON.stringify(refused));
  assert.ok(block.kind === "js before" || mint.calls > 1, `${mint.calls} calls to the mint`);
  assert.deepEqual(await look(page, page.mainFrame()), {blank: 0, empty: 0});
  assert.deepEqual(page.problems, []);
  return `${all} requests, ${mint.calls} tokens`;
}

// before runs the code of somebody with a permanent token.
const before = async (block) =>
  map({...block, text: block.text.replace("pk.eyJ1…", await mint.permanent())});

// search finds places, also after the end of the first token.
async function search(block) {
  const page = await visit(block);
  await until("the recipe is ready", () => page.evaluate("Boolean(window.recipe)"));
  for (let i = 0; i < 2; i++) {
    const found = await page.evaluate("recipe.find('Berlin')");
    assert.ok(found.length > 0, "no place");
    await sleep(END);
  }
  const {ended, all} = await mint.requests();
  assert.equal(ended, 0);
  assert.ok(all >= 2 && mint.calls === 2, `${all} requests, ${mint.calls} tokens`);
  return `${all} requests, ${mint.calls} tokens`;
}

// box types into the element of Search JS after the end of the first token.
async function box(block) {
  const page = await visit(block);
  await until("the element is there", () => page.$("mapbox-search-box input"));
  await sleep(END);
  await page.type("mapbox-search-box input", "Berlin");
  await until("suggestions", async () => (await mint.requests()).all > 0);
  assert.equal((await mint.requests()).ended, 0);
  assert.ok(mint.calls > 1);
  return `${mint.calls} tokens`;
}

// native runs in Node with a stub of AppState. Its clock does not move in the background.
async function native(block) {
  const {js} = await bundle(`${block.text}\nexport {AppState}`, "node");
  let [skew, calls, real] = [0, 0, Date.now];
  Date.now = () => real() + skew;
  globalThis.fetch = async () => Response.json({token: `tk.e30.${++calls}`, expires_in: 3600});
  const {source, AppState} = await import(
    `data:text/javascript;base64,${Buffer.from(js).toString("base64")}`
  );
  const stop = source.subscribe(() => {});
  await source.get();
  skew = 3600_000;
  AppState.emit("background");
  await sleep(0.1);
  assert.equal(calls, 1, "a request from the background");
  AppState.emit("active");
  await until("a request", () => calls === 2);
  stop();
  source.close();
  Date.now = real;
  return "2 tokens";
}

// policy draws the recipe of mapbox-gl on a page with this header.
const policy = (block, blocks) =>
  map(
    blocks.find(({heading, kind}) => heading === "mapbox-gl" && kind === "js recipe"),
    {"Content-Security-Policy": block.text.slice(block.text.indexOf(":") + 1).trim()},
  );

const checks = {
  "Replace your pk token": (block) => (block.kind === "js before" ? before : map)(block),
  "mapbox-gl": (b) => map(b),
  "Your own transformRequest": (b) => map(b),
  "One page to copy": (b) => map(b),
  MapLibre: (b) => map(b),
  "MapLibre before 5.21": (b) => map(b),
  Leaflet: (b) => map(b),
  "react-map-gl": (b) => map(b),
  "mapbox-sdk-js": search,
  "Search JS": (b) => (b.text.includes("find(") ? search : box)(b),
  "Content-Security-Policy": policy,
  "React Native": native,
};

let failed = 0;
const blocks = read(await readFile(path.resolve(here, "../../docs/recipes.md"), "utf8"));
try {
  for (const block of blocks.filter(({heading}) => heading.includes(only))) {
    try {
      assert.ok(checks[block.heading], "no check runs it");
      console.log(
        `ok   ${block.heading} (${block.kind}): ${await checks[block.heading](block, blocks)}`,
      );
    } catch (error) {
      failed++;
      console.log(`FAIL ${block.heading} (${block.kind}): ${error.message}`);
    }
    for (const page of (await browser.pages()).slice(1)) await page.close();
  }
} finally {
  await browser.close();
  server.close();
  server.closeAllConnections();
}
process.exitCode = failed || blocks.length === 0 ? 1 : 0;
