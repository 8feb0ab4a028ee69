package mint_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// guarded are the profiles under attack. All share tokens, so that there is something to steal.
const guarded = `profiles:
  web-map:
    scopes: [styles:tiles, styles:read, fonts:read]
    lifetime: 30m
    reuse: 10m
    allow:
      - iam: "arn:aws:iam::*:role/web-*"
      - jwt: {groups: maps, iss: "https://id.example/"}
      - lambda: {tier: gold}
  admin:
    scopes: [styles:tiles, styles:read, fonts:read, uploads:write]
    reuse: 10m
    allow:
      - iam: "arn:aws:iam::123456789012:user/ci"
  page:
    scopes: [fonts:read]
    reuse: 10m
    allow:
      - {anyone: true, origins: ["https://maps.example.com"]}
`

// attack is an attempt of somebody with a modest right, or none, to get more.
type attack struct {
	attempt string
	event   events.APIGatewayV2HTTPRequest
	status  int
	code    string
}

// body is the attempt of a caller who may use web-map.
func body(text string) events.APIGatewayV2HTTPRequest { return post("/tokens", webCaller, text) }

// path is the same on another path.
func path(p string) events.APIGatewayV2HTTPRequest {
	return post(p, webCaller, `{"ttl":"1m","scopes":["fonts:read"]}`)
}

// as is an attempt of another caller to use web-map.
func as(arn string) events.APIGatewayV2HTTPRequest {
	return post("/tokens", arn, `{"profile":"web-map"}`)
}

// bearer is an attempt with a JWT.
func bearer(claims map[string]any) events.APIGatewayV2HTTPRequest { return withJWT(as(""), claims) }

// vouched is an attempt with a Lambda authorizer's context.
func vouched(context map[string]any) events.APIGatewayV2HTTPRequest {
	event := on("/custom", as(""))
	event.RequestContext.Authorizer = &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
		Lambda: context,
	}
	return event
}

// from is an attempt from a web page on the public route.
func from(origin string) events.APIGatewayV2HTTPRequest {
	return get("/public/tokens/page", origin)
}

// with adds to an event.
func with(
	event events.APIGatewayV2HTTPRequest, change func(e *events.APIGatewayV2HTTPRequest),
) events.APIGatewayV2HTTPRequest {
	change(&event)
	return event
}

