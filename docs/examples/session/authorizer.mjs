// A Lambda authorizer for POST /custom/tokens. It lets in who is signed in on your site.
// It speaks payload format 2.0 with simple responses. It needs nothing but Node.js.
import {createHmac, timingSafeEqual} from "node:crypto";

export async function handler({headers = {}, cookies = []}) {
  // A browser sends the cookie with requests from any page. So only pages of SITE may use it: a browser names its page
  // in Origin on every POST. A form of another site cannot send JSON.
  const type = (headers["content-type"] ?? "").split(";")[0].trim().toLowerCase();
  if (headers.origin !== process.env.SITE || type !== "application/json") return {isAuthorized: false};
  const session = open(cookies);
  if (!session) return {isAuthorized: false};
  // Rules with `lambda` compare the context. principalId names the caller in the audit record.
  return {isAuthorized: true, context: {principalId: session.user, groups: session.groups}};
}

// open returns the session in the cookie "session", or undefined. Replace it if your site has sessions already.
function open(cookies) {
  const found = cookies.filter((cookie) => cookie.startsWith("session="));
  if (found.length !== 1) return; // a page of a neighbour domain may have added another one
  const [payload, seal, more] = found[0].slice("session=".length).split(".");
  if (more !== undefined || !seal || !equal(seal, sealOf(payload))) return;
  const session = JSON.parse(Buffer.from(payload, "base64url"));
  if (session.ends * 1000 > Date.now()) return session;
}

// cookieOf is what your site sends after a sign-in: {user, groups, ends}, ends in seconds since 1970.
export function cookieOf(session) {
  const payload = Buffer.from(JSON.stringify(session)).toString("base64url");
  return `session=${payload}.${sealOf(payload)}; Path=/; HttpOnly; Secure; SameSite=Lax`;
}

function sealOf(payload) {
  return createHmac("sha256", process.env.SESSION_KEY).update(payload).digest("base64url");
}

function equal(a, b) {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
