package mapbox_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
)

// manage sends a request to the management handler.
func (b *testSimulator) manage(method, path, body string) (status int, text string) {
	w := httptest.NewRecorder()
	b.sim.Management().ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
	return w.Code, strings.TrimSpace(w.Body.String())
}

func (b *testSimulator) wantManaged(method, path, body string, status int, text string) {
	b.t.Helper()
	if gotStatus, got := b.manage(method, path, body); gotStatus != status || got != text {
		b.t.Errorf("%s %s %s\n got %d %s\nwant %d %s", method, path, body, gotStatus, got, status,
			text)
	}
}

func TestManageFaults(t *testing.T) {
	t.Parallel()
	b := newTestSimulator(t, mapbox.Config{})
	const fault = `{"op":"list","skip":1,"hits":2,"kind":"status","status":503,"message":"later",` +
		`"header":{"X-Rate-Limit-Reset":"7"},"delay_before":"1ns","delay_after":"2ns"}`
	b.wantManaged("GET", "/_sim/faults", "", 200, "[]")
	b.wantManaged("POST", "/_sim/faults", fault, 204, "")
	b.wantManaged("GET", "/_sim/faults", "", 200, "["+fault+"]")

	b.want(b.do("GET", "/tokens/v2/alice", b.all, ""), 200, "")
	a := b.do("GET", "/tokens/v2/alice", b.all, "")
	b.want(a, 503, "later")
	if a.header.Get("X-Rate-Limit-Reset") != "7" {
		t.Error("the injected header is missing")
	}
	b.wantManaged("DELETE", "/_sim/faults", "", 204, "")
	b.want(b.do("GET", "/tokens/v2/alice", b.all, ""), 200, "")
}

func TestManageClock(t *testing.T) {
	t.Parallel()
	b := newTestSimulator(t, mapbox.Config{})
	temporary := b.temporary(b.all, time.Hour, "styles:read")
	b.wantManaged("GET", "/_sim/clock", "", 200, `{"now":"2030-05-01T12:00:00.250Z","offset":"0s"}`)
	b.wantManaged("POST", "/_sim/clock", `{"advance":"61m"}`, 200,
		`{"now":"2030-05-01T13:01:00.250Z","offset":"1h1m0s"}`)
	if got := b.verdict(temporary); got != "TokenExpired" {
		t.Errorf("after 61 minutes the token is %s", got)
	}
	b.sim.Advance(-time.Hour)
	b.wantManaged("GET", "/_sim/clock", "", 200,
		`{"now":"2030-05-01T13:01:00.250Z","offset":"1h1m0s"}`)
}

func TestManageCallsAndTokens(t *testing.T) {
	t.Parallel()
	b := newTestSimulator(t, mapbox.Config{})
	b.do("DELETE", "/tokens/v2/alice/"+b.all, b.all, "")
	b.do("GET", "/tokens/v2/alice", forge(b.all), "")
	b.do("GET", "/tokens/v2/alice", b.temporary(b.all, time.Minute, "tokens:read"), "")
	const when = `{"time":"2030-05-01T12:00:00.25Z","method":"`
	want := "[" +
		when +
		`DELETE","op":"delete","path":"/tokens/v2/alice/[token]","status":400,"usage":"sk",` +
		`"token_id":"` + b.allID + `","fault":""},` +
		when +
		`GET","op":"list","path":"/tokens/v2/alice","status":401,"usage":"","token_id":"",` +
		`"fault":""},` +
		when +
		`POST","op":"create-temporary","path":"/tokens/v2/alice","status":200,"usage":"sk",` +
		`"token_id":"` + b.allID + `","fault":""},` +
		when +
		`GET","op":"list","path":"/tokens/v2/alice","status":200,"usage":"tk","token_id":"",` +
		`"fault":""}]`
	b.wantManaged("GET", "/_sim/calls", "", 200, want)
	b.wantManaged("DELETE", "/_sim/calls", "", 204, "")
	b.wantManaged("GET", "/_sim/calls", "", 200, "[]")

	b.create(`{"scopes":["styles:read"]}`)
	_, text := b.manage("GET", "/_sim/tokens?user=alice", "")
	var infos []mapbox.TokenInfo
	if err := json.Unmarshal([]byte(text), &infos); err != nil {
		t.Fatal(err)
	}
	if len(infos) != 3 || !infos[0].Default || infos[1].ID != b.allID ||
		infos[1].Note != "made manually" || infos[2].Note != "" {
		t.Errorf("got %+v", infos)
	}
	if strings.Contains(text, "k.ey") {
		t.Error("the tokens' values are shown")
	}
}

