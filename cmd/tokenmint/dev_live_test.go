package main

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// TestDevLiveKeepsTheParentToItself uses a simulator in the role of the real Mapbox.
func TestDevLiveKeepsTheParentToItself(t *testing.T) {
	t.Parallel()
	mapbox := startDev(t, dev{})
	parent := mapbox.lines["MAPBOX_ACCESS_TOKEN"]
	m := startDev(t, dev{live: true, getenv: func(name string) string {
		return map[string]string{"MAPBOX_ACCESS_TOKEN": parent,
			"TOKENS_API_URL": mapbox.lines["TOKENS_API_URL"]}[name]
	}})
	if _, printed := m.lines["MAPBOX_ACCESS_TOKEN"]; printed {
		t.Error("the real token was printed")
	}
	if got := m.mint(); got != tokens.VerdictValid {
		t.Errorf("the simulator says %s", got)
	}
	if status, body := m.do("POST", m.lines["MINT_URL"]+
		"/_dev/rotate?force=true", ""); status != 409 {
		t.Errorf("a rotation: status %d: %s", status, body)
	}
	for _, address := range []string{m.lines["MINT_URL"] + "/tokens",
		m.lines["AWS_ENDPOINT_URL_SECRETS_MANAGER"]} {
		for host, served := range map[string]bool{"": true, "localhost:8789": true,
			"[::1]:8789": true, "evil.example:8789": false, "localhost.evil.example": false} {
			t.Run(address+" as "+host, func(t *testing.T) {
				r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address,
					strings.NewReader(`{"SecretId":"tokenmint/parent"}`))
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
			})
		}
	}
	endpoint, err := url.Parse(m.lines["AWS_ENDPOINT_URL_SECRETS_MANAGER"])
	if err != nil || len(endpoint.Path) < 33 {
		t.Fatalf("the endpoint has no secret path: %v", err)
	}
	for _, path := range []string{"", "/", "/guess", strings.ToUpper(endpoint.Path),
		endpoint.Path + "/more", endpoint.Path[:32]} {
		status, body := m.do("POST", "http://"+endpoint.Host+path,
			`{"SecretId":"tokenmint/parent"}`, "X-Amz-Target", "secretsmanager.GetSecretValue")
		if status != 403 || strings.Contains(body, ".eyJ") ||
			strings.Contains(body, endpoint.Path) {
			t.Errorf("at the path %q: status %d", path, status)
		}
	}
	if got := m.stored(parentSecret); got.Username != "dev" {
		t.Errorf("at the path that was printed: user %q", got.Username)
	}
	for _, header := range [][]string{{"Origin", "https://evil.example"},
		{"Sec-Fetch-Site", "cross-site"}} {
		header = append(header, "Content-Type", "text/plain")
		if status, _ := m.do("POST", m.lines["MINT_URL"]+"/tokens",
			"{}", header...); status != 403 {
			t.Errorf("a page, %s: status %d", header[0], status)
		}
	}
	if err := m.stop(); err != nil {
		t.Error(err)
	}
	if strings.Contains(m.log.String(), parent) {
		t.Error("the real token is in the log")
	}
	for value, want := range map[string]string{"": "--live needs",
		"pk.eyJ1IjoieCJ9.abc": "MAPBOX_ACCESS_TOKEN: ", `"sk.x"`: "quoted"} {
		t.Run("token "+value, func(t *testing.T) {
			d := dev{live: true, getenv: func(string) string { return value }}
			if err := d.run(t.Context(), io.Discard, io.Discard); err == nil ||
				!strings.Contains(err.Error(), want) {
				t.Errorf("error = %v, want %q", err, want)
			}
		})
	}
}

// TestDevLiveNeedsLoopback: with --live the endpoint holds a real token, and any caller can mint.
func TestDevLiveNeedsLoopback(t *testing.T) {
	t.Parallel()
	parent := startDev(t, dev{}).lines["MAPBOX_ACCESS_TOKEN"]
	getenv := func(name string) string {
		return map[string]string{"MAPBOX_ACCESS_TOKEN": parent}[name]
	}
	for _, a := range []addresses{{mint: "0.0.0.0:0", aws: ":0"}, {mint: ":0", aws: "0.0.0.0:0"},
		{mint: ":0", aws: "[::]:0"}} {
		d := dev{addresses: a, live: true, getenv: getenv}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second) // a fault would let it serve
		if err := d.run(ctx, io.Discard, io.Discard); err == nil ||
			!strings.Contains(err.Error(), "must be loopback") {
			t.Errorf("--mint %s --aws %s: %v", d.mint, d.aws, err)
		}
		cancel()
	}
}
