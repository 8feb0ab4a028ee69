package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

func TestDevMintsRotatesAndRetires(t *testing.T) {
	t.Parallel()
	m := startDev(t, dev{})
	for _, name := range []string{"MINT_URL", "TOKENS_API_URL", "AWS_ENDPOINT_URL_SECRETS_MANAGER",
		"PARENT_SECRET_ID", "MAPBOX_USERNAME", "MAPBOX_ACCESS_TOKEN"} {
		if m.lines[name] == "" {
			t.Errorf("%s was not printed", name)
		}
	}
	if got := m.mint(); got != tokens.VerdictValid {
		t.Errorf("the simulator says %s", got)
	}
	first := m.currentVersion()
	rotate := m.lines["MINT_URL"] + "/_dev/rotate"
	if status, body := m.do("POST", rotate, ""); status != 200 ||
		!strings.Contains(body, `"steps":["settled"]`) || m.currentVersion() != first {
		t.Errorf("a rotation that is not due: status %d: %s", status, body)
	}
	if status, body := m.do("POST", rotate+"?force=true", ""); status != 200 ||
		m.currentVersion() == first {
		t.Errorf("a forced rotation: status %d: %s", status, body)
	}
	if got := m.mint(); got != tokens.VerdictValid {
		t.Errorf("after the rotation the simulator says %s", got)
	}
	m.do("POST", m.lines["TOKENS_API_URL"]+"/_sim/clock", `{"advance":"3h"}`)
	if status, body := m.do("POST", rotate, ""); status != 200 ||
		!strings.Contains(body, `"retire"`) {
		t.Errorf("after the grace: status %d: %s", status, body)
	}
	if got := m.mint(); got != tokens.VerdictValid {
		t.Errorf("after the retirement the simulator says %s", got)
	}
	if status, body := m.do("GET", m.lines["MINT_URL"]+"/_dev/events", ""); status != 200 ||
		strings.Count(body, `"detail-type":"Token Promoted"`) != 1 ||
		strings.Count(body, `"detail-type":"Token Deleted"`) != 1 {
		t.Errorf("events: status %d: %s", status, body)
	}
	if err := m.stop(); err != nil {
		t.Errorf("dev ended with %v", err)
	}
	if strings.Contains(m.log.String(), m.lines["MAPBOX_ACCESS_TOKEN"]) {
		t.Error("a token is in the log")
	}
}

func TestDevUsesTheConfigurationItIsGiven(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "mine.yaml")
	text := "profiles:\n  tiny:\n    scopes: [fonts:read]\n    lifetime: 5m\n    allow:\n" +
		"      - iam: \"" + devCaller + "\"\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	m := startDev(t, dev{config: path})
	if status, body := m.do("POST", m.lines["MINT_URL"]+"/tokens", "{}"); status != 200 ||
		!strings.Contains(body, `"profile":"tiny"`) {
		t.Errorf("status %d: %s", status, body)
	}
}

// TestDevKeepsAdditionalTokens: dev creates missing secrets of additional tokens, as a stack does.
func TestDevKeepsAdditionalTokens(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, state := filepath.Join(dir, "mine.yaml"), filepath.Join(dir, "state")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text := "profiles:\n  tiny:\n    scopes: [fonts:read]\n    allow:\n      - iam: \"" +
		devCaller + "\"\n" +
		"tokens:\n  page:\n    secret: tokenmint/page\n    scopes: [fonts:read]\n"
	write(text)
	m := startDev(t, dev{config: path, state: state})
	if status, body := m.do("POST", m.lines["MINT_URL"]+"/_dev/rotate", ""); status != 200 ||
		strings.Count(body, `"create"`) != 1 {
		t.Errorf("the first heartbeat: status %d: %s", status, body)
	}
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	write(text + "  more:\n    secret: tokenmint/more\n    scopes: [fonts:read]\n")
	again := startDev(t, dev{config: path, state: state})
	if status, body := again.do("POST", again.lines["MINT_URL"]+
		"/_dev/rotate", ""); status != 200 || strings.Count(body, `"create"`) != 1 {
		t.Errorf("after another token was configured: status %d: %s", status, body)
	}
	write(strings.Replace(text, "tokenmint/page",
		"arn:aws:secretsmanager:eu-central-1:123456789012:secret:page-AbCdEf", 1))
	if got := startDev(t, dev{config: path}).mint(); got != tokens.VerdictValid {
		t.Errorf("with a secret that only AWS has: the simulator says %s", got)
	}
}
