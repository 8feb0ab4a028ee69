package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDoctorVisitsPublicProfiles: the public route must answer everybody, and the pages that the
// rules name must be able to read its reply.
func TestDoctorVisitsPublicProfiles(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "page.yaml")
	if err := os.WriteFile(path, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	m := startDev(t, dev{config: path})
	for name, tc := range map[string]struct {
		status int
		body   string
		allow  string // the reply's Access-Control-Allow-Origin
		says   string
	}{
		"served": {200, `{"token":"tk.x"}`, "https://maps.example.com",
			"ok     route /public/tokens/page: answers pages of https://maps.example.com"},
		"not for pages": {200, `{}`, "",
			"WRONG  route /public/tokens/page: pages of https://maps.example.com cannot read its " +
				"reply: add this origin to PublicOrigins"},
		"gone": {404, `{"message":"Not Found"}`, "",
			"WRONG  route /public/tokens/page: is gone (404)"},
		"of another policy": {404, `{"code":"no_such_profile"}`, "",
			"WRONG  route /public/tokens/page: refuses everybody (404 no_such_profile)"},
		"for other origins": {403, `{"code":"origin_not_allowed"}`, "",
			"WRONG  route /public/tokens/page: refuses pages of https://maps.example.com (403"},
		"slow": {503, `{"code":"upstream_slow"}`, "",
			"note   route /public/tokens/page: has no token now (503 upstream_slow)"},
		"moved": {301, ``, "", "WRONG  route /public/tokens/page: answered 301"},
	} {
		t.Run(name, func(t *testing.T) {
			stack := httptest.NewServer(http.HandlerFunc(
				func(w http.ResponseWriter, r *http.Request) {
					if r.Method != http.MethodGet || r.ContentLength > 0 || r.URL.RawQuery != "" {
						t.Errorf("%s %s with %d bytes", r.Method, r.URL, r.ContentLength)
					}
					if tc.allow != "" {
						w.Header().Set("Access-Control-Allow-Origin", tc.allow)
					}
					w.WriteHeader(tc.status)
					_, _ = w.Write([]byte(tc.body))
				}))
			t.Cleanup(stack.Close)
			got, err := m.examine(doctor{config: path, getenv: m.getenv("MINT_URL", stack.URL,
				"ROUTES", "public")})
			if !strings.Contains(got, tc.says) ||
				(err != nil) != strings.HasPrefix(tc.says, "WRONG") {
				t.Errorf("no %q: %v\n%s", tc.says, err, got)
			}
		})
	}
}

func TestDoctorChecksTheKindsThatTheStackHas(t *testing.T) {
	t.Parallel()
	m := startDev(t, dev{})
	for name, tc := range map[string]struct{ routes, says, not string }{
		"all of dev": {"", "ok     route /jwt/tokens/v2/doctor: refuses a caller without " +
			"credentials (401)", "ROUTES"},
		"some": {"iam:custom", "ok     route /custom/tokens: refuses a caller without " +
			"credentials (401)", "/jwt/tokens"},
		"misspelt": {"iam:jtw", `WRONG  routes: ROUTES has "jtw"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, _ := m.examine(doctor{getenv: m.getenv("ROUTES", tc.routes)})
			if !strings.Contains(got, tc.says) || tc.not != "" && strings.Contains(got, tc.not) {
				t.Errorf("no %q, or %q in\n%s", tc.says, tc.not, got)
			}
		})
	}
}
