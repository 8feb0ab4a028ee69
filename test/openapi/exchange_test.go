package openapi_test

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

const (
	tokensPath = "/tokens"
	mapboxPath = "/tokens/v2/{username}"
	publicPath = "/public/tokens/{profile}"
)

// exchange is a request to a POST route, and what the mint answers to it.
type exchange struct {
	reply    string         // status, and the code of a refusal
	body     string         // "" is one that both paths take
	isUnfit  bool           // the request is not one that the document describes
	only     string         // the one path of a kind on which this can be; "" on both
	username string         // "" is the right one
	method   string         // "" is POST
	query    string         // as sent
	caller   string         // a name in callers; "" is one that may use web-map
	fault    func(*mintLab) // breaks a service; nil if all services work
}

// callers are the JSON of requestContext.authorizer, by the prefix of the routes.
var callers = map[string]map[string]string{
	"": {
		"":        `{"iam":{"userArn":"arn:aws:sts::123456789012:assumed-role/web-app/i-0abc"}}`,
		"nobody":  `null`,
		"strange": `{"iam":{"userArn":["arn:aws:iam::123456789012:role/web-app"]}}`,
		"eve":     `{"iam":{"userArn":"arn:aws:iam::123456789012:user/eve"}}`,
	},
	"/jwt": {
		"": `{"jwt":{"claims":{"iss":"https://id.example","exp":"1767369845",` +
			`"groups":"[maps]"}}}`,
		"nobody":  `{"iam":{"userArn":"arn:aws:sts::123456789012:assumed-role/web-app/i-0abc"}}`,
		"strange": `{"jwt":{"claims":["maps"]}}`,
		"eve":     `{"jwt":{"claims":{"iss":"https://id.example","groups":"[maps]"}}}`,
	},
	"/custom": {
		"":        `{"lambda":{"groups":["maps"]}}`,
		"nobody":  `{"principalId":"ann","groups":["maps"]}`,
		"strange": `{"lambda":"maps"}`,
		"eve":     `{"lambda":{"iam":{"userArn":"arn:aws:iam::123456789012:role/web-app"}}}`,
	},
}

// jwt is the token of all requests. Its claims are those of the caller who may use web-map.
const jwt = "eyJhbGciOiJSUzI1NiJ9." +
	"eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUiLCJleHAiOjE3NjczNjk4NDUsImdyb3VwcyI6WyJtYXBzIl19." +
	"c2lnbmF0dXJl"

// requestID is that of all requests, and of the document's examples.
const requestID = "JKJaXmPLvHcESHA="

