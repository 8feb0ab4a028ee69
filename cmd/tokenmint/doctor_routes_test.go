package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestDoctorProbesTheRoutes: API Gateway refuses a caller without credentials. Any other reply is
// wrong.
func TestDoctorProbesTheRoutes(t *testing.T) {
	t.Parallel()
	m := startDev(t, dev{})
	for name, tc := range map[string]struct {
		status int
		body   string
		says   string
	}{
		"IAM": {403, `{"message":"Forbidden"}`,
			"ok     route /tokens: refuses a caller without credentials (403)"},
		"JWT": {401, `{"message":"Unauthorized"}`,
			"ok     route /tokens/v2/doctor: refuses a caller without credentials (401)"},
		"gone": {404, `{"message":"Not Found"}`,
			"WRONG  route /tokens: is gone (404); deploy again"},
		"both gone": {404, `{"message":"Not Found"}`,
			"WRONG  route /tokens/v2/doctor: is gone (404)"},
		"no authorizer": {403, `{"message":"…","code":"no_authorizer"}`,
			"WRONG  route /tokens: API Gateway has no authorizer for it"},
		"open": {200, `{"token":"…"}`,
			"WRONG  route /tokens: answered 200 to a request without credentials"},
		"throttled": {429, `{"message":"Too Many Requests"}`,
			"note   route /tokens: is throttled now (429)"},
		"broken": {500, `{"message":"Internal Server Error"}`,
			"WRONG  route /tokens: answered 500"},
		"moved":          {301, ``, "WRONG  route /tokens: answered 301"},
		"something else": {405, `<html>`, "WRONG  route /tokens: answered 405"},
		"dev": {400, `{"message":"…","code":"malformed"}`,
			"ok     route /tokens: answers; on this machine, dev adds the caller"},
		"another gateway": {403, `<html>`, "ok     route /tokens: refuses a caller without " +
			"credentials (403)"},
		"code of other kind": {403, `{"code":7}`,
			"ok     route /tokens: refuses a caller without credentials (403)"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := m.examine(doctor{getenv: m.getenv("MINT_URL",
				service(t, tc.status, tc.body), "ROUTES", "iam")})
			if !strings.Contains(got, tc.says) ||
				(err != nil) != strings.HasPrefix(tc.says, "WRONG") {
				t.Errorf("%s: no %q: %v\n%s", name, tc.says, err, got)
			}
		})
	}
	for _, tc := range []struct{ address, says string }{
		{"", "note   routes: MINT_URL is not set"},
		{"maps.example.com", "WRONG  routes: MINT_URL is not an http or https address"},
		{"http://127.0.0.1:1", "WRONG  route /tokens: "},
	} {
		t.Run("address "+tc.address, func(t *testing.T) {
			got, _ := m.examine(doctor{getenv: m.getenv("MINT_URL", tc.address, "ROUTES", "iam")})
			if !strings.Contains(got, tc.says) {
				t.Errorf("%s: no %q in\n%s", tc.address, tc.says, got)
			}
		})
	}
}

func TestProbesCarryNoCredentials(t *testing.T) {
	t.Parallel()
	m := startDev(t, dev{})
	double := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get("Authorization") != "" || r.Header.Get("Cookie") != "" ||
			string(body) != "{" || r.Method != http.MethodPost {
			t.Errorf("%s %s with %v, %q: %v", r.Method, r.URL, r.Header, body, err)
		}
		http.Redirect(w, r, "https://example.com/", http.StatusFound)
	}))
	t.Cleanup(double.Close)
	getenv := m.getenv("MINT_URL", double.URL, "ROUTES", "iam")
	if got, err := m.examine(doctor{getenv: getenv}); err == nil {
		t.Errorf("a redirect is no refusal:\n%s", got)
	}
}