func attacks() []attack {
	header := func(name, value string) events.APIGatewayV2HTTPRequest {
		return with(get("/public/tokens/admin", "https://maps.example.com"),
			func(e *events.APIGatewayV2HTTPRequest) { e.Headers[name] = value })
	}
	maps := func(changes ...any) map[string]any {
		claims := map[string]any{"groups": "staff", "sub": "eve"}
		for i := 0; i < len(changes); i += 2 {
			claims[fmt.Sprint(changes[i])] = changes[i+1]
		}
		return claims
	}
	// What eve may send beside the token that API Gateway has verified.
	verified := flatClaims(map[string]any{"iss": "https://id.example/", "exp": "1767369845",
		"sub": "eve", "groups": "staff"})
	const better = `{"iss":"https://id.example/","exp":1767369845,"sub":"eve","groups":"maps"}`
	authorization := func(value string) events.APIGatewayV2HTTPRequest {
		return with(withPayload(as(""), better, verified), func(e *events.APIGatewayV2HTTPRequest) {
			e.Headers["authorization"] = value
		})
	}
	return []attack{
		{"ask for a scope of another profile", body(`{"scopes":["uploads:write"]}`), 403,
			"scopes_not_allowed"},
		{"hide it among one's own", body(`{"scopes":["fonts:read","styles:read","uploads:write"]}`),
			403, "scopes_not_allowed"},
		{"ask for what makes tokens", body(`{"scopes":["tokens:write"]}`), 403,
			"scopes_not_allowed"},
		{"ask for a wildcard", body(`{"scopes":["styles:*"]}`), 422, "scopes_invalid"},
		{"ask in another case", body(`{"scopes":["Uploads:Write"]}`), 422, "scopes_invalid"},
		{"ask in look-alike letters", body(`{"scopes":["uplоads:write"]}`), 422, "scopes_invalid"},
		{"ask in full-width letters", body(`{"scopes":["ｆonts:read"]}`), 422, "scopes_invalid"},
		{"put two scopes into one", body(`{"scopes":["fonts:read,uploads:write"]}`), 422,
			"scopes_invalid"},
		{"put a zero byte into a scope", body(`{"scopes":["fonts:read\u0000uploads:write"]}`), 422,
			"scopes_invalid"},
		{"ask for no scopes, hoping for all", body(`{"scopes":[]}`), 422, "scopes_invalid"},
		{"name another's profile", body(`{"profile":"admin"}`), 403, "profile_not_allowed"},
		{"name it with its scopes, after its owner had a token",
			body(`{"profile":"admin","scopes":["fonts:read"]}`), 403, "profile_not_allowed"},
		{"name a profile in another case", body(`{"profile":"ADMIN"}`), 403, "profile_not_allowed"},
		{"send a field twice, the harmless value last",
			body(`{"scopes":["uploads:write"],"scopes":["fonts:read"]}`), 400, "malformed"},
		{"send a field twice, the harmless value first",
			body(`{"scopes":["fonts:read"],"scopes":["uploads:write"]}`), 400, "malformed"},
		{"send a field in another case", body(`{"SCOPES":["uploads:write"]}`), 400, "malformed"},
		{"send a field with an escaped letter, twice",
			body(`{"profile":"web-map","profil\u0065":"admin"}`), 400, "malformed"},
		{"send the event's own fields in the body",
			body(`{"requestContext":{"authorizer":{"iam":{"userArn":"` + ciCaller + `"}}}}`), 400,
			"malformed"},
		{"send what permanent tokens have", body(`{"allowedUrls":["https://evil.example"]}`), 400,
			"malformed"},
		{"nest deeply", body(`{"note":` + strings.Repeat("[", 8000) + `}`), 400, "malformed"},
		{"make a permanent token", post("/tokens/v2/acme", webCaller, `{"scopes":["fonts:read"]}`),
			422, "permanent_not_offered"},
		{"live longer than an hour", body(`{"ttl":"1h1s"}`), 422, "expires_too_far"},
		{"live longer than the profile allows", body(`{"ttl":"30m1s"}`), 422,
			"expires_beyond_profile"},
		{"live until the year 9999", body(`{"expires":"9999-12-31T23:59:59Z"}`), 422,
			"expires_too_far"},
		{"overflow a duration", body(`{"ttl":"9223372036854775807h"}`), 400, "malformed"},
		{"use a number with an exponent", body(`{"ttl":1e308}`), 400, "malformed"},
		{"end in the past, by a zone's offset",
			body(fmt.Sprintf(`{"expires":%q}`,
				time.Now().Add(time.Hour).UTC().Format("2006-01-02T15:04:05")+"+14:00")), 422,
			"expires_past"},
		{"end in the year 1, which could pass for no end",
			body(`{"expires":"0001-01-01T00:00:00Z"}`), 422, "expires_past"},
		{"take another account's name", path("/tokens/v2/other"), 404, "no_such_user"},
		{"climb out of the path", path("/tokens/v2/acme/../other"), 404, "not_found"},
		{"double a slash", path("/tokens//v2/acme"), 404, "not_found"},
		{"end with a slash", path("/tokens/"), 404, "not_found"},
		{"encode a slash", path("/tokens%2fv2%2facme"), 404, "not_found"},
		{"write the path in another case", path("/TOKENS"), 404, "not_found"},
		{"list the account's tokens", with(path("/tokens/v2/acme"),
			func(e *events.APIGatewayV2HTTPRequest) { e.RequestContext.HTTP.Method = "GET" }), 405,
			"method_not_allowed"},
		{"delete one", with(path("/tokens/v2/acme"),
			func(e *events.APIGatewayV2HTTPRequest) { e.RequestContext.HTTP.Method = "DELETE" }),
			405, "method_not_allowed"},
		{"claim to be another caller in a header",
			header("x-amzn-iam-user-arn", "arn:aws:iam::123456789012:user/ci"), 404,
			"no_such_profile"},
		{"send the local runner's header", header("x-dev-authorizer",
			`{"iam":{"userArn":"arn:aws:iam::123456789012:user/ci"}}`), 404, "no_such_profile"},
		{"send a JWT past the authorizer", header("authorization",
			"Bearer eyJhbGciOiJub25lIn0.eyJncm91cHMiOlsibWFwcyJdfQ."), 404, "no_such_profile"},
		{"send a parent token in the query",
			with(from(""), func(e *events.APIGatewayV2HTTPRequest) {
				e.RawQueryString = "access_token=sk.stolen"
				e.QueryStringParameters = map[string]string{"access_token": "sk.stolen"}
			}), 400, "malformed"},
		{"call a session of one's own role as an allowed role",
			as("arn:aws:sts::123456789012:assumed-role/other/web-app"), 403, "profile_not_allowed"},
		{"put an allowed name behind a path", as("arn:aws:iam::123456789012:role/evil/web-app"),
			403, "profile_not_allowed"},
		{"put more behind an allowed name", as("arn:aws:iam::123456789012:role/web-app/evil"), 403,
			"profile_not_allowed"},
		{"be a user of an allowed role's name", as("arn:aws:iam::123456789012:user/web-app"), 403,
			"profile_not_allowed"},
		{"come from another partition", as("arn:aws-cn:iam::123456789012:role/web-app"), 403,
			"profile_not_allowed"},
		{"be a federated user", as("arn:aws:sts::123456789012:federated-user/web-app"), 403,
			"profile_not_allowed"},
		{"have an ARN with an allowed one inside",
			as("arn:aws:iam::1:user/x arn:aws:iam::1:role/web-app"), 403, "profile_not_allowed"},
		{"be in a group whose name begins like an allowed one",
			bearer(maps("groups", []any{"maps-readonly", "staff"})), 403, "profile_not_allowed"},
		{"be in a group whose name has an allowed one inside", bearer(maps("groups", "not maps")),
			403, "profile_not_allowed"},
		{"be in a group of several words, one of them allowed",
			bearer(maps("groups", []any{"Bing maps interns"})), 403, "profile_not_allowed"},
		{"be in a group named like a list", bearer(maps("groups", "[maps]")), 403,
			"profile_not_allowed"},
		{"be in a list within a list", bearer(maps("groups", []any{[]any{"maps"}})), 403,
			"profile_not_allowed"},
		{"have the allowed group deeper in the token",
			bearer(maps("profile", map[string]any{"groups": "maps"})), 403, "profile_not_allowed"},
		{"give a claim twice", withPayload(as(""),
			`{"iss":"https://id.example/","exp":1767369845,"sub":"eve","groups":"staff",`+
				`"groups":"maps"}`, verified), 403, "profile_not_allowed"},
		{"hide a zero byte in a group", bearer(maps("groups", "maps\u0000")), 403,
			"profile_not_allowed"},
		{"send a token of one's own making beside the verified one",
			authorization("Bearer " + jwtOf(better)), 403, "profile_not_allowed"},
		{"send two tokens", authorization("Bearer " + jwtOf(better) + ",Bearer " + jwtOf(better)),
			403, "profile_not_allowed"},
		{"send two tokens with a blank between them",
			authorization("Bearer " + jwtOf(better) + " " + jwtOf(better)), 403,
			"profile_not_allowed"},
		{"send another scheme's credentials", authorization("Basic " + jwtOf(better)), 403,
			"profile_not_allowed"},
		{"bring an allowed group from another issuer",
			bearer(maps("groups", "maps", "iss", "https://id.example.evil/")), 403,
			"profile_not_allowed"},
		{"write a claim in another case", bearer(maps("Groups", "maps")), 403,
			"profile_not_allowed"},
		{"have an ARN as a claim", bearer(maps("userArn", "arn:aws:iam::1:role/web-app")), 403,
			"profile_not_allowed"},
		{"have a claim of an authorizer's context", bearer(maps("tier", "gold")), 403,
			"profile_not_allowed"},
		{"have a nested list in the context", vouched(map[string]any{"tier": []any{[]any{"gold"}}}),
			403, "profile_not_allowed"},
		{"have an object in the context",
			vouched(map[string]any{"tier": map[string]any{"gold": true}}), 403,
			"profile_not_allowed"},
		{"have an empty context", vouched(map[string]any{}), 403, "no_authorizer"},
		{"call from another page", from("https://evil.example"), 403, "origin_not_allowed"},
		{"call from a page whose name begins alike", from("https://maps.example.com.evil.example"),
			403, "origin_not_allowed"},
		{"call from another port of the page", from("https://maps.example.com:8443"), 403,
			"origin_not_allowed"},
		{"call from the page in the clear", from("http://maps.example.com"), 403,
			"origin_not_allowed"},
		{"call from a sandboxed frame", from("null"), 403, "origin_not_allowed"},
	}
}