var exchanges = []exchange{
	{reply: "200"},
	{reply: "200", body: `{"scopes":["styles:tiles","styles:read","fonts:read"],"ttl":"30m"}`,
		query: "access_token=none"},
	{
		reply: "200",
		body:  `{"scopes":["styles:read"],"ttl":"1.5m","expires":null,"profile":null,"note":null}`},
	{reply: "200", body: `{"scopes":null,"ttl":null}`, only: tokensPath},

	{reply: "400 malformed", body: `{"scope":[]}`, isUnfit: true},
	{reply: "400 malformed", body: `null`, isUnfit: true},
	{reply: "400 malformed", body: `{"scopes":"styles:read","ttl":"10m"}`, isUnfit: true},
	{reply: "400 malformed", body: `{"scopes":["styles:read"],"ttl":600}`, isUnfit: true},
	{reply: "400 malformed", body: `{"scopes":["styles:read"],"ttl":"10"}`, isUnfit: true},
	{reply: "400 malformed", body: `{"scopes":["styles:read"],"expires":"soon"}`, isUnfit: true},
	{reply: "400 malformed", body: `{"scopes":["styles:read"],"ttl":""}`, isUnfit: true},
	{reply: "400 malformed", body: `{"scopes":["styles:read"],"expires":"","ttl":"10m"}`,
		isUnfit: true},
	{reply: "400 malformed", body: `{"scopes":["styles:read"],"ttl":"10m","note":{}}`,
		isUnfit: true},
	{reply: "400 malformed", body: `{"scopes":["styles:read"],"ttl":"9223372036854775807h"}`,
		isUnfit: true},
	{reply: "400 malformed", body: `{"scopes":["styles:read"],"ttl":"10m","profile":7}`,
		isUnfit: true},
	{
		reply:   "400 malformed",
		body:    `{"scopes":["styles:read"],"ttl":"10m","expires":"2026-01-02T15:24:05Z"}`,
		isUnfit: true},

	{reply: "403 no_authorizer", caller: "nobody"},
	{reply: "403 no_authorizer", caller: "nobody", query: "access_token=none"},
	{reply: "403 event_unreadable", caller: "strange"},
	{reply: "403 caller_not_allowed", caller: "eve"},
	{reply: "403 profile_not_allowed",
		body: `{"profile":"uploads","scopes":["uploads:write"],"ttl":"10m"}`},
	{reply: "403 scopes_not_allowed", body: `{"scopes":["uploads:write"],"ttl":"10m"}`},

	{reply: "404 no_such_user", only: mapboxPath, username: "Acme"},
	{reply: "404 not_found", only: mapboxPath, username: "acme/ck1", isUnfit: true},
	{reply: "405 method_not_allowed", method: http.MethodGet},
	{reply: "413 body_too_large",
		body: `{"note":"` + strings.Repeat("x", 8<<10) + `","scopes":["styles:read"],"ttl":"10m"}`},

	{reply: "422 scopes_invalid", body: `{"scopes":[],"ttl":"10m"}`, isUnfit: true},
	{reply: "422 scopes_invalid", body: `{"scopes":["Styles Read"],"ttl":"10m"}`, isUnfit: true},
	{reply: "422 scopes_invalid", body: `{"scopes":null,"ttl":"10m"}`, only: mapboxPath,
		isUnfit: true},
	{reply: "422 scopes_invalid", fault: withParent("fonts:read", "tokens:write")},
	{reply: "422 expires_past", body: `{"scopes":["styles:read"],"ttl":"0s"}`},
	{reply: "422 expires_too_soon", body: `{"scopes":["styles:read"],"ttl":"9.9s"}`},
	{reply: "422 expires_too_far", body: `{"scopes":["styles:read"],"ttl":"1h1s"}`},
	{reply: "422 expires_beyond_profile",
		body: `{"scopes":["styles:read"],"expires":"2026-01-02T15:34:06Z"}`},
	{reply: "422 permanent_not_offered", only: mapboxPath, body: `{"scopes":["styles:read"]}`,
		isUnfit: true},
	{reply: "422 permanent_not_offered", only: mapboxPath,
		body: `{"scopes":["styles:read"],"ttl":null}`, isUnfit: true},

	{reply: "429 rate_limited", fault: whereMapboxSays(http.StatusTooManyRequests)},
	{reply: "429 budget_spent", fault: withSpentBudget},
	{reply: "500 internal", fault: withFaultyMint},
	{reply: "502 upstream_failed", fault: whereMapboxSays(http.StatusInternalServerError)},
	{reply: "503 parent_unavailable", fault: withoutSecret},
	{reply: "503 parent_unusable", fault: withPasted("correct horse battery staple")},
	{reply: "503 parent_rejected", fault: whereMapboxSays(http.StatusUnauthorized)},
	{reply: "503 parent_lacks_scopes", fault: withParent("uploads:write")},
	{reply: "503 table_unavailable", fault: withoutTable},
	{reply: "504 upstream_timeout", fault: whereMapboxIsLate},
}

