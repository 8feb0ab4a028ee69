package openapi_test

import (
	"cmp"
	"net/http"
	"strings"
	"testing"

	"github.com/tokenmint/tokenmint/internal/secrets"
)

// visit is a request to the public route, and what the mint answers to it.
type visit struct {
	reply   string // status, and the code of a refusal
	profile string // "" is page
	origin  string // "" is the listed one
	method  string // "" is GET
	body    string
	query   string
	fault   func(*mintLab) // breaks a service; nil if all services work
}

var visits = []visit{
	{reply: "200"},
	{reply: "400 malformed", query: "scopes=styles:read"},
	{reply: "400 malformed", body: "{}"},
	{reply: "403 origin_not_allowed", origin: "https://evil.example"},
	{reply: "404 no_such_profile", profile: "web-map"},
	{reply: "404 no_such_profile", profile: "none"},
	{reply: "404 not_found", profile: "a/b"},
	{reply: "405 method_not_allowed", method: http.MethodHead},
	{reply: "422 scopes_invalid", fault: withParent("fonts:read", "tokens:write")},
	{reply: "429 rate_limited", fault: whereMapboxSays(http.StatusTooManyRequests)},
	{reply: "429 budget_spent", fault: withSpentBudget},
	{reply: "500 internal", fault: withFaultyMint},
	{reply: "502 upstream_failed", fault: whereMapboxSays(http.StatusInternalServerError)},
	{reply: "503 upstream_slow", fault: whereMapboxIsLate},
	{reply: "503 parent_unavailable", fault: withoutSecret},
	{reply: "503 parent_unusable", fault: withPasted("correct horse battery staple")},
	{reply: "503 parent_rejected", fault: whereMapboxSays(http.StatusUnauthorized)},
	{reply: "503 parent_lacks_scopes", fault: withParent("uploads:write")},
	{reply: "503 table_unavailable", fault: withoutTable},
	{reply: "200", profile: "managed", fault: withServed("styles:read")},
	{reply: "503 token_unavailable", profile: "managed"},
	{reply: "503 token_unusable", profile: "managed", fault: withServed("uploads:write")},
}

// withServed stores a token as the managed token of the profile managed.
func withServed(scope string) func(*mintLab) {
	return func(w *mintLab) {
		value := secrets.NewValue(w.issue(scope))
		if err := w.store.Create(w.t.Context(), "web", strings.Repeat("b", 32), value); err != nil {
			w.t.Fatal(err)
		}
	}
}

func runVisits(t *testing.T, op operation, produced *evidence) {
	t.Helper()
	for _, v := range visits {
		method, profile := cmp.Or(v.method, http.MethodGet), cmp.Or(v.profile, "page")
		event := map[string]any{
			"version": "2.0", "routeKey": method + " " + publicPath,
			"pathParameters": map[string]string{"profile": profile},
			"rawQueryString": v.query, "body": v.body,
			"headers": map[string]string{
				"origin": cmp.Or(v.origin, "https://maps.example.com"),
			},
			"requestContext": map[string]any{
				"requestId": requestID, "http": map[string]any{"method": method},
			},
		}
		t.Run(publicPath+" "+v.reply, func(t *testing.T) {
			t.Parallel()
			got := sendEvent(t, v.fault, event)
			if reply := nameOf(t, got); reply != v.reply {
				t.Errorf("the reply is %s, want %s", reply, v.reply)
			}
			checkReply(t, op, got)
			produced.add(t, publicPath, got)
		})
	}
}
