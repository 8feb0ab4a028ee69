// Package mapbox simulates the Mapbox Tokens API (https://docs.mapbox.com/api/accounts/tokens/) in memory, for
// tests and for the local runner. It shares no code with the client in pkg/tokens, so that one misreading cannot hide
// in both.
//
// # What it keeps
//
// Each rule has a source: the API's page unless another is named.
//
//   - Seven operations: list, create permanent, create temporary, update, delete, retrieve, list scopes. There is no
//     retrieval by id. The token of a request is its query's access_token, nothing else.
//   - A token hands on no scope that it lacks, or that its account does not have, at creation and at update: "scopes are
//     invalid". One secret scope makes a token secret. A public token cannot gain secret scopes, and one without scopes none at all.
//   - A secret token's value is in the reply to its creation and nowhere else. A public token's is in lists too.
//   - A temporary token expires within an hour, never in the past, and not after the temporary token that authorised
//     it. It is known by its signature alone: no list, update or deletion reaches it, and it takes no allowed URLs.
//   - A token without the scope that an operation asks for gets 404 "Not Found", and from List scopes 403 (recorded
//     traffic). One that is unsigned, expired or deleted gets 401, none at all 422, a wrong user name 404 "No such
//     user", a token in place of an id 400 (Mapbox's OpenAPI).
//   - Retrieve answers 200 with one of five verdicts. It does not tell a permanent token's scopes.
//   - Lists page by a Link header, whose absence is the only end marker and which repeats the access_token. usage
//     together with limit gives an empty list: a fault of Mapbox's (recorded traffic). A start that is none gives 500.
//   - Creates refuse members that they do not know (Mapbox's OpenAPI), save that a note beside expires is taken and
//     ignored (Mapbox's own clients send it). null removes a note or a restriction (Mapbox's SDK).
//   - The Content-Type does not matter. Every origin may call (CORS).
//   - An account is limited to a number of requests a minute, told in X-Rate-Limit headers.
//   - Token strings have Mapbox's form: pk, sk or tk, a payload in base64url, and a signature of 22 characters.
//
// # Switches for what Mapbox leaves open
//
// See [Config]: whether a temporary token outlives the permanent one (by default it does), how long a new token stays
// out of lists (not at all), and whether a create answers 200 (the default) or 201.
//
// # What is inferred
//
// Mapbox gives neither the order of a list (here oldest first), nor the size of a page without limit (100), nor the
// messages for a note, an allowedUrls or a body that is wrong. An update that takes a secret token's last secret scope
// leaves it secret, because its value says so. A temporary token with tokens:write may create permanent ones. The rate
// limit is a window that opens with a request; a refused request is not counted in it.
//
// # What it does not model
//
// HTTPS only; allowed URLs and applications at use (they are kept and shown); whether resources exist or exceed the
// authorising token's; any care that Mapbox takes of the default public token; a token that works a while after its
// deletion, or not yet after its creation; caches; who may have which scope; the APIs that the tokens are for.
//
// Time is the base clock plus what [Simulator.Advance] added. [Simulator.Inject] and the management handler make the
// API fail in the ways that networks do.
package mapbox
