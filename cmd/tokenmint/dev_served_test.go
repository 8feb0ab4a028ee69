package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A page gets the managed token after the first heartbeat, and the simulator checks its Referer.
func TestDevServesTheManagedToken(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "tokenmint.yaml")
	policy := "profiles: {page: {token: web, allow: [{anyone: true, origins: " +
		"[\"https://maps.example.com\"]}]}}\n" +
		"tokens: {web: {scopes: [styles:read], allowed_urls: [\"https://maps.example.com\"]}}\n"
	if err := os.WriteFile(file, []byte(policy), 0o600); err != nil {
		t.Fatal(err)
	}
	m := startDev(t, dev{config: file})
	url := m.lines["MINT_URL"] + "/public/tokens/page"
	var reply struct{ Token, Code string }
	get := func() int {
		status, body := m.do("GET", url, "", "Origin", "https://maps.example.com")
		if err := json.Unmarshal([]byte(body), &reply); err != nil {
			t.Fatal(err)
		}
		return status
	}
	if status := get(); status != 503 || reply.Code != "token_unavailable" {
		t.Errorf("before the first heartbeat: status %d, code %q", status, reply.Code)
	}
	if status, _ := m.do("POST", m.lines["MINT_URL"]+"/_dev/rotate", ""); status != 200 {
		t.Fatalf("rotate: status %d", status)
	}
	if status := get(); status != 200 || reply.Token[:3] != "pk." {
		t.Fatalf("status %d, code %q", status, reply.Code)
	}
	style := m.lines["TOKENS_API_URL"] + "/styles/v1/dev/streets?access_token=" + reply.Token
	for referer, want := range map[string]int{"https://maps.example.com/": 200,
		"https://evil.example/": 403, "": 403} {
		t.Run(referer, func(t *testing.T) {
			header := []string{"Referer", referer}
			if referer == "" {
				header = nil
			}
			if status, _ := m.do("GET", style, "", header...); status != want {
				t.Errorf("status %d, want %d", status, want)
			}
		})
	}
	var out strings.Builder
	e := explain{origin: "https://maps.example.com", config: file}
	const says = "profile page: gives the managed token web with styles:read"
	if err := e.run(&out); err != nil || !strings.Contains(out.String(), says) {
		t.Errorf("explain: %v\n%s", err, out.String())
	}
}
