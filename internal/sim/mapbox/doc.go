// Package mapbox simulates the Mapbox Tokens API (https://docs.mapbox.com/api/accounts/tokens/) in
// memory. Tests and the local runner use it. It shares no code with the client in pkg/tokens.
// Otherwise both would share the same misunderstanding of the API.
//
// # Rules
//
// The source of a rule is the API's page, unless the rule names another source.
//
//   - There are seven operations: list, create permanent, create temporary, update, delete,
//     retrieve, list scopes. No operation retrieves a token by id. The token of a request is the
//     query parameter access_token.
//   - A create or update grants only scopes that the request's token and the account have. The
//     refusal is "scopes are invalid". One secret scope makes a token secret. A public token cannot
//     get secret scopes later. A token without scopes cannot get scopes later.
//   - Only the reply to the creation contains the value of a secret token. Lists contain the values
//     of public tokens.
//   - A temporary token lives at most one hour. It does not outlive the temporary token that
//     created it. Its signature proves it, so lists, updates and deletions do not see it. It has no
//     allowed URLs.
//   - A token with allowed URLs works only in requests whose Referer names such a page. Any other
//     request gets 403 "Forbidden", except retrieve.
//   - A token without the scope of the operation gets 404 "Not Found". List scopes answers 403
//     (recorded traffic).
//   - A token that is unsigned, expired or deleted gets 401. A request without a token gets 422. A
//     wrong user name gets 404 "No such user". A token in the place of an id gets 400 (Mapbox's
//     OpenAPI document).
//   - Retrieve answers 200 with one of five verdicts. It does not show the scopes of a permanent
//     token.
//   - A Link header leads to the next page of a list, and the last page has none. The link repeats
//     the access_token. The parameters usage and limit together give an empty list (recorded
//     traffic). A malformed start gives 500.
//   - Creates refuse unknown members (Mapbox's OpenAPI document). With expires, a note is accepted
//     and ignored, because Mapbox's own clients send it. null removes a note or a restriction
//     (Mapbox's SDK).
//   - The Content-Type has no effect. Every origin may call (CORS).
//   - An account may make a fixed number of requests a minute. X-Rate-Limit headers show the
//     number.
//   - A token consists of pk, sk or tk, a payload in base64url, and a signature of 22 characters.
//
// # Maps
//
// The simulator also answers the requests of a map and of a search box: styles, sprites, TileJSON,
// vector and raster tiles, glyphs, map sessions, events, geocoding and Search Box. Each request
// needs a live token and the scope of its API. The map is an invented country, and any id names a
// style or a tileset. TileJSON contains the request's token, as at Mapbox. The call log shows which
// requests got 401. Searches always find the same two places.
//
// # Uploads
//
// The simulator answers the requests of an upload: credentials, the file itself, create, status and
// list. Each request but that of the file needs a live token and the scope of the API's page. The
// storage compares the key and the session, and does not verify the signature. It forgets the file.
// An upload is complete after 10 seconds of the simulator's time. A snapshot has no uploads.
//
// # Switches
//
// Mapbox does not document three facts, so [Config] has a switch for each: whether a temporary
// token outlives its permanent token (default: yes), how long lists omit a new token (default: no
// time), and whether a create answers 200 (default) or 201.
//
// # Assumptions
//
// Mapbox does not document the order of a list (here: oldest first) and the default size of a page
// (here: 100). It does not document how an allowed URL is compared (here: host and port are equal,
// also the scheme if the URL has one, and the path begins with that of the URL). It does not
// document the messages for an invalid note, allowedUrls or body. A secret token without a secret
// scope stays secret, because its value says so. A temporary token with tokens:write may create
// permanent tokens. The window of the rate limit opens with a request. A refused request does not
// count.
//
// # Not simulated
//
//   - HTTPS and caches.
//   - The effect of allowed applications. They are stored and shown.
//   - Whether resources exist, and whether the request's token has them.
//   - The protection of the default public token, and rules about who may have which scope.
//   - Delays after a creation or deletion, except the delay of lists.
//
// [Simulator.Advance] moves the time. [Simulator.Inject] and the management handler inject the
// faults of networks.
package mapbox
