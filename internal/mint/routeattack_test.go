package mint_test

import (
	"flag"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/tokenmint/tokenmint/internal/testkit/overlay"
)

// guard is the text of a source file that stops an attack, and what the text would be without it.
type guard struct{ file, text, without string }

// routeAttack is an attempt to get more by another route, or by a request that two readers may
// understand differently.
type routeAttack struct {
	attempt string
	event   events.APIGatewayV2HTTPRequest
	status  int
	code    string
	caller  string // in the audit record
	guard   guard
}

// bothAuthorizers has the verdict of two authorizers, which API Gateway never gives.
func bothAuthorizers(event events.APIGatewayV2HTTPRequest) events.APIGatewayV2HTTPRequest {
	both := *event.RequestContext.Authorizer
	both.IAM = post("/tokens", webCaller, "").RequestContext.Authorizer.IAM
	event.RequestContext.Authorizer = &both
	return event
}

func routeAttacks() []routeAttack {
	const ports = "/public/tokens/ports"
	header := func(path, name, value string) events.APIGatewayV2HTTPRequest {
		return with(get(path, page), func(e *events.APIGatewayV2HTTPRequest) {
			e.Headers[name] = value
		})
	}
	jwt := withJWT(as(""), map[string]any{"groups": "maps", "sub": "ann"})
	onIAM := with(jwt, func(e *events.APIGatewayV2HTTPRequest) {
		e.RouteKey, e.RequestContext.RouteKey = "POST /tokens", "POST /tokens"
	})
	visitor := with(get("/public/tokens/web-map", page), func(e *events.APIGatewayV2HTTPRequest) {
		e.RequestContext.Authorizer = post("/tokens", webCaller, "").RequestContext.Authorizer
	})
	fromPage := with(post("/tokens", "arn:aws:iam::1:user/eve", `{"profile":"page"}`),
		func(e *events.APIGatewayV2HTTPRequest) { e.Headers = map[string]string{"origin": page} })
	return []routeAttack{
		{"bring a JWT to the IAM route", onIAM, 403, "no_authorizer", "",
			guard{"caller.go", "kind == config.RouteJWT && said.JWT", "said.JWT"}},
		{"bring IAM's verdict to the route for JWTs", bothAuthorizers(jwt), 200, "", "jwt:ann",
			guard{"caller.go", "kind == config.RouteIAM && said.IAM", "said.IAM"}},
		{"claim to be IAM in the context of a Lambda authorizer",
			vouched(map[string]any{"userArn": webCaller, "iam": map[string]any{
				"userArn": webCaller}}),
			403, "profile_not_allowed", "lambda:",
			guard{"caller.go", "	c.named = true\n}\n\n// name",
				"	c.arn = strings.Join(c.context.texts(\"userArn\"), \"\")\n" +
					"	c.named, c.route = true, config.RouteIAM\n}\n\n// name"}},
		{"have a custom context on the IAM route", with(vouched(map[string]any{"tier": "gold"}),
			func(e *events.APIGatewayV2HTTPRequest) {
				e.RouteKey, e.RequestContext.RouteKey = "POST /tokens", "POST /tokens"
			}), 403, "no_authorizer", "",
			guard{"caller.go", "kind == config.RouteCustom && said.Lambda", "said.Lambda"}},
		{"use a rule for anyone on the IAM route", fromPage, 403, "profile_not_allowed",
			"arn:aws:iam::1:user/eve",
			guard{"caller.go", "kind != c.route || kind == \"\"", "false"}},
		{"use a rule for IAM on the public route", visitor, 404, "no_such_profile", "anyone",
			guard{"caller.go", "	c := caller{route: kind, origin",
				"	kind = config.RouteIAM\n	c := caller{route: kind, origin"}},
		{"ask for a profile by its name, to learn whether it exists",
			get("/public/tokens/admin", page), 404, "no_such_profile", "anyone",
			guard{"policy.go", "return req.names(p) && p.IsPublic()", "return req.names(p)"}},
		{"send a second Origin in another spelling", header(pagePath, "Origin",
			"https://evil.example"), 403, "origin_not_allowed", "anyone",
			guard{"event.go", "return \"\", true\n		}\n		value",
				"return \"\", false\n		}\n		value"}},
		{"send a second Origin after a comma", get(ports, page+":8443,null"), 403,
			"origin_not_allowed", "anyone",
			guard{"caller.go", "!strings.ContainsAny(o.text, \", \") && ", ""}},
		{"call from a sandboxed frame", get(pagePath, "null"), 403, "origin_not_allowed", "anyone",
			guard{"caller.go", "	if !o.sent {", "	if !o.sent || o.text == \"null\" {"}},
		{"encode a slash in the profile", with(get("/public/tokens/x", page),
			func(e *events.APIGatewayV2HTTPRequest) { e.PathParameters["profile"] = "page/x" }),
			404, "not_found", "",
			guard{"route.go", "value == \"\" || strings.Contains(value, \"/\")", "value == \"\""}},
		{"give two route keys", with(get(pagePath, page), func(e *events.APIGatewayV2HTTPRequest) {
			e.RequestContext.RouteKey = "POST /tokens"
		}), 404, "not_found", "",
			guard{"event.go", "other == \"\" || other == key", "true"}},
		{"add a method in a header", header("/tokens", "x-http-method-override", "POST"), 405,
			"method_not_allowed", "", guard{"route.go", "	known, ok := routes[path]\n",
				"	known, ok := routes[path]\n" +
					"	if m, _ := e.header(\"x-http-method-override\"); m != \"\" {\n" +
					"		method, e.RequestContext.HTTP = m, lenient[httpRequest]{}\n	}\n"}},
		{"add a prefix in X-Forwarded-Prefix", with(header("/tokens", "x-forwarded-prefix",
			"/public"), func(e *events.APIGatewayV2HTTPRequest) {
			e.PathParameters = map[string]string{"profile": "page"}
		}), 405, "method_not_allowed", "", guard{"route.go", "	key := e.routeKey()\n",
			"	key := e.routeKey()\n" +
				"	if p, _ := e.header(\"x-forwarded-prefix\"); p != \"\" {\n" +
				"		key = \"GET \" + p + \"/tokens/{profile}\"\n	}\n"}},
		{"name the page in X-Forwarded-Host", with(header(pagePath, "x-forwarded-host",
			"maps.example.com"), func(e *events.APIGatewayV2HTTPRequest) {
			e.Headers["origin"] = "https://evil.example"
		}), 403, "origin_not_allowed", "anyone", guard{"caller.go", "e.header(\"origin\")\n",
			"e.header(\"origin\")\n		if host, ok := e.header(\"x-forwarded-host\"); ok {\n" +
				"			text = \"https://\" + host\n		}\n"}},
		{"send HEAD", with(get(pagePath, page), func(e *events.APIGatewayV2HTTPRequest) {
			e.RequestContext.HTTP.Method = "HEAD"
		}), 405, "method_not_allowed", "",
			guard{"route.go", " || sent != method", " || sent == \"\""}},
		{"send OPTIONS", with(get(pagePath, page), func(e *events.APIGatewayV2HTTPRequest) {
			e.RouteKey = "OPTIONS /public/tokens/{profile}"
			e.RequestContext.RouteKey = e.RouteKey
			e.RequestContext.HTTP.Method = "OPTIONS"
		}), 405, "method_not_allowed", "", guard{"route.go", "method != known.method || ", ""}},
		{"go around caches with a query", with(get(pagePath, page),
			func(e *events.APIGatewayV2HTTPRequest) { e.RawQueryString = "1" }), 400, "malformed",
			"anyone",
			guard{"request.go", "if e.RawQueryString != (lenient[string]{})", "if false"}},
		{"ask for scopes in the body of a GET", with(get(pagePath, page),
			func(e *events.APIGatewayV2HTTPRequest) { e.Body = `{"scopes":["fonts:read"]}` }), 400,
			"malformed", "anyone",
			guard{"request.go", "if e.Body != (lenient[string]{})", "if false"}},
		{"let a cache mix the replies to two origins", get(pagePath, page), 200, "", "anyone",
			guard{"handler.go", "reply.Headers[\"Vary\"] = \"Origin\"", "_ = route"}},
	}
}