func TestManageRefuses(t *testing.T) {
	t.Parallel()
	b := newTestSimulator(t, mapbox.Config{})
	for name, tc := range map[string]struct{ method, path, body, part string }{
		"fault of no kind": {"POST", "/_sim/faults", `{}`, `kind "" must be one of`},
		"fault of a wrong kind": {"POST", "/_sim/faults", `{"kind":"boom"}`,
			`kind "boom" must be one of`},
		"fault of a wrong op": {"POST", "/_sim/faults", `{"op":"mint","kind":"html"}`,
			`op "mint" must be one of`},
		"fault with a wrong key": {"POST", "/_sim/faults", `{"kind":"html","times":2}`,
			`unknown field "times"`},
		"status without one": {"POST", "/_sim/faults", `{"kind":"status"}`, "needs a status"},
		"status out of range": {"POST", "/_sim/faults", `{"kind":"status","status":99}`,
			"between 200 and 599"},
		"negative skip": {"POST", "/_sim/faults", `{"kind":"html","skip":-1}`, "skip must be"},
		"hits of -2":    {"POST", "/_sim/faults", `{"kind":"html","hits":-2}`, "hits"},
		"negative delay": {"POST", "/_sim/faults", `{"kind":"html","delay_before":"-1s"}`,
			"negative"},
		"slow without a delay": {"POST", "/_sim/faults", `{"kind":"slow"}`,
			"delay_before or delay_after"},
		"a delay without unit": {"POST", "/_sim/faults", `{"kind":"slow","delay_after":"30"}`,
			"missing unit"},
		"two faults": {"POST", "/_sim/faults", `{"kind":"html"} {"kind":"html"}`,
			"more than one JSON value"},
		"trailing bracket": {"POST", "/_sim/faults", `{"kind":"html"}]`,
			"more than one JSON value"},
		"no JSON": {"POST", "/_sim/faults", `html`, "decode the body"},
		"too much": {"POST", "/_sim/faults", strings.Repeat(" ", 64<<10) + `{"kind":"html"}`,
			"too large"},
		"clock back":               {"POST", "/_sim/clock", `{"advance":"-1m"}`, "above zero"},
		"clock by nothing":         {"POST", "/_sim/clock", `{}`, "above zero"},
		"clock by a number":        {"POST", "/_sim/clock", `{"advance":61}`, "decode the body"},
		"tokens of nobody":         {"GET", "/_sim/tokens?user=nobody", "", `no account "nobody"`},
		"tokens of no one in part": {"GET", "/_sim/tokens", "", `no account ""`},
	} {
		t.Run(name, func(t *testing.T) {
			status, text := b.manage(tc.method, tc.path, tc.body)
			var refusal struct{ Message string }
			if err := json.Unmarshal([]byte(text), &refusal); err != nil {
				t.Fatalf("%d without a message", status)
			}
			if status != http.StatusBadRequest || !strings.Contains(refusal.Message, tc.part) {
				t.Errorf("got %d %q, want 400 with %q", status, refusal.Message, tc.part)
			}
		})
	}
	b.wantManaged("GET", "/_sim/faults", "", 200, "[]")
	if len(b.sim.Calls()) != 0 {
		t.Error("management is in the call log")
	}
}

func TestManagementListsItself(t *testing.T) {
	t.Parallel()
	b := newTestSimulator(t, mapbox.Config{})
	status, text := b.manage("GET", "/_sim/", "")
	if status != http.StatusOK {
		t.Fatalf("got %d", status)
	}
	for line := range strings.Lines(text) {
		method, path := strings.Fields(line)[0], strings.Fields(line)[1]
		if status, _ := b.manage(method, strings.Replace(path, "NAME", "alice", 1),
			`{"kind":"html","advance":"1s"}`); status == 404 || status == 405 {
			t.Errorf("%s %s is listed but gets %d", method, path, status)
		}
	}
}

// TestManageAccounts: each test of a program can have an account of its own.
func TestManageAccounts(t *testing.T) {
	t.Parallel()
	b := newTestSimulator(t, mapbox.Config{RateLimit: 2})
	for body, problem := range map[string]string{
		`{"user":"A"}`: `user name \"A\": want ` +
			`lower-case letters, digits, - and _`,
		`{"user":"alice"}`:                      `user name \"alice\" is taken`,
		`{"user":"shop","scopes":["no scope"]}`: `\"no scope\" is not a scope`,
	} {
		b.wantManaged("POST", "/_sim/accounts", body, 400, `{"message":"`+problem+`"}`)
	}
	add := func(body string) string {
		var account struct{ Token string }
		status, text := b.manage("POST", "/_sim/accounts", body)
		if err := json.Unmarshal([]byte(text), &account); err != nil || status != 200 {
			t.Fatalf("%d %s", status, text)
		}
		return account.Token
	}
	all, one := add(`{"user":"shop"}`), add(`{"user":"other","scopes":["styles:read"]}`)
	for range 2 {
		b.want(b.do("GET", "/tokens/v2/shop", all, ""), 200, "")
	}
	b.want(b.do("GET", "/tokens/v2/shop", all, ""), 429, "Too Many Requests")
	b.want(b.do("GET", "/tokens/v2/other", one, ""), 404, "Not Found")
	if !strings.HasPrefix(all, "sk.") || !strings.HasPrefix(one, "pk.") {
		t.Error("the first token is secret, and the other one is public")
	}
}
