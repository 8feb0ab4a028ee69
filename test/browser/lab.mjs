// The lab: a mint whose faults a test chooses, the pages, and a browser that finds the simulator
// where Mapbox is.
import http from "node:http";
import path from "node:path";
import {readFile} from "node:fs/promises";
import {fileURLToPath} from "node:url";
import puppeteer from "puppeteer-core";

export const here = path.dirname(fileURLToPath(import.meta.url));
export const sleep = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

// call sends a request to a simulator and returns the JSON of the reply.
async function call(account, path, method = "GET", body) {
  const reply = await fetch(`${process.env.MAPBOX}/${account}${path}`, {
    method,
    body: body && JSON.stringify(body),
  });
  if (!reply.ok) throw new Error(`${method} ${path.split("?")[0]}: ${reply.status}`);
  return reply.status === 204 ? undefined : reply.json();
}

// A real client has a margin of 30 s before the end of a token, and one of tokens of 5 s has half a
// second. A busy machine needs longer to send a request. So Mapbox accepts the tokens of the lab two
// to three seconds longer than the mint says.
export const SLACK = 2;

// Mint is a mint for one account. Its tokens live `life` seconds and SLACK.
export class Mint {
  constructor(account) {
    this.account = account;
    this.master = process.env[`MASTER_${account.toUpperCase()}`];
    this.reset();
  }

  reset() {
    Object.assign(this, {
      life: 5,
      fault: "",
      calls: 0,
      failed: 0,
      open: 0,
      most: 0,
      parent: undefined,
    });
  }

  async serve(request, response) {
    this.calls++;
    this.most = Math.max(this.most, ++this.open);
    response.on("close", () => this.open--);
    const fault = this.fault;
    if (fault) this.failed++;
    if (fault === "no answer") return;
    if (fault === "reset") return request.socket.destroy();
    if (fault === "HTML")
      return send(response, 200, "<!doctype html><title>Sign in</title>", {
        "content-type": "text/html",
      });
    if (fault === "429")
      return send(response, 429, {message: "Too Many Requests"}, {"retry-after": "5"});
    if (fault === "503") return send(response, 503, {message: "Service Unavailable"});
    if (fault === "403")
      return send(response, 403, {message: "no", code: "caller_not_allowed", request_id: "1"});
    send(response, 200, await this.token());
  }

  async token() {
    const parent = (this.parent ??= await call(
      this.account,
      `/tokens/v2/${this.account}?access_token=${this.master}`,
      "POST",
      {scopes: ["styles:read", "styles:tiles", "fonts:read", "tokens:write"], note: "parent"},
    ));
    const {now} = await call(this.account, "/_sim/clock");
    const expires = new Date(
      (Math.floor(Date.parse(now) / 1000) + this.life + SLACK + 1) * 1000,
    ).toISOString();
    const {token} = await call(
      this.account,
      `/tokens/v2/${this.account}?access_token=${parent.token}`,
      "POST",
      {scopes: ["styles:read", "styles:tiles", "fonts:read"], expires},
    );
    return {token, expires, expires_in: this.life};
  }

  // permanent returns a public token that does not end.
  async permanent() {
    const {token} = await call(
      this.account,
      `/tokens/v2/${this.account}?access_token=${this.master}`,
      "POST",
      {scopes: ["styles:read", "styles:tiles", "fonts:read"], note: "public"},
    );
    return token;
  }

  // revoke ends all tokens at once, as a person does who deletes their parent.
  async revoke() {
    await call(
      this.account,
      `/tokens/v2/${this.account}/${this.parent.id}?access_token=${this.master}`,
      "DELETE",
    );
    this.parent = undefined;
  }

  advance(seconds) {
    return call(this.account, "/_sim/clock", "POST", {advance: `${seconds}s`});
  }

