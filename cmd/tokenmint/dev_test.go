package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/logtest"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// machine is a running dev.
type machine struct {
	t     *testing.T
	lines map[string]string
	stop  func() error
	log   *logtest.Buffer
}

// startDev runs dev on free ports until the test ends or stop is called.
func startDev(t *testing.T, d dev) *machine {
	t.Helper()
	d.mint, d.mapbox, d.aws = "127.0.0.1:0", "127.0.0.1:0", ":0"
	d.envFile = filepath.Join(t.TempDir(), "env")
	d.world.user = cmp.Or(d.world.user, "dev")
	if d.getenv == nil {
		d.getenv = nothingSet
	}
	ctx, cancel := context.WithCancel(t.Context())
	m := &machine{t: t, log: &logtest.Buffer{}, lines: map[string]string{}}
	out, printed := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := d.run(ctx, printed, m.log)
		printed.CloseWithError(io.EOF)
		done <- err
	}()
	m.stop = sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() { _ = m.stop() })

	text := make([]byte, 4096)
	n, err := out.Read(text) // dev prints all lines in one write
	if err != nil {
		t.Fatalf("dev ended: %v\n%s", m.stop(), m.log.String())
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	for line := range strings.Lines(string(text[:n])) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		m.lines[name] = value
	}
	file, err := os.ReadFile(d.envFile)
	if err != nil || string(file) != string(text[:n]) {
		t.Errorf("--env-file holds other lines than were printed, or none: %v", err)
	}
	return m
}

// do sends a request and returns its status and body.
func (m *machine) do(method, url, body string, header ...string) (int, string) {
	m.t.Helper()
	r, err := http.NewRequestWithContext(m.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		m.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		m.t.Fatal(err)
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil {
		m.t.Fatal(err)
	}
	return reply.StatusCode, string(text)
}

// mint asks for a token and returns what the simulator says of it.
func (m *machine) mint() tokens.Verdict {
	m.t.Helper()
	status, body := m.do("POST", m.lines["MINT_URL"]+"/tokens", "{}")
	var reply struct{ Token tokens.Token }
	if err := json.Unmarshal([]byte(body), &reply); status != 200 || err != nil {
		m.t.Fatalf("status %d: %v", status, err)
	}
	client, err := tokens.New(tokens.Config{BaseURL: m.lines["TOKENS_API_URL"]})
	if err != nil {
		m.t.Fatal(err)
	}
	got, err := client.Retrieve(m.t.Context(), reply.Token)
	if err != nil {
		m.t.Fatal(err)
	}
	return got.Verdict
}

// currentVersion asks the Secrets Manager endpoint, as any client of it would.
func (m *machine) currentVersion() string {
	m.t.Helper()
	status, body := m.do("POST", m.lines["AWS_ENDPOINT_URL_SECRETS_MANAGER"], `{"SecretId":"`+m.lines["PARENT_SECRET_ID"]+`"}`,
		"X-Amz-Target", "secretsmanager.GetSecretValue", "Content-Type", "application/x-amz-json-1.1")
	var reply struct{ VersionID string }
	if err := json.Unmarshal([]byte(body), &reply); status != 200 || err != nil || reply.VersionID == "" {
		m.t.Fatalf("status %d: %v", status, err)
	}
	return reply.VersionID
}

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
		"somebody else":          {"POST", "/tokens", "{}", []string{"X-Dev-Authorizer", `{"iam":{"userArn":"arn:aws:iam::1:user/eve"}}`}, 403, "caller_not_allowed"},
		"no authorizer":          {"POST", "/tokens", "{}", []string{"X-Dev-Authorizer", `null`}, 403, "no_authorizer"},
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
	if err := m.stop(); err != nil {
		t.Error(err)
	}
	if strings.Contains(m.log.String(), parent) {
		t.Error("the real token is in the log")
	}
	for value, want := range map[string]string{"": "--live needs", "pk.eyJ1IjoieCJ9.abc": "MAPBOX_ACCESS_TOKEN: "} {
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

func TestPlanAndRotateByHand(t *testing.T) {
	t.Parallel()
	m := startDev(t, dev{})
	getenv := func(name string) string { return m.lines[name] }
	before := m.currentVersion()
	for _, tc := range []struct {
		by    byHand
		want  string
		moves bool
	}{
		{byHand{action: "plan"}, `"nothing is due"`, false},
		{byHand{action: "plan", force: true}, `"it was asked for"`, false},
		{byHand{action: "rotate", name: "parent"}, `"settled"`, false},
		{byHand{action: "rotate", force: true}, `"promote"`, true},
	} {
		tc.by.getenv = getenv
		var out bytes.Buffer
		if err := tc.by.run(t.Context(), &out, io.Discard); err != nil || !strings.Contains(out.String(), tc.want) {
			t.Errorf("%+v: %v: %s", tc.by.action, err, out.String())
		}
		if moved := m.currentVersion() != before; moved != tc.moves {
			t.Errorf("%s, force %t: the secret moved: %t", tc.by.action, tc.by.force, moved)
		}
	}
	if err := (&byHand{action: "plan", getenv: nothingSet}).run(t.Context(), io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), "PARENT_SECRET_ID") {
		t.Errorf("without variables: %v", err)
	}
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	dir := t.TempDir()
	broken := filepath.Join(dir, "broken.json")
	array := filepath.Join(dir, "array.json")
	for path, text := range map[string]string{broken: "{", array: "[]"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tc := range []struct {
		args string
		want int
	}{
		{"", 0}, {"--help", 0}, {"version", 0}, {"dev --help", 0}, {"completion bash", 0},
		{"bootstrap extra", 2}, {"doctor extra", 2}, {"explain extra", 2}, {"bootstrap --help", 0}, {"doctor --help", 0}, {"explain --help", 0},
		{"bogus", 2}, {"--bogus", 2}, {"dev --bogus", 2}, {"dev extra", 2}, {"dev --mapbox-rate -1", 2}, {"dev --mapbox-rate many", 2},
		{"dev --live --state " + dir, 2}, {"dev --live --sam-env-file " + dir + "/env", 2}, {"invoke", 2}, {"invoke other", 2}, {"invoke mint", 2}, {"invoke mint rotate", 2},
		{"dev --mint " + taken.Addr().String(), 1}, {"dev --config " + dir + "/none", 1}, {"dev --state " + broken, 1},
		{"dev --mint :0 --mapbox :0 --aws :0 --env-file " + dir + "/none/env", 1},
		{"dev --mint :0 --mapbox :0 --aws :0 --sam-env-file " + dir + "/none/env", 1},
		{"invoke mint --event " + dir + "/none", 1}, {"invoke mint --event " + broken, 1},
		{"invoke mint --event " + array, 0}, {"invoke rotate --event " + array, 1},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		if got := run(ctx, strings.Fields(tc.args), io.Discard, io.Discard); got != tc.want {
			t.Errorf("tokenmint %s: exit code %d, want %d", tc.args, got, tc.want)
		}
		cancel()
	}
}
