package mapbox_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
)

// operations has the six operations that need a scope, each with an accepted body. {id} stands for
// the id of one of alice's tokens.
var operations = map[string]struct{ method, path, body, scope string }{
	"list":   {"GET", "/tokens/v2/alice", "", "tokens:read"},
	"create": {"POST", "/tokens/v2/alice", `{"scopes":[]}`, "tokens:write"},
	"create temporary": {"POST", "/tokens/v2/alice",
		`{"scopes":[],"expires":"2030-05-01T12:30:00Z"}`, "tokens:write"},
	"update":      {"PATCH", "/tokens/v2/alice/{id}", `{"note":"n"}`, "tokens:write"},
	"delete":      {"DELETE", "/tokens/v2/alice/{id}", "", "tokens:write"},
	"list scopes": {"GET", "/scopes/v1/alice", "", "scopes:list"},
}

func TestWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	for name, op := range operations {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newTestSimulator(t, mapbox.Config{})
			id, exact := b.issue("alice", op.scope)
			_, scopeless := b.issue("alice", "map:read")
			_, bobs := b.issue("bob", everything...)
			revokedID, revoked := b.issue("alice", everything...)
			if err := b.sim.Revoke("alice", revokedID); err != nil {
				t.Fatal(err)
			}
			expired := b.temporary(b.all, time.Minute, everything...)
			b.sim.Advance(2 * time.Minute)
			path := strings.Replace(op.path, "{id}", id, 1)

			lacking, message := 404, "Not Found"
			if op.scope == "scopes:list" {
				lacking, message = 403, "Forbidden"
			}
			b.want(b.do(op.method, path, "", op.body), 422, "access token is required")
			b.want(b.do(op.method, path, "sk.none", op.body), 401, "Unauthorized")
			b.want(b.do(op.method, path, forge(b.all), op.body), 401, "Unauthorized")
			b.want(b.do(op.method, path, revoked, op.body), 401, "Unauthorized")
			b.want(b.do(op.method, path, expired, op.body), 401, "Unauthorized")
			b.want(b.do(op.method, path, scopeless, op.body), lacking, message)
			b.want(b.do(op.method, path, b.create(`{"scopes":["styles:read"]}`).text("token"),
				op.body), lacking, message)
			b.want(b.do(op.method, path, bobs, op.body), lacking, message)
			nobody := strings.Replace(path, "alice", "nobody", 1)
			b.want(b.do(op.method, nobody, b.all, op.body), 404, "No such user")
			if a := b.do(op.method, path, exact, op.body); a.status/100 != 2 {
				t.Errorf("with %s alone: %d %q", op.scope, a.status, a.text("message"))
			}
		})
	}
}

// forge returns the token with the signature of another token.
func forge(token string) string {
	last := "A"
	if strings.HasSuffix(token, last) {
		last = "Q"
	}
	return token[:len(token)-1] + last
}

func TestUnknownAddresses(t *testing.T) {
	t.Parallel()
	b := newTestSimulator(t, mapbox.Config{})
	for _, tc := range []struct{ method, path string }{
		{"GET", "/"},
		{"GET", "/styles/v1/alice"},
		{"GET", "/tokens/v1/alice"},
		{"GET", "/tokens/v2/alice/" + b.allID}, // no retrieval by id
		{"PUT", "/tokens/v2/alice/" + b.allID},
		{"DELETE", "/tokens/v2/alice"},
		{"POST", "/tokens/v2"},
		{"POST", "/scopes/v1/alice"},
		{"GET", "/tokens/v2/alice/x/y"},
		{"GET", "/_sim/calls"},
	} {
		t.Run(tc.method+" "+tc.path, func(t *testing.T) {
			b := b.in(t)
			b.want(b.do(tc.method, tc.path, b.all, ""), 404, "Not Found")
		})
	}
}

func TestListScopes(t *testing.T) {
	t.Parallel()
	b := newTestSimulator(t, mapbox.Config{})
	a := b.do("GET", "/scopes/v1/alice", b.all, "")
	if a.status != http.StatusOK || len(a.rows) < 30 {
		t.Fatalf("got %d with %d scopes", a.status, len(a.rows))
	}
	public := map[string]bool{
		"styles:tiles": true, "styles:read": true, "fonts:read": true, "datasets:read": true,
		"vision:read": true,
	}
	for _, row := range a.rows {
		id, _ := row["id"].(string)
		flag, present := row["public"]
		if present != public[id] || present && flag != true {
			t.Errorf("%s has public %v", id, flag)
		}
		if row["description"] == "" {
			t.Errorf("%s has no description", id)
		}
		delete(public, id)
	}
	if len(public) > 0 {
		t.Errorf("missing: %v", public)
	}
}

func TestEveryOriginMayCall(t *testing.T) {
	t.Parallel()
	b := newTestSimulator(t, mapbox.Config{})
	a := b.do("OPTIONS", "/tokens/v2/alice", "", "")
	if a.status != http.StatusNoContent ||
		!strings.Contains(a.header.Get("Access-Control-Allow-Methods"), "PATCH") ||
		a.header.Get("Access-Control-Allow-Headers") == "" {
		t.Errorf("a preflight gets %d %v", a.status, a.header)
	}
	if len(b.sim.Calls()) != 0 {
		t.Error("a preflight is in the call log")
	}
	for _, token := range []string{b.all, "wrong"} {
		if got := b.do("GET", "/tokens/v2/alice", token,
			"").header.Get("Access-Control-Allow-Origin"); got != "*" {
			t.Errorf("Access-Control-Allow-Origin is %q", got)
		}
	}
}

func TestContentTypeDoesNotMatter(t *testing.T) {
	t.Parallel()
	b := newTestSimulator(t, mapbox.Config{})
	for _, kind := range []string{"", "application/json", "text/plain",
		"application/x-www-form-urlencoded"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost,
			b.url+"/tokens/v2/alice?access_token="+b.all,
			strings.NewReader(`{"scopes":["styles:read"]}`))
		if err != nil {
			t.Fatal("the request is malformed")
		}
		req.Header["Content-Type"] = []string{kind}
		b.want(b.send(req), http.StatusOK, "")
	}
}

func TestLinkNamesTheRequestsOwnOrigin(t *testing.T) {
	t.Parallel()
	sim := newSimulator(t, mapbox.Config{})
	_, token, err := sim.AddToken("alice", "n", everything)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, "/tokens/v2/alice?limit=1&access_token="+token, nil)
	r.Host, r.TLS = "api.example", &tls.ConnectionState{}
	w := httptest.NewRecorder()
	sim.ServeHTTP(w, r)
	if link := w.Header().Get("Link"); !strings.HasPrefix(link,
		"<https://api.example/tokens/v2/alice?access_token=") {
		t.Error("the Link does not begin with the request's scheme and host")
	}
}
