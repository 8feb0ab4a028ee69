package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

func TestDevMintsRotatesAndRetires(t *testing.T) {
	t.Parallel()
	m := startDev(t, dev{})
	for _, name := range []string{"MINT_URL", "TOKENS_API_URL", "AWS_ENDPOINT_URL_SECRETS_MANAGER", "PARENT_SECRET_ID", "MAPBOX_USERNAME", "MAPBOX_ACCESS_TOKEN"} {
		if m.lines[name] == "" {
			t.Errorf("%s was not printed", name)
		}
	}
	if got := m.mint(); got != tokens.VerdictValid {
		t.Errorf("the simulator says %s", got)
	}
	first := m.currentVersion()
	rotate := m.lines["MINT_URL"] + "/_dev/rotate"
	if status, body := m.do("POST", rotate, ""); status != 200 || !strings.Contains(body, `"steps":["settled"]`) || m.currentVersion() != first {
		t.Errorf("a rotation that is not due: status %d: %s", status, body)
	}
	if status, body := m.do("POST", rotate+"?force=true", ""); status != 200 || m.currentVersion() == first {
		t.Errorf("a forced rotation: status %d: %s", status, body)
	}
	if got := m.mint(); got != tokens.VerdictValid {
		t.Errorf("after the rotation the simulator says %s", got)
	}
	m.do("POST", m.lines["TOKENS_API_URL"]+"/_sim/clock", `{"advance":"3h"}`)
	if status, body := m.do("POST", rotate, ""); status != 200 || !strings.Contains(body, `"retire"`) {
		t.Errorf("after the grace: status %d: %s", status, body)
	}
	if got := m.mint(); got != tokens.VerdictValid {
		t.Errorf("after the retirement the simulator says %s", got)
	}
	if err := m.stop(); err != nil {
		t.Errorf("dev ended with %v", err)
	}
	if strings.Contains(m.log.String(), m.lines["MAPBOX_ACCESS_TOKEN"]) {
		t.Error("a token is in the log")
	}
}

func TestDevStandsInForTheGateway(t *testing.T) {
	t.Parallel()
	m := startDev(t, dev{})
	api := m.lines["MINT_URL"]
	mapbox := fmt.Sprintf(`{"scopes":["fonts:read"],"expires":%q}`, time.Now().Add(time.Minute).UTC().Format(time.RFC3339))
	for name, tc := range map[string]struct {
		method, path, body string
		header             []string
		status             int
		says               string
	}{
		"an allowed role":        {"POST", "/tokens", "{}", []string{"X-Dev-Authorizer", `{"iam":{"userArn":"arn:aws:iam::1:role/web-1"}}`}, 200, `"profile":"web-map"`},
		"a JWT":                  {"POST", "/tokens", "{}", []string{"X-Dev-Authorizer", `{"jwt":{"claims":{"groups":"[maps]"}}}`}, 200, `"profile":"web-map"`},
		"a JWT with a list":      {"POST", "/tokens", "{}", []string{"X-Dev-Authorizer", `{"jwt":{"claims":{"groups":["ops","maps"],"exp":"1767369845"}}}`}, 200, `"profile":"web-map"`},
		"a JWT of other words":   {"POST", "/tokens", "{}", []string{"X-Dev-Authorizer", `{"jwt":{"claims":{"groups":["Bing maps interns"]}}}`}, 403, "caller_not_allowed"},
		"without a context":      {"POST", "/tokens", "{}", []string{"X-Dev-Authorizer", `{"lambda":null}`}, 403, "caller_not_allowed"},
		"somebody else":          {"POST", "/tokens", "{}", []string{"X-Dev-Authorizer", `{"iam":{"userArn":"arn:aws:iam::1:user/eve"}}`}, 403, "caller_not_allowed"},
		"no authorizer":          {"POST", "/tokens", "{}", []string{"X-Dev-Authorizer", `null`}, 403, "no_authorizer"},
		"a misspelt force":       {"POST", "/_dev/rotate?forc=true", "", nil, 400, "unknown parameter \\\"forc\\\": known here is force=true"},
		"force twice":            {"POST", "/_dev/rotate?force=false&force=true", "", nil, 400, "given twice"},
		"force of nothing":       {"POST", "/_dev/rotate?force=", "", nil, 400, "true or false"},
		"a broken query":         {"POST", "/_dev/rotate?force=%", "", nil, 400, "malformed"},
		"a JWT without claims":   {"POST", "/tokens", "{}", []string{"X-Dev-Authorizer", `{"jwt":{"groups":"maps"}}`}, 400, "needs \\\"claims\\\""},
		"claims that are none":   {"POST", "/tokens", "{}", []string{"X-Dev-Authorizer", `{"jwt":{"claims":null}}`}, 400, "needs \\\"claims\\\""},
		"a user without an ARN":  {"POST", "/tokens", "{}", []string{"X-Dev-Authorizer", `{"iam":{"arn":"x"}}`}, 400, "needs \\\"userArn\\\""},
		"a misspelt authorizer":  {"POST", "/tokens", "{}", []string{"X-Dev-Authorizer", `{"jtw":{"claims":{}}}`}, 400, "unknown member"},
		"lambda without context": {"POST", "/tokens", "{}", []string{"X-Dev-Authorizer", `{"lambda":null}`}, 403, ""},
		"a list of callers":      {"POST", "/tokens", "{}", []string{"X-Dev-Authorizer", `[]`}, 400, "X-Dev-Authorizer"},
		"a broken authorizer":    {"POST", "/tokens", "{}", []string{"X-Dev-Authorizer", `{`}, 400, "X-Dev-Authorizer"},
		"Mapbox's wire":          {"POST", "/tokens/v2/dev?access_token=pk.nothing", mapbox, nil, 200, `"token":"tk.`},
		"a form that is JSON":    {"POST", "/tokens", `{"ttl":"1m"}`, []string{"Content-Type", "application/x-www-form-urlencoded"}, 200, `"expires_in":`},
		"JSON":                   {"POST", "/tokens", `{"ttl":"1m"}`, []string{"Content-Type", "application/json; charset=utf-8"}, 200, `"expires_in":`},
		"another method":         {"GET", "/tokens", "", nil, 405, "method_not_allowed"},
		"another path":           {"POST", "//tokens", "{}", nil, 404, "not_found"},
		"larger than a function": {"POST", "/tokens", strings.Repeat("x", 8<<10+1), nil, 413, "body_too_large"},
		"larger than a gateway":  {"POST", "/tokens", strings.Repeat("x", 10<<20+1), nil, 413, "Request Entity Too Large"},
		"rotate by GET":          {"GET", "/_dev/rotate", "", nil, 405, "only POST"},
		"rotate perhaps":         {"POST", "/_dev/rotate?force=perhaps", "", nil, 400, "force must be"},
		"other dev path":         {"POST", "/_dev/other", "", nil, 404, "known here"},
	} {
		status, body := m.do(tc.method, api+tc.path, tc.body, tc.header...)
		if status != tc.status || !strings.Contains(body, tc.says) {
			t.Errorf("%s: status %d: %.200s", name, status, body)
		}
	}
	if status, body := m.do("POST", m.lines["TOKENS_API_URL"]+"/_sim/faults", `{"op":"list","kind":"status","status":401,"hits":-1}`); status >= 300 {
		t.Fatalf("status %d: %s", status, body)
	}
	if status, body := m.do("POST", api+"/_dev/rotate?force=true", ""); status != 500 || !strings.Contains(body, "401") {
		t.Errorf("a rotation that fails: status %d: %s", status, body)
	}
}

