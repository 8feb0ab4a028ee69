package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
)

// TestKnownScopesAreTheSimulators: configuration and simulator know the same scopes, but share no
// code.
func TestKnownScopesAreTheSimulators(t *testing.T) {
	t.Parallel()
	sim, err := mapbox.New(mapbox.Config{})
	if err == nil {
		err = sim.AddAccount("dev")
	}
	if err != nil {
		t.Fatal(err)
	}
	scopes := sim.Scopes("dev")
	for _, scope := range scopes {
		if !config.IsKnownScope(scope) {
			t.Errorf("the configuration does not know %s", scope)
		}
	}
	if len(scopes) != 35 {
		t.Errorf("the simulator knows %d scopes: let config know the same, and count again",
			len(scopes))
	}
}

const misspelt = `parent: {mints_per_minute: 9}
profiles: {web: {scopes: [styles:raed], allow: [iam: "arn:aws:iam::*:user/dev"]}}
`

// TestMisspeltScope: each command that reads the configuration warns, and the mint issues no token.
func TestMisspeltScope(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "tokenmint.yaml")
	if err := os.WriteFile(path, []byte(misspelt), 0o600); err != nil {
		t.Fatal(err)
	}
	const warning = "styles:raed: did you mean styles:read?"
	m := startDev(t, dev{config: path})
	if !strings.Contains(m.log.String(), warning) {
		t.Errorf("dev says\n%s", m.log.String())
	}
	if status, body := m.do("POST", m.lines["MINT_URL"]+"/tokens", "{}"); status == 200 {
		t.Errorf("a token with a scope that does not exist: %d", status)
	} else if strings.Contains(body, ".eyJ") {
		t.Error("a token shows")
	}
	create := m.lines["TOKENS_API_URL"] + "/tokens/v2/dev?access_token=" +
		m.lines["MAPBOX_ACCESS_TOKEN"]
	if status, body := m.do("POST", create, `{"scopes":["styles:raed"]}`); status != 422 ||
		!strings.Contains(body, "scopes are invalid") {
		t.Errorf("the simulator: status %d", status)
	}
	if got, _ := m.examine(doctor{config: path, getenv: m.getenv()}); !strings.Contains(
		got, warning) {
		t.Errorf("doctor says\n%s", got)
	}
	var out bytes.Buffer
	err := bootstrap{config: path, getenv: m.getenv("PARENT_SECRET_ID",
		m.emptySecret("parent"))}.run(t.Context(),
		strings.NewReader(m.issue(needed(t)...).Token.Reveal()), io.Discard, &out)
	if err == nil || !strings.Contains(err.Error(), "lacks styles:raed") ||
		!strings.Contains(out.String(), warning) {
		t.Errorf("bootstrap says %v\n%s", err, out.String())
	}
	out.Reset()
	if run(t.Context(), []string{"explain", "--config", path, "--caller", devCaller},
		&out, &out); !strings.Contains(out.String(), warning) {
		t.Errorf("explain says\n%s", out.String())
	}
	out.Reset()
	run(t.Context(), []string{"explain", "--config", path, "--caller", devCaller,
		"--output", "json"}, &out, io.Discard)
	var report explanation
	if err := json.Unmarshal(out.Bytes(), &report); err != nil || report.Profile != "web" ||
		len(report.Warnings) != 1 || !report.Profiles[0].Rules[0].Allows {
		t.Errorf("explain as JSON: %v\n%s", err, out.String())
	}
}

// TestUnknownScope: an account may have scopes that this version does not know.
func TestUnknownScope(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "tokenmint.yaml")
	if err := os.WriteFile(path, []byte(strings.Replace(misspelt, "styles:raed", "indoor:read", 1)),
		0o600); err != nil {
		t.Fatal(err)
	}
	m := startDev(t, dev{config: path, backend: backendOptions{scopes: []string{"indoor:read"}}})
	if got := m.mint(); got != "TokenValid" {
		t.Errorf("the simulator says %s", got)
	}
}
