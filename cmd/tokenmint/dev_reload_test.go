package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDevReadsTheConfigurationAgain(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "mine.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	policyFor := func(rule string) string {
		return "profiles:\n  tiny:\n    scopes: [fonts:read]\n    reuse: 10m\n    allow: [" +
			rule + "]\n"
	}
	const mine, page = `{iam: "` + devCaller + `"}`, "https://maps.example.com"
	write(policyFor(mine))
	m := startDev(t, dev{config: path})
	expect := func(step string, status int, says string) {
		t.Helper()
		got, body := m.do("POST", m.lines["MINT_URL"]+"/tokens", "{}")
		if got != status || !strings.Contains(body, says) {
			t.Errorf("%s: status %d, want %d and %s: %s", step, got, status, says, body)
		}
	}
	expect("at first", 200, `"profile":"tiny"`)
	write(policyFor(`{jwt: {groups: maps}}`))
	expect("without the rule", 403, "caller_not_allowed")
	write(policyFor(mine) + "zzz: 1\n")
	expect("with an unknown key", 403, "caller_not_allowed") // not the policy before that one
	if !strings.Contains(m.log.String(), "the one before stays: "+path+":6: zzz: unknown key") {
		t.Errorf("the log does not say what is wrong:\n%s", m.log.String())
	}
	write(policyFor(mine) + "tokens: {ci: {secret: tokenmint/ci, scopes: [fonts:read]}}\n")
	expect("with a token", 200, `"profile":"tiny"`)
	if status, body := m.do("POST", m.lines["MINT_URL"]+"/_dev/rotate", ""); status != 200 ||
		!strings.Contains(body, `"name":"ci"`) {
		t.Errorf("the new token is not rotated: status %d: %s", status, body)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	expect("without the file", 200, `"profile":"tiny"`)

	ask := func() int {
		status, _ := m.do("POST", m.lines["TOKENS_API_URL"]+"/tokens/v2/dev", "{}", "Origin", page)
		return status
	}
	if status := ask(); status != 403 {
		t.Errorf("a page that no policy names: status %d", status)
	}
	write(policyFor(mine + `, {anyone: true, origins: ["` + page + `"]}`))
	if status := ask(); status == 403 {
		t.Error("the simulator does not know the page of the new policy")
	}
}