func TestDevStateSurvivesARestart(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "state")
	m := startDev(t, dev{state: dir})
	m.do("POST", m.lines["MINT_URL"]+"/_dev/rotate?force=true", "")
	version, token := m.currentVersion(), m.lines["MAPBOX_ACCESS_TOKEN"]
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	again := startDev(t, dev{state: dir})
	if again.currentVersion() != version || again.lines["MAPBOX_ACCESS_TOKEN"] != token {
		t.Error("the secret or the token is another after the restart")
	}
	if got := again.mint(); got != tokens.VerdictValid {
		t.Errorf("the simulator says %s", got)
	}
	if err := again.stop(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, "state.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the state may be read by others: %v, %v", info.Mode(), err)
	}
	other := dev{state: dir, mint: ":0", mapbox: ":0", aws: ":0", getenv: nothingSet, world: worldOptions{user: "other"}}
	if err := other.run(t.Context(), io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), "belongs to user dev") {
		t.Errorf("another user: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "state.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := dev{state: dir, world: worldOptions{user: "dev"}}
	if err := broken.run(t.Context(), io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), "state.json") {
		t.Errorf("a broken file: %v", err)
	}
}

// --live against a simulator that plays the real Mapbox.
func TestDevLiveKeepsTheParentToItself(t *testing.T) {
	t.Parallel()
	mapbox := startDev(t, dev{})
	parent := mapbox.lines["MAPBOX_ACCESS_TOKEN"]
	m := startDev(t, dev{live: true, getenv: func(name string) string {
		return map[string]string{"MAPBOX_ACCESS_TOKEN": parent, "TOKENS_API_URL": mapbox.lines["TOKENS_API_URL"]}[name]
	}})
	if _, printed := m.lines["MAPBOX_ACCESS_TOKEN"]; printed {
		t.Error("the real token was printed")
	}
	if got := m.mint(); got != tokens.VerdictValid {
		t.Errorf("the simulator says %s", got)
	}
	if status, body := m.do("POST", m.lines["MINT_URL"]+"/_dev/rotate?force=true", ""); status != 409 {
		t.Errorf("a rotation: status %d: %s", status, body)
	}
	for _, address := range []string{m.lines["MINT_URL"] + "/tokens", m.lines["AWS_ENDPOINT_URL_SECRETS_MANAGER"]} {
		for host, served := range map[string]bool{"": true, "localhost:8789": true, "[::1]:8789": true, "evil.example:8789": false, "localhost.evil.example": false} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(`{"SecretId":"tokenmint/parent"}`))
			if err != nil {
				t.Fatal(err)
			}
			r.Host = host
			r.Header.Set("X-Amz-Target", "secretsmanager.GetSecretValue")
			reply, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = reply.Body.Close()
			if (reply.StatusCode != http.StatusMisdirectedRequest) != served {
				t.Errorf("%s as %q: status %d", address, host, reply.StatusCode)
			}
		}
	}
	endpoint, err := url.Parse(m.lines["AWS_ENDPOINT_URL_SECRETS_MANAGER"])
	if err != nil || len(endpoint.Path) < 33 {
		t.Fatalf("the endpoint has no secret path: %v", err)
	}
	for _, path := range []string{"", "/", "/guess", strings.ToUpper(endpoint.Path), endpoint.Path + "/more", endpoint.Path[:32]} {
		status, body := m.do("POST", "http://"+endpoint.Host+path, `{"SecretId":"tokenmint/parent"}`, "X-Amz-Target", "secretsmanager.GetSecretValue")
		if status != 403 || strings.Contains(body, ".eyJ") || strings.Contains(body, endpoint.Path) {
			t.Errorf("at the path %q: status %d", path, status)
		}
	}
	if got := m.stored(parentSecret); got.Username != "dev" {
		t.Errorf("at the path that was printed: user %q", got.Username)
	}
	for _, header := range [][]string{{"Origin", "https://evil.example"}, {"Sec-Fetch-Site", "cross-site"}} {
		header = append(header, "Content-Type", "text/plain")
		if status, _ := m.do("POST", m.lines["MINT_URL"]+"/tokens", "{}", header...); status != 403 {
			t.Errorf("a page, %s: status %d", header[0], status)
		}
	}
	if err := m.stop(); err != nil {
		t.Error(err)
	}
	if strings.Contains(m.log.String(), parent) {
		t.Error("the real token is in the log")
	}
	for value, want := range map[string]string{"": "--live needs", "pk.eyJ1IjoieCJ9.abc": "MAPBOX_ACCESS_TOKEN: ", `"sk.x"`: "quoted"} {
		d := dev{live: true, getenv: func(string) string { return value }}
		if err := d.run(t.Context(), io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error = %v, want %q", err, want)
		}
	}
}