func TestAttacks(t *testing.T) {
	t.Parallel()
	b := newTestMint(t)
	b.yaml = guarded
	b.handler = b.newHandler(b.mapbox)
	b.withParent()
	// A caller with a better right has just got two tokens. Both are in the cache.
	owned := b.send(t.Context(), post("/tokens", ciCaller, `{"profile":"admin"}`))
	owned2 := b.send(t.Context(), post("/tokens", ciCaller,
		`{"profile":"admin","scopes":["fonts:read"]}`))
	if owned.Status != 200 || owned2.Status != 200 {
		t.Fatalf("status %d and %d", owned.Status, owned2.Status)
	}
	for _, a := range attacks() {
		t.Run(a.attempt, func(t *testing.T) {
			got := b.send(t.Context(), a.event)
			if got.Status != a.status || got.Code != a.code || got.Token != "" {
				t.Errorf("%s: status %d, code %q, a token: %t", a.attempt, got.Status, got.Code,
					got.Token != "")
			}
			b.noLeak(got.Raw)
		})
	}
	if n := b.mints(); n != 2 {
		t.Errorf("%d mints, want the owner's two", n)
	}
	// What both may have, they do not share: the profiles differ.
	mine := b.send(t.Context(), post("/tokens", webCaller, `{"scopes":["fonts:read"]}`))
	if mine.Status != 200 || mine.Token == owned2.Token {
		t.Errorf("status %d, another profile's token: %t", mine.Status, mine.Token == owned2.Token)
	}
}
