package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDevAnswersPagesOfThisMachine(t *testing.T) {
	t.Parallel()
	m := startDev(t, dev{})
	for origin, allowed := range map[string]bool{
		"http://localhost:3000": true, "http://127.0.0.1:8080": true, "http://[::1]:5173": true,
		"https://localhost":    true,
		"https://evil.example": false, "http://localhost.evil.example": false,
		"http://evil.example#localhost": false, "http://localhost@evil.example": false,
		"file://localhost": false, "null": false, "": false, "%": false,
	} {
		for _, method := range []string{"POST", "OPTIONS"} {
			request, err := http.NewRequestWithContext(t.Context(), method,
				m.lines["MINT_URL"]+"/tokens", strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Origin", origin)
			if method == "OPTIONS" {
				request.Header.Set("Access-Control-Request-Method", "POST")
			}
			reply, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			_ = reply.Body.Close()
			want := map[bool]map[string]int{true: {"POST": 200, "OPTIONS": 204},
				false: {"POST": 403, "OPTIONS": 405}}[allowed][method]
			if origin == "" && method == "POST" {
				want = 200 // no page
			}
			header := reply.Header.Get("Access-Control-Allow-Origin")
			if reply.StatusCode != want || allowed && header != origin || !allowed && header != "" {
				t.Errorf("%s from %q: status %d, allowed %q", method, origin,
					reply.StatusCode, header)
			}
			if method == "OPTIONS" && allowed &&
				!strings.Contains(reply.Header.Get("Access-Control-Allow-Headers"),
					"content-type") {
				t.Errorf("%q may send no content-type", origin)
			}
		}
	}
}

// TestDevRefusesPagesFromElsewhere covers each server and each header that names the sender.
func TestDevRefusesPagesFromElsewhere(t *testing.T) {
	t.Parallel()
	config := filepath.Join(t.TempDir(), "tokenmint.yaml")
	text := "profiles: {web: {scopes: [fonts:read], reuse: 10m, allow: [{anyone: true, origins: " +
		"[\"https://maps.example.com\"]}, {iam: \"" + devCaller + "\"}]}}"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	m := startDev(t, dev{config: config})
	mintURL, sim, aws := m.lines["MINT_URL"], m.lines["TOKENS_API_URL"],
		m.lines["AWS_ENDPOINT_URL_SECRETS_MANAGER"]
	const evil, local, listed = "https://evil.example", "http://localhost:3000",
		"https://maps.example.com"
	describe := []string{"X-Amz-Target", "secretsmanager.DescribeSecret", "Content-Type",
		"text/plain"}
	for _, tc := range []struct {
		name, method, url, body string
		header                  []string
		status                  int
	}{
		{"mint, foreign", "POST", mintURL + "/tokens", "{}",
			[]string{"Origin", evil, "Content-Type", "text/plain"}, 403},
		{"mint, foreign without an origin", "POST", mintURL + "/tokens", "{}",
			[]string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"mint, neighbour without an origin", "POST", mintURL + "/tokens", "{}",
			[]string{"Sec-Fetch-Site", "same-site"}, 403},
		{"mint, odd site", "POST", mintURL + "/tokens", "{}", []string{"Sec-Fetch-Site", "x"}, 403},
		{"mint, a file", "POST", mintURL + "/tokens", "{}", []string{"Origin", "null"}, 403},
		{"mint, listed", "POST", mintURL + "/tokens", "{}",
			[]string{"Origin", listed, "Sec-Fetch-Site", "cross-site"}, 200},
		{"public, listed", "GET", mintURL + "/public/tokens/web", "",
			[]string{"Origin", listed, "Sec-Fetch-Site", "cross-site"}, 200},
		{"public, foreign", "GET", mintURL + "/public/tokens/web", "",
			[]string{"Origin", evil, "Sec-Fetch-Site", "cross-site"}, 403},
		{"public, no page", "GET", mintURL + "/public/tokens/web", "", nil, 200},
		{"public, a query", "GET", mintURL + "/public/tokens/web?a=b", "", nil, 400},
		{"public, a body", "GET", mintURL + "/public/tokens/web", "{}", nil, 400},
		{"mint, nearly listed", "POST", mintURL + "/tokens", "{}",
			[]string{"Origin", listed + ".evil.example"}, 403},

		{"rotate, foreign", "POST", mintURL + "/_dev/rotate", "", []string{"Origin", evil}, 403},
		{"rotate, local", "POST", mintURL + "/_dev/rotate", "",
			[]string{"Origin", local, "Sec-Fetch-Site", "same-site"}, 403},
		{"rotate, listed", "POST", mintURL + "/_dev/rotate", "", []string{"Origin", listed}, 403},
		{"rotate, rebound", "POST", mintURL + "/_dev/rotate", "",
			[]string{"Origin", "http://evil.example", "Host", "evil.example"}, 403},
		{"rotate, image", "GET", mintURL + "/_dev/rotate", "",
			[]string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"rotate, own page", "POST", mintURL + "/_dev/rotate", "",
			[]string{"Origin", mintURL, "Sec-Fetch-Site", "same-origin"}, 200},
		{"rotate, typed address", "GET", mintURL + "/_dev/rotate", "",
			[]string{"Sec-Fetch-Site", "none"}, 405},
		{"rotate, program", "POST", mintURL + "/_dev/rotate", "", nil, 200},

		{"clock, foreign", "POST", sim + "/_sim/clock", `{"advance":"1s"}`,
			[]string{"Origin", evil, "Content-Type", "text/plain"}, 403},
		{"clock, local", "POST", sim + "/_sim/clock", `{"advance":"1s"}`,
			[]string{"Origin", local}, 403},
		{"clock, own page", "POST", sim + "/_sim/clock", `{"advance":"1s"}`,
			[]string{"Origin", sim}, 200},
		{"calls, foreign", "GET", sim + "/_sim/calls", "",
			[]string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"simulator, foreign", "GET", sim + "/tokens/v2", "", []string{"Origin", evil}, 403},
		{"simulator, preflight", "OPTIONS", sim + "/tokens/v2", "", []string{"Origin", evil}, 403},
		{"simulator, local", "GET", sim + "/tokens/v2", "",
			[]string{"Origin", local, "Sec-Fetch-Site", "cross-site"}, 422},
		{"simulator, program", "GET", sim + "/tokens/v2", "", nil, 422},

		{"secrets, foreign", "POST", aws, "{}", append([]string{"Origin", evil}, describe...), 403},
		{"secrets, local", "POST", aws, "{}", append([]string{"Origin", local}, describe...), 403},
		{"secrets, no origin", "POST", aws, "{}",
			append([]string{"Sec-Fetch-Site", "same-site"}, describe...), 403},
		{"secrets, program", "POST", aws, `{"SecretId":"tokenmint/parent"}`, describe, 200},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if status, body := m.do(tc.method, tc.url, tc.body, tc.header...); status != tc.status {
				t.Errorf("%s: status %d, want %d: %.200s", tc.name, status, tc.status, body)
			}
		})
	}
}
