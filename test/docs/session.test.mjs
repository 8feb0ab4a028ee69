// Tests docs/examples/session/authorizer.mjs, with the events that API Gateway sends to an authorizer (payload format 2.0).
import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import test from "node:test";

process.env.SITE = "https://www.example.com";
process.env.SESSION_KEY = "a key of this test";
const {handler, cookieOf} = await import("../../docs/examples/session/authorizer.mjs");

const soon = Math.floor(Date.now() / 1000) + 600;
const ann = {user: "ann", groups: ["maps"], ends: soon};
const cookie = (session) => cookieOf(session).split(";")[0];

// event is a request of the site's own page, with changes.
function event({headers, ...others} = {}) {
  return {
    version: "2.0", type: "REQUEST", routeKey: "POST /custom/tokens", rawPath: "/custom/tokens", cookies: [cookie(ann)],
    headers: {"content-type": "application/json", origin: "https://www.example.com", ...headers}, ...others,
  };
}

test("a signed-in user", async () => {
  assert.deepEqual(await handler(event()), {isAuthorized: true, context: {principalId: "ann", groups: ["maps"]}});
  const charset = await handler(event({headers: {"content-type": "Application/JSON; charset=utf-8"}}));
  assert.equal(charset.isAuthorized, true);
});

test("the mint gets what events/mint-custom.json has", async () => {
  const fixture = JSON.parse(readFileSync(new URL("../../events/mint-custom.json", import.meta.url)));
  assert.deepEqual((await handler(event())).context, fixture.requestContext.authorizer.lambda);
});

test("the cookie is not for scripts and other sites", () => {
  for (const part of ["HttpOnly", "Secure", "SameSite=Lax"]) assert.ok(cookieOf(ann).includes(`; ${part}`), part);
});

const [payload, seal] = cookie(ann).slice("session=".length).split(".");
const forged = Buffer.from(JSON.stringify({...ann, user: "eve", groups: ["admin"]})).toString("base64url");
const refused = {
  "a page of another site": {headers: {origin: "https://evil.example"}},
  "a sandboxed page": {headers: {origin: "null"}},
  "no page": {headers: {origin: undefined}},
  "two pages": {headers: {origin: "https://www.example.com,https://evil.example"}},
  "a form": {headers: {"content-type": "application/x-www-form-urlencoded"}},
  "a form that ends like JSON": {headers: {"content-type": "text/plain; application/json"}},
  "no type": {headers: {"content-type": undefined}},
  "no cookie": {cookies: undefined},
  "another cookie": {cookies: ["theme=dark"]},
  "two sessions": {cookies: [cookie(ann), cookie({...ann, user: "eve"})]},
  "an ended session": {cookies: [cookie({...ann, ends: soon - 1200})]},
  "a session without an end": {cookies: [cookie({user: "ann"})]},
  "another user under the same seal": {cookies: [`session=${forged}.${seal}`]},
  "a shorter seal": {cookies: [`session=${payload}.${seal.slice(1)}`]},
  "no seal": {cookies: [`session=${payload}`]},
  "an empty seal": {cookies: [`session=${payload}.`]},
  "more after the seal": {cookies: [`session=${payload}.${seal}.x`]},
  "an empty cookie": {cookies: ["session="]},
};
for (const [name, change] of Object.entries(refused)) {
  test(`refuses ${name}`, async () => assert.deepEqual(await handler(event(change)), {isAuthorized: false}));
}

// The same event as an integration gets it, without anything that an authorizer needs.
test("an event without headers", async () => assert.deepEqual(await handler({}), {isAuthorized: false}));
