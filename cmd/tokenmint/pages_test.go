package main

import (
	"net/http"
	"strings"
	"testing"
)

func TestDevAnswersPagesOfThisMachine(t *testing.T) {
	t.Parallel()
	m := startDev(t, dev{})
	for origin, allowed := range map[string]bool{
		"http://localhost:3000": true, "http://127.0.0.1:8080": true, "http://[::1]:5173": true, "https://localhost": true,
		"https://evil.example": false, "http://localhost.evil.example": false, "http://evil.example#localhost": false, "http://localhost@evil.example": false,
		"file://localhost": false, "null": false, "": false, "%": false,
	} {
		for _, method := range []string{"POST", "OPTIONS"} {
			request, err := http.NewRequestWithContext(t.Context(), method, m.lines["MINT_URL"]+"/tokens", strings.NewReader("{}"))
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
			want := map[bool]map[string]int{true: {"POST": 200, "OPTIONS": 204}, false: {"POST": 200, "OPTIONS": 405}}[allowed][method]
			header := reply.Header.Get("Access-Control-Allow-Origin")
			if reply.StatusCode != want || allowed && header != origin || !allowed && header != "" {
				t.Errorf("%s from %q: status %d, allowed %q", method, origin, reply.StatusCode, header)
			}
			if method == "OPTIONS" && allowed && !strings.Contains(reply.Header.Get("Access-Control-Allow-Headers"), "content-type") {
				t.Errorf("%q may send no content-type", origin)
			}
		}
	}
}