  // slow lets the replies of one kind arrive two seconds late, once each has had its effect.
  async slow(op) {
    await call(this.account, "/_sim/faults", "DELETE");
    if (op)
      await call(this.account, "/_sim/faults", "POST", {
        op,
        hits: 20,
        kind: "slow",
        delay_after: "2s",
      });
  }

  forget() {
    return call(this.account, "/_sim/calls", "DELETE");
  }

  // requests returns what the map has asked Mapbox for: how often, and which got 401.
  async requests() {
    const all = (await call(this.account, "/_sim/calls")).filter(
      (c) => !c.path.startsWith("/tokens/"),
    );
    const refused = {};
    for (const {op, status} of all) if (status === 401) refused[op] = (refused[op] ?? 0) + 1;
    const kinds = {};
    for (const {op} of all) kinds[op] = (kinds[op] ?? 0) + 1;
    return {
      all: all.length,
      kinds,
      refused,
      ended: Object.values(refused).reduce((a, b) => a + b, 0),
    };
  }
}

function send(response, status, body, headers = {"content-type": "application/json"}) {
  response.writeHead(status, {
    "cache-control": "no-store",
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "age,retry-after",
    ...headers,
  });
  response.end(typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body));
}

const types = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
};
const folders = {
  npm: "node_modules",
  js: process.env.CLIENTS_JS ?? "../../clients/js",
  pages: "pages",
};

// serve starts the server of the pages. `routes` has more: {"/path": (request, response) => …}.
export async function serve(routes) {
  const server = http.createServer(async (request, response) => {
    const address = new URL(request.url, "http://x").pathname;
    if (routes[address]) return routes[address](request, response);
    const [, folder, ...rest] = address.split("/");
    try {
      if (!folders[folder]) throw new Error("no such folder");
      const file = path.resolve(here, folders[folder], path.join(...rest));
      send(response, 200, await readFile(file), {
        "content-type": types[path.extname(file)] ?? "application/octet-stream",
      });
    } catch {
      send(response, 404, {message: "Not Found"});
    }
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return server;
}

// browse starts Chromium without a display. Every name of mapbox.com leads to the simulator.
export function browse() {
  const tls = process.env.MAPBOX_TLS;
  return puppeteer.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    protocolTimeout: 20_000,
    args: [
      "--no-sandbox",
      "--use-angle=swiftshader",
      "--enable-unsafe-swiftshader",
      "--ignore-certificate-errors",
      `--host-resolver-rules=MAP *.mapbox.com ${tls ?? "~NOTFOUND"}, MAP * ~NOTFOUND, ` +
        "EXCLUDE 127.0.0.1, EXCLUDE localhost",
    ],
  });
}

// look says what the canvases of a frame show, from a picture of the screen: `blank` of them show
// only the page behind, and `empty` of them only the background of the style, without a tile.
export async function look(page, frame) {
  const seen = {blank: 0, empty: 0};
  for (const canvas of await frame.$$(
    "canvas.mapboxgl-canvas, canvas.maplibregl-canvas, .missing",
  )) {
    const picture = await canvas.screenshot({encoding: "base64"});
    const kind = await page.evaluate(whatIsOn, picture);
    if (kind) seen[kind]++;
  }
  return seen;
}

// whatIsOn runs in the page. pages/map.html is magenta behind its maps. The simulator's style has a
// background of #e8e4d8, which tiles cover.
async function whatIsOn(picture) {
  const image = new Image();
  image.src = `data:image/png;base64,${picture}`;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const {data} = context.getImageData(0, 0, image.width, image.height);
  const share = (red, green, blue) => {
    let found = 0;
    for (let i = 0; i < data.length; i += 4) {
      found +=
        Math.abs(data[i] - red) + Math.abs(data[i + 1] - green) + Math.abs(data[i + 2] - blue) < 12;
    }
    return found / (data.length / 4);
  };
  if (share(255, 0, 255) > 0.9) return "blank";
  return share(0xe8, 0xe4, 0xd8) > 0.9 ? "empty" : "";
}
