package mint_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

func TestRefusalsBeforeAnythingIsMinted(t *testing.T) {
	t.Parallel()
	b := newTestMint(t).withParent()
	get := post("/tokens", webCaller, "")
	get.RequestContext.HTTP.Method = http.MethodGet
	broken := post("/tokens", webCaller, "{}!")
	broken.IsBase64Encoded = true
	nobody := post("/tokens", "", "{}")
	nobody.RequestContext.Authorizer = nil
	nameless := post("/tokens", "", "{}")
	secret := b.planted[0]
	for name, tc := range map[string]struct {
		event  events.APIGatewayV2HTTPRequest
		status int
		code   string
		says   string
	}{
		"body null": {post("/tokens", webCaller, "null"), 400, "malformed",
			"one JSON object"},
		"body array": {post("/tokens", webCaller, "[]"), 400, "malformed",
			"one JSON object"},
		"body empty": {post("/tokens", webCaller, ""), 400, "malformed",
			"one JSON object"},
		"body string": {post("/tokens", webCaller, `"x"`), 400, "malformed",
			"one JSON object"},
		"two objects":     {post("/tokens", webCaller, "{} {}"), 400, "malformed", "follows"},
		"rest is no JSON": {post("/tokens", webCaller, "{} x"), 400, "malformed", "follows"},
		"half an object": {post("/tokens", webCaller, `{"ttl":"1m"`), 400, "malformed",
			"not JSON"},
		"half a value": {post("/tokens", webCaller, `{"ttl":"1m`), 400, "malformed",
			"not JSON"},
		"no JSON inside": {post("/tokens", webCaller, `{ttl:1}`), 400, "malformed",
			"not JSON"},
		"broken base64": {broken, 400, "malformed", "base64"},
		"unknown field": {post("/tokens", webCaller, `{"scope":[]}`), 400, "malformed",
			`"scope"`},
		"field in other case": {post("/tokens", webCaller, `{"Scopes":["fonts:read"]}`), 400,
			"malformed", `"Scopes"`},
		"field twice": {post("/tokens", webCaller,
			`{"profile":"web-map","profile":"everything"}`), 400, "malformed", `"profile"`},
		"token as field": {post("/tokens", webCaller, `{"`+secret+`":1}`), 400, "malformed",
			"unknown"},
		"scopes a string": {post("/tokens", webCaller, `{"scopes":"fonts:read"}`), 400,
			"malformed", "wrong type"},
		"scopes of numbers": {post("/tokens", webCaller, `{"scopes":[1]}`), 400, "malformed",
			"wrong type"},
		"ttl a number": {post("/tokens", webCaller, `{"ttl":60}`), 400, "malformed",
			"wrong type"},
		"ttl empty": {post("/tokens", webCaller, `{"ttl":""}`), 400, "malformed",
			"ttl"},
		"expires empty": {post("/tokens", webCaller, `{"expires":""}`), 400, "malformed",
			"expires"},
		"ttl without unit": {post("/tokens", webCaller, `{"ttl":"60"}`), 400, "malformed",
			"ttl"},
		"ttl beyond numbers": {post("/tokens", webCaller, `{"ttl":"99999999999h"}`), 400,
			"malformed", "ttl"},
		"expires unparseable": {post("/tokens", webCaller, `{"expires":"soon"}`), 400,
			"malformed", "RFC 3339"},
		"expires with ttl": {post("/tokens", webCaller,
			`{"expires":"`+in(time.Minute)+`","ttl":"1m"}`), 400, "malformed", "exclude"},
		"8 KiB and a byte": {post("/tokens", webCaller,
			`{"note":"`+strings.Repeat("x", 8<<10-10)+`"}`), 413, "body_too_large", "8 KiB"},
		"scopes empty": {post("/tokens", webCaller, `{"scopes":[]}`), 422,
			"scopes_invalid", "scopes are invalid"},
		"scope empty": {post("/tokens", webCaller, `{"scopes":[""]}`), 422,
			"scopes_invalid", "scopes are invalid"},
		"scope in other case": {post("/tokens", webCaller, `{"scopes":["Fonts:Read"]}`), 422,
			"scopes_invalid", "scopes are invalid"},
		"scope in Cyrillic": {post("/tokens", webCaller, `{"scopes":["fоnts:read"]}`), 422,
			"scopes_invalid", "scopes are invalid"},
		"scope with a space": {post("/tokens", webCaller, `{"scopes":["fonts:read "]}`), 422,
			"scopes_invalid", "scopes are invalid"},
		"token as scope": {post("/tokens", webCaller, `{"scopes":["`+secret+`"]}`), 422,
			"scopes_invalid", "scopes are invalid"},
		"no scopes for Mapbox": {post("/tokens/v2/acme", webCaller, `{"ttl":"1m"}`), 422,
			"scopes_invalid", "scopes are invalid"},
		"permanent": {post("/tokens/v2/acme", webCaller, `{"scopes":["fonts:read"]}`),
			422, "permanent_not_offered", "permanent"},
		"permanent by null": {post("/tokens/v2/acme", webCaller,
			`{"scopes":["fonts:read"],"expires":null}`), 422, "permanent_not_offered", "permanent"},
		"expires past": {post("/tokens", webCaller, `{"expires":"2001-01-01T00:00:00Z"}`),
			422, "expires_past", "expires is in the past"},
		"expires in year 1": {post("/tokens", webCaller, `{"expires":"0001-01-01T00:00:00Z"}`),
			422, "expires_past", "expires is in the past"},
		"year 1, Mapbox's wire": {post("/tokens/v2/acme", webCaller,
			`{"scopes":["fonts:read"],"expires":"0001-01-01T00:00:00Z"}`), 422, "expires_past",
			"expires is in the past"},
		"ttl below 10 s": {post("/tokens", webCaller, `{"ttl":"9.999s"}`), 422,
			"expires_too_soon", "less than 10 seconds"},
		"ttl of 400 ms": {post("/tokens", webCaller, `{"ttl":"400ms"}`), 422,
			"expires_too_soon", "less than 10 seconds"},
		"ttl of a nanosecond": {post("/tokens/v2/acme", webCaller,
			`{"scopes":["fonts:read"],"ttl":"1ns"}`), 422, "expires_too_soon",
			"less than 10 seconds"},
		"expires in 9 s": {post("/tokens", webCaller, `{"expires":"`+in(9*time.Second)+`"}`),
			422, "expires_too_soon", "less than 10 seconds"},
		"note an object": {post("/tokens", webCaller, `{"note":{}}`), 400, "malformed",
			"note has the wrong type"},
		"note a list": {post("/tokens", webCaller, `{"note":["x"]}`), 400, "malformed",
			"note has the wrong type"},
		"note a number": {post("/tokens", webCaller, `{"note":1e999}`), 400, "malformed",
			"note has the wrong type"},
		"note a boolean": {post("/tokens", webCaller, `{"note":false}`), 400, "malformed",
			"note has the wrong type"},
		"note twice": {post("/tokens", webCaller, `{"note":"a","note":null}`), 400,
			"malformed", `"note"`},
		"profile an object": {post("/tokens", webCaller, `{"profile":{"web-map":1}}`), 400,
			"malformed", "profile has the wrong type"},
		"expires a number": {post("/tokens", webCaller, `{"expires":1767366245}`), 400,
			"malformed", "expires has the wrong type"},
		"scopes with null": {post("/tokens", webCaller, `{"scopes":["fonts:read",null]}`), 400,
			"malformed", "scopes has the wrong type"},
		"scopes an object": {post("/tokens", webCaller, `{"scopes":{}}`), 400, "malformed",
			"scopes has the wrong type"},
		"scopes nested": {post("/tokens", webCaller, `{"scopes":[["fonts:read"]]}`), 400,
			"malformed", "scopes has the wrong type"},
		"ttl zero": {post("/tokens", webCaller, `{"ttl":"0s"}`), 422, "expires_past",
			"expires is in the past"},
		"ttl negative": {post("/tokens", webCaller, `{"ttl":"-1m"}`), 422, "expires_past",
			"expires is in the past"},
		"beyond an hour": {post("/tokens", webCaller, `{"ttl":"61m"}`), 422,
			"expires_too_far", "expires is more than one hour in the future"},
		"year 9999": {post("/tokens", webCaller, `{"expires":"9999-12-31T23:59:59Z"}`),
			422, "expires_too_far", "expires is more than one hour in the future"},
		"beyond the profile": {post("/tokens", webCaller, `{"ttl":"31m"}`), 422,
			"expires_beyond_profile", "30m"},
		"scopes not granted": {post("/tokens", webCaller, `{"scopes":["uploads:write"]}`), 403,
			"scopes_not_allowed", "web-map (fonts:read, styles:read, styles:tiles)"},
		"tokens:write": {post("/tokens", webCaller, `{"scopes":["tokens:write"]}`), 403,
			"scopes_not_allowed", "web-map"},
		"one of two": {post("/tokens", webCaller,
			`{"scopes":["fonts:read","tokens:write"]}`), 403, "scopes_not_allowed", "web-map"},
		"other's profile": {post("/tokens", webCaller, `{"profile":"everything"}`), 403,
			"profile_not_allowed", "no profile of that name"},
		"no such profile": {post("/tokens", webCaller, `{"profile":"nothing"}`), 403,
			"profile_not_allowed", "no profile of that name"},
		"profile's scopes": {post("/tokens", webCaller,
			`{"profile":"web-map","scopes":["uploads:write"]}`), 403, "scopes_not_allowed",
			"web-map"},
		"unknown caller": {post("/tokens", "arn:aws:iam::123456789012:user/eve", `{}`), 403,
			"caller_not_allowed", "allow"},
		"role's name inside": {post("/tokens", "arn:aws:sts::1:assumed-role/other/web-app",
			`{}`), 403, "caller_not_allowed", "allow"},
		"path in the role": {post("/tokens", "arn:aws:iam::1:role/x/web-app", `{}`), 403,
			"caller_not_allowed", "allow"},
		"other group": {withJWT(post("/tokens", "", `{}`),
			map[string]any{"groups": []any{"mapsx", "xmaps"}}), 403, "caller_not_allowed", "allow"},
		"other issuer": {withJWT(post("/tokens", "", `{}`),
			map[string]any{"groups": "maps", "iss": "https://id.example.evil/"}), 403,
			"caller_not_allowed", "allow"},
		"no authorizer":       {nobody, 403, "no_authorizer", "no authorizer ran"},
		"authorizer, no name": {nameless, 403, "no_authorizer", "no authorizer ran"},
		"authorizer, claimless": {withPayload(post("/tokens", "", `{}`), `{"groups":"maps"}`, nil),
			403, "no_authorizer", "no authorizer ran"},
		"other user": {post("/tokens/v2/other", webCaller,
			`{"ttl":"1m","scopes":["fonts:read"]}`), 404, "no_such_user", "No such user"},
		"user in other case": {post("/tokens/v2/Acme", webCaller,
			`{"ttl":"1m","scopes":["fonts:read"]}`), 404, "no_such_user", "No such user"},
		"no user": {post("/tokens/v2/", webCaller, `{}`), 404, "not_found",
			"Not Found"},
		"an id": {post("/tokens/v2/acme/ck1", webCaller, `{}`), 404, "not_found",
			"Not Found"},
		"path tricks": {post("/tokens/v2/../v2/acme", webCaller, `{}`), 404, "not_found",
			"Not Found"},
		"double slash": {post("//tokens", webCaller, `{}`), 404, "not_found", "Not Found"},
		"other path":   {post("/", webCaller, `{}`), 404, "not_found", "Not Found"},
		"other method": {get, 405, "method_not_allowed", "POST"},
	} {
		t.Run(name, func(t *testing.T) {
			got := b.send(t.Context(), tc.event)
			if got.Status != tc.status || got.Code != tc.code ||
				!strings.Contains(got.Message, tc.says) {
				t.Errorf("%s: status %d, code %q, message %q", name, got.Status, got.Code,
					got.Message)
			}
			b.noLeak(got.Raw)
		})
	}
	if n := b.mints(); n != 0 {
		t.Errorf("%d tokens were minted for requests that were refused", n)
	}
}