func TestDevUsesTheConfigurationItIsGiven(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "mine.yaml")
	text := "profiles:\n  tiny:\n    scopes: [fonts:read]\n    lifetime: 5m\n    allow:\n      - iam: \"" + devCaller + "\"\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	m := startDev(t, dev{config: path})
	if status, body := m.do("POST", m.lines["MINT_URL"]+"/tokens", "{}"); status != 200 || !strings.Contains(body, `"profile":"tiny"`) {
		t.Errorf("status %d: %s", status, body)
	}
}

// As the stack does, dev makes the secrets of further tokens without a value, also those that the configuration has gained since the state.
func TestDevKeepsFurtherTokens(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, state := filepath.Join(dir, "mine.yaml"), filepath.Join(dir, "state")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text := "profiles:\n  tiny:\n    scopes: [fonts:read]\n    allow:\n      - iam: \"" + devCaller + "\"\n" +
		"tokens:\n  page:\n    secret: tokenmint/page\n    scopes: [fonts:read]\n"
	write(text)
	m := startDev(t, dev{config: path, state: state})
	if status, body := m.do("POST", m.lines["MINT_URL"]+"/_dev/rotate", ""); status != 200 || strings.Count(body, `"create"`) != 1 {
		t.Errorf("the first heartbeat: status %d: %s", status, body)
	}
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	write(text + "  more:\n    secret: tokenmint/more\n    scopes: [fonts:read]\n")
	again := startDev(t, dev{config: path, state: state})
	if status, body := again.do("POST", again.lines["MINT_URL"]+"/_dev/rotate", ""); status != 200 || strings.Count(body, `"create"`) != 1 {
		t.Errorf("after another token was configured: status %d: %s", status, body)
	}
	write(strings.Replace(text, "tokenmint/page", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:page-AbCdEf", 1))
	if got := startDev(t, dev{config: path}).mint(); got != tokens.VerdictValid {
		t.Errorf("with a secret that only AWS has: the simulator says %s", got)
	}
}

func TestInvokeWithTheVariablesThatDevPrints(t *testing.T) {
	t.Parallel()
	m := startDev(t, dev{})
	before := m.currentVersion()
	i := invoke{event: "-", getenv: func(name string) string { return m.lines[name] }}
	var out bytes.Buffer
	if err := i.run(t.Context(), "rotate", strings.NewReader(`{"action":"rotate","force":true}`), &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	if m.currentVersion() == before {
		t.Error("the secret that dev serves was not rotated")
	}
}
