package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestDevPage: one file, whose script and style run because the policy has their digests.
func TestDevPage(t *testing.T) {
	t.Parallel()
	m := startDev(t, dev{})
	_, header, body := m.get("/_dev/", nil)
	policy := header.Get("Content-Security-Policy")
	for _, want := range []string{
		"default-src 'none'", "script-src '" + digestOf("script") + "'",
		"style-src '" + digestOf("style") + "'", "connect-src 'self'", "frame-ancestors 'none'",
		"img-src data: " + m.lines["TOKENS_API_URL"],
	} {
		if !strings.Contains(policy, want) {
			t.Errorf("no %s in %s", want, policy)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Count(body, "<script") != 1 ||
		strings.Count(body, "<style") != 1 || strings.Contains(body, " style=") ||
		strings.Contains(body, "innerHTML") {
		t.Error("the page has markup that the policy does not allow, or writes markup")
	}
	if !strings.Contains(m.log.String(), "See what happens in a browser: "+
		m.lines["MINT_URL"]+"/_dev/\n") {
		t.Error("the address of the page was not printed")
	}
}

// TestDevPageIsForThisMachine covers each address of the page, and the management of the simulator
// below it.
func TestDevPageIsForThisMachine(t *testing.T) {
	t.Parallel()
	m := startDev(t, dev{})
	for _, path := range []string{"/_dev/", "/_dev/stream", "/_dev/plan", "/_dev/sim/faults"} {
		for name, header := range map[string]map[string]string{
			"another site":     {"Sec-Fetch-Site": "cross-site"},
			"another origin":   {"Origin": "https://evil.example"},
			"another port":     {"Origin": "http://localhost:3000", "Sec-Fetch-Site": "same-site"},
			"a disguised name": {"Origin": "http://evil.example", "Host": "evil.example"},
			// A browser names no page if it takes this server for the page's own.
			"a disguised name alone": {"Host": "evil.example"},
		} {
			want := http.StatusForbidden
			if len(header) == 1 && header["Host"] != "" {
				want = http.StatusMisdirectedRequest
			}
			if status, _, body := m.get(path, header); status != want {
				t.Errorf("%s from %s: status %d: %s", path, name, status, body)
			}
		}
	}
}

// TestDevStream: the page learns what happens, and learns no token.
func TestDevStream(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "tokenmint.yaml")
	write(t, file, policyWith("[styles:read]"))
	m := startDev(t, dev{config: file})
	mint, events := m.lines["MINT_URL"], m.stream()
	first := events(func(devState) bool { return true })
	if len(first.Policy.Requests) != 1 || first.Policy.Requests[0].Path != "/tokens" ||
		len(first.Secrets) != 1 || len(first.Tokens) != 3 || first.Budget.Limit != 80 {
		t.Errorf("%+v", first)
	}
	m.do("POST", mint+"/tokens", `{"ttl":"5m"}`)
	events(func(s devState) bool { return len(s.Audits) == 1 && s.Budget.Minted == 1 })
	for range maxAudits + 1 { // the token lives longer than the records
		m.do("POST", mint+"/tokens", `{"scopes":["no"]}`)
	}
	events(func(s devState) bool {
		return len(s.Audits) == maxAudits && len(s.Issued) == 1 && s.Issued[0].Profile == "web"
	})
	m.do("POST", mint+"/_dev/rotate?force=true", "")
	events(func(s devState) bool { return len(s.Secrets[0].Versions) == 2 })
	m.do("POST", mint+"/_dev/sim/faults", `{"kind":"status","status":503,"hits":-1}`)
	events(func(s devState) bool { return len(s.Faults) == 1 })
	m.do("DELETE", mint+"/_dev/sim/faults", "")
	m.do("POST", mint+"/_dev/sim/clock", `{"advance":"1h"}`)
	events(func(s devState) bool {
		return len(s.Faults) == 0 && time.UnixMilli(s.Now).After(time.Now().Add(50*time.Minute))
	})
	write(t, file, "profiles: wrong\n")
	events(func(s devState) bool {
		return strings.Contains(s.Policy.Error, "profiles") && s.Policy.Text == "profiles: wrong\n"
	})
	write(t, file, policyWith("[styles:read, fonts:read]"))
	events(func(s devState) bool { return s.Policy.Error == "" })
	if err := m.stop(); err != nil { // an open stream does not hold up the end
		t.Error(err)
	}
}

// TestDevPageWithTheRealMapbox: nothing on the page reaches the simulator, which is not there.
func TestDevPageWithTheRealMapbox(t *testing.T) {
	t.Parallel()
	parent := startDev(t, dev{}).lines["MAPBOX_ACCESS_TOKEN"]
	m := startDev(t, dev{live: true, getenv: func(name string) string {
		return map[string]string{"MAPBOX_ACCESS_TOKEN": parent}[name]
	}})
	if status, _, _ := m.get("/_dev/sim/faults", nil); status != http.StatusNotFound {
		t.Errorf("management: status %d", status)
	}
	if s := m.stream()(func(devState) bool { return true }); !s.Live || s.Secrets == nil {
		t.Errorf("%+v", s)
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func policyWith(scopes string) string {
	return "profiles: {web: {scopes: " + scopes + ", reuse: 10m, allow: [{iam: \"" + devCaller +
		"\"}]}}\n"
}

// get sends a request to the mint's address. The header Host replaces the host.
func (m *machine) get(
	path string, header map[string]string,
) (status int, replied http.Header, body string) {
	m.t.Helper()
	request, err := http.NewRequestWithContext(m.t.Context(), http.MethodGet,
		m.lines["MINT_URL"]+path, nil)
	if err != nil {
		m.t.Fatal(err)
	}
	for name, value := range header {
		request.Header.Set(name, value)
	}
	if host := header["Host"]; host != "" {
		request.Host = host
	}
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		m.t.Fatal(err)
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(io.LimitReader(reply.Body, 1<<20))
	if err != nil {
		m.t.Fatal(err)
	}
	return reply.StatusCode, reply.Header, string(text)
}

// stream opens the stream of the page. The function that it returns waits for a state.
func (m *machine) stream() func(until func(devState) bool) devState {
	m.t.Helper()
	request, err := http.NewRequestWithContext(m.t.Context(), http.MethodGet,
		m.lines["MINT_URL"]+"/_dev/stream", nil)
	if err != nil {
		m.t.Fatal(err)
	}
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { _ = reply.Body.Close() })
	lines := bufio.NewScanner(reply.Body)
	lines.Buffer(nil, 1<<20)
	return func(until func(devState) bool) devState {
		m.t.Helper()
		for lines.Scan() {
			text, isData := strings.CutPrefix(lines.Text(), "data: ")
			if !isData {
				continue
			}
			for _, kind := range []string{"sk.", "tk.", "pk."} {
				if strings.Contains(text, kind) {
					m.t.Fatalf("the stream has a token that begins with %s", kind)
				}
			}
			var s devState
			if err := json.Unmarshal([]byte(text), &s); err != nil {
				m.t.Fatal(err)
			}
			if until(s) {
				return s
			}
		}
		m.t.Fatal("the stream ended first: ", lines.Err())
		return devState{}
	}
}