func TestRouteAttacks(t *testing.T) {
	t.Parallel()
	for _, a := range routeAttacks() {
		t.Run(a.attempt, func(t *testing.T) {
			t.Parallel()
			b := newTestMint(t)
			b.yaml = guarded + `  ports:
    scopes: [fonts:read]
    reuse: 10m
    allow:
      - {anyone: true, origins: ["https://maps.example.com:*"]}
`
			b.handler = b.newHandler(b.mapbox)
			b.withParent()
			got := b.send(t.Context(), a.event)
			if got.Status != a.status || got.Code != a.code {
				t.Errorf("status %d, code %q, a token: %t", got.Status, got.Code, got.Token != "")
			}
			caller, _ := b.audits()[0]["caller"].(string)
			if caller != a.caller {
				t.Errorf("the record says that the caller is %q", caller)
			}
			if strings.HasPrefix(a.event.RouteKey, "GET /public/") && got.Code != "not_found" &&
				got.Headers["Vary"] != "Origin" {
				t.Errorf("headers %v", got.Headers)
			}
		})
	}
}

var attackGuards = flag.Bool("attack.guards", false,
	"repeat each attack on a route without its guard")

// Without its guard, each attack on a route gets another answer. So each row shows something.
//
// It builds the package for each row: go test ./internal/mint -run=RouteGuards -attack.guards
func TestRouteGuards(t *testing.T) {
	t.Parallel()
	if !*attackGuards {
		t.Skip("needs -attack.guards")
	}
	for _, a := range routeAttacks() {
		t.Run(a.attempt, func(t *testing.T) {
			name := regexp.QuoteMeta(strings.ReplaceAll(a.attempt, " ", "_"))
			run := exec.CommandContext(t.Context(), "go", "test", "-count=1",
				"-overlay="+overlay.Without(t, a.guard.file, a.guard.text, a.guard.without),
				"-run=^TestRouteAttacks$/^"+name+"$", ".")
			out, err := run.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "--- FAIL: TestRouteAttacks/") {
				t.Errorf("without %q: %v\n%s", a.guard.text, err, out)
			}
		})
	}
}