func TestEveryReplyIsDocumentedAndEveryDocumentedOneProduced(t *testing.T) {
	t.Parallel()
	doc := readDocument(t)
	var produced evidence
	t.Run("exchange", func(t *testing.T) { // returns when all of them are over
		for path, item := range doc.Paths {
			if item.Post == nil {
				continue
			}
			for _, x := range slices.Concat(exchanges, examplesOf(t, *item.Post)) {
				if x.only != "" && !strings.HasSuffix(path, x.only) {
					continue
				}
				x = x.withDefaults()
				t.Run(path+" "+x.reply, func(t *testing.T) {
					t.Parallel()
					x.checkRequest(t, item.Parameters, *item.Post)
					got := x.send(t, path, item.Parameters)
					if reply := nameOf(t, got); reply != x.reply {
						t.Errorf("the reply to %.100s is %s, want %s", x.body, reply, x.reply)
					}
					checkReply(t, *item.Post, got)
					produced.add(t, path, got)
				})
			}
		}
		runVisits(t, doc.Paths[publicPath].operation(), &produced)
	})
	for path, item := range doc.Paths {
		produced.check(t, path, item.operation())
	}
}

// examplesOf makes each example of a request an exchange, which gets a token.
func examplesOf(t *testing.T, op operation) []exchange {
	t.Helper()
	examples := op.RequestBody.Content["application/json"].Examples
	if len(examples) == 0 {
		t.Fatal("an operation has no example of a request")
	}
	var out []exchange
	for _, name := range slices.Sorted(maps.Keys(examples)) {
		out = append(out, exchange{reply: "200", body: canonical(t, examples[name].Value)})
	}
	return out
}

func (x exchange) withDefaults() exchange {
	x.body = cmp.Or(x.body, `{"scopes":["styles:read"],"ttl":"10m"}`)
	x.username = cmp.Or(x.username, user)
	x.method = cmp.Or(x.method, http.MethodPost)
	return x
}

// checkRequest holds the request to the document, which must tell the fit from the unfit as the
// handler does.
func (x exchange) checkRequest(t *testing.T, parameters []parameter, op operation) {
	t.Helper()
	body, err := jsonschema.UnmarshalJSON(strings.NewReader(x.body))
	if err != nil {
		t.Fatal(err)
	}
	unfit := compile(t, op.RequestBody.Content["application/json"].Schema).Validate(body)
	for _, p := range parameters {
		if p.In == "path" && unfit == nil {
			unfit = compile(t, p.Schema).Validate(x.username)
		}
	}
	if (unfit != nil) != x.isUnfit {
		t.Errorf("the document says of the request %.100s: %v", x.body, unfit)
	}
}

// send sends the request to a new mintLab, as the event that API Gateway makes of it.
func (x exchange) send(t *testing.T, path string,
	parameters []parameter) events.APIGatewayV2HTTPResponse {
	t.Helper()
	route, username := path, map[string]string{}
	for _, p := range parameters {
		if p.In == "path" {
			path = strings.ReplaceAll(path, "{"+p.Name+"}", x.username)
			username[p.Name] = x.username
		}
	}
	prefix, _, _ := strings.Cut(route, "/tokens")
	return sendEvent(t, x.fault, map[string]any{
		"version": "2.0", "routeKey": x.method + " " + route, "pathParameters": username,
		"rawPath": path, "rawQueryString": x.query, "body": x.body,
		"headers": map[string]string{"authorization": "Bearer " + jwt},
		"requestContext": map[string]any{
			"requestId": requestID, "stage": "$default", "http": map[string]any{"method": x.method},
			"authorizer": json.RawMessage(callers[prefix][x.caller]),
		},
	})
}

// sendEvent sends an event to a new mintLab.
func sendEvent(
	t *testing.T, fault func(*mintLab), event map[string]any,
) events.APIGatewayV2HTTPResponse {
	t.Helper()
	text, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	w := newMintLab(t)
	if fault != nil {
		fault(w)
	}
	ctx, cancel := context.WithTimeout(t.Context(), w.timeout)
	defer cancel()
	reply, err := w.handler.HandleJSON(ctx, text)
	if err != nil {
		t.Fatal(err)
	}
	return reply
}
