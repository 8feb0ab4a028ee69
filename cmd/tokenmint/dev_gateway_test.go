package main

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"
)

// unsigned is a token with these claims.
func unsigned(claims string) string {
	part := base64.RawURLEncoding.EncodeToString
	return part([]byte(`{"alg":"none"}`)) + "." + part([]byte(claims)) + ".c2lnbmF0dXJl"
}

func TestDevStandsInForTheGateway(t *testing.T) {
	t.Parallel()
	m := startDev(t, dev{})
	api := m.lines["MINT_URL"]
	mapbox := fmt.Sprintf(`{"scopes":["fonts:read"],"expires":%q}`,
		time.Now().Add(time.Minute).UTC().Format(time.RFC3339))
	for name, tc := range map[string]struct {
		method, path, body string
		header             []string
		status             int
		says               string
	}{
		"an allowed role": {"POST", "/tokens", "{}", []string{"X-Dev-Authorizer",
			`{"iam":{"userArn":"arn:aws:iam::1:role/web-1"}}`}, 200, `"profile":"web-map"`},
		"a JWT": {"POST", "/jwt/tokens", "{}", []string{"X-Dev-Authorizer",
			`{"jwt":{"claims":{"groups":"[maps]"}}}`}, 200, `"profile":"web-map"`},
		"a JWT with a list": {"POST", "/jwt/tokens", "{}",
			[]string{"X-Dev-Authorizer",
				`{"jwt":{"claims":{"groups":["ops","maps"],"exp":"1767369845"}}}`}, 200,
			`"profile":"web-map"`},
		"a JWT of other words": {"POST", "/jwt/tokens", "{}", []string{"X-Dev-Authorizer",
			`{"jwt":{"claims":{"groups":["Bing maps interns"]}}}`}, 403, "caller_not_allowed"},
		"without a context": {"POST", "/custom/tokens", "{}",
			[]string{"X-Dev-Authorizer", `{"lambda":null}`}, 403, "caller_not_allowed"},
		"somebody else": {"POST", "/tokens", "{}", []string{"X-Dev-Authorizer",
			`{"iam":{"userArn":"arn:aws:iam::1:user/eve"}}`}, 403, "caller_not_allowed"},
		"a JWT on the IAM route": {"POST", "/tokens", "{}", []string{"X-Dev-Authorizer",
			`{"jwt":{"claims":{"groups":"[maps]"}}}`}, 403, "no_authorizer"},
		"a bearer token": {"POST", "/jwt/tokens", "{}",
			[]string{"Authorization", "Bearer " + unsigned(`{"groups":["maps","ops"]}`)}, 200,
			`"profile":"web-map"`},
		"a bearer token with all claims": {"POST", "/jwt/tokens/v2/dev", mapbox,
			[]string{"Authorization", "Bearer " + unsigned(
				`{"iss":"https://id.example","exp":1767369845,"groups":"maps"}`)}, 200,
			`"token":"tk.`},
		"a bearer token of another group": {"POST", "/jwt/tokens", "{}",
			[]string{"Authorization", "Bearer " + unsigned(`{"groups":"[maps]"}`)}, 403,
			"caller_not_allowed"},
		"a bearer token on the IAM route": {"POST", "/tokens", "{}",
			[]string{"Authorization", "Bearer " + unsigned(`{"sub":"ann"}`)}, 200,
			`"profile":"web-map"`},
		"no bearer token": {"POST", "/jwt/tokens", "{}", nil, 401, `{"message":"Unauthorized"}`},
		"no JWT": {"POST", "/jwt/tokens", "{}", []string{"Authorization", "Bearer sk.x"}, 401,
			`{"message":"Unauthorized"}`},
		"no custom identity": {"POST", "/custom/tokens", "{}", nil, 401,
			`{"message":"Unauthorized"}`},
		"no public profile": {"GET", "/public/tokens/web-map", "", nil, 404, "no_such_profile"},
		"an encoded slash":  {"GET", "/public/tokens/a%2Fb", "", nil, 404, "not_found"},
		"a public POST":     {"POST", "/public/tokens/web-map", "", nil, 405, "method_not_allowed"},
		"no authorizer": {"POST", "/tokens", "{}", []string{"X-Dev-Authorizer", `null`},
			403, "no_authorizer"},
		"a misspelt force": {"POST", "/_dev/rotate?forc=true", "", nil, 400,
			"unknown parameter \\\"forc\\\": known here is force=true"},
		"force twice": {"POST", "/_dev/rotate?force=false&force=true", "", nil, 400,
			"given twice"},
		"force of nothing": {"POST", "/_dev/rotate?force=", "", nil, 400, "true or false"},
		"a broken query":   {"POST", "/_dev/rotate?force=%", "", nil, 400, "malformed"},
		"a JWT without claims": {"POST", "/jwt/tokens", "{}",
			[]string{"X-Dev-Authorizer", `{"jwt":{"groups":"maps"}}`}, 400, "needs \\\"claims\\\""},
		"claims that are none": {"POST", "/jwt/tokens", "{}",
			[]string{"X-Dev-Authorizer", `{"jwt":{"claims":null}}`}, 400, "needs \\\"claims\\\""},
		"a user without an ARN": {"POST", "/tokens", "{}",
			[]string{"X-Dev-Authorizer", `{"iam":{"arn":"x"}}`}, 400, "needs \\\"userArn\\\""},
		"a misspelt authorizer": {"POST", "/tokens", "{}",
			[]string{"X-Dev-Authorizer", `{"jtw":{"claims":{}}}`}, 400, "unknown member"},
		"lambda without context": {"POST", "/custom/tokens", "{}",
			[]string{"X-Dev-Authorizer", `{"lambda":null}`}, 403, ""},
		"a list of callers": {"POST", "/tokens", "{}", []string{"X-Dev-Authorizer", `[]`}, 400,
			"X-Dev-Authorizer"},
		"a broken authorizer": {"POST", "/tokens", "{}", []string{"X-Dev-Authorizer", `{`}, 400,
			"X-Dev-Authorizer"},
		"Mapbox's wire": {"POST", "/tokens/v2/dev?access_token=pk.nothing", mapbox, nil,
			200, `"token":"tk.`},
		"a form that is JSON": {"POST", "/tokens", `{"ttl":"1m"}`,
			[]string{"Content-Type", "application/x-www-form-urlencoded"}, 200, `"expires_in":`},
		"JSON": {"POST", "/tokens", `{"ttl":"1m"}`,
			[]string{"Content-Type", "application/json; charset=utf-8"}, 200, `"expires_in":`},
		"another method": {"GET", "/tokens", "", nil, 405, "method_not_allowed"},
		"another path":   {"POST", "//tokens", "{}", nil, 404, "not_found"},
		"larger than a function": {"POST", "/tokens", strings.Repeat("x", 8<<10+1), nil, 413,
			"body_too_large"},
		"larger than a gateway": {"POST", "/tokens", strings.Repeat("x", 10<<20+1), nil, 413,
			"Request Entity Too Large"},
		"rotate by GET":  {"GET", "/_dev/rotate", "", nil, 405, "only POST"},
		"rotate perhaps": {"POST", "/_dev/rotate?force=perhaps", "", nil, 400, "force must be"},
		"other dev path": {"POST", "/_dev/other", "", nil, 404, "known here"},
	} {
		t.Run(name, func(t *testing.T) {
			status, body := m.do(tc.method, api+tc.path, tc.body, tc.header...)
			if status != tc.status || !strings.Contains(body, tc.says) {
				t.Errorf("%s: status %d: %.200s", name, status, body)
			}
		})
	}
	if status, body := m.do("POST", m.lines["TOKENS_API_URL"]+"/_sim/faults",
		`{"op":"list","kind":"status","status":401,"hits":-1}`); status >= 300 {
		t.Fatalf("status %d: %s", status, body)
	}
	if status, body := m.do("POST", api+"/_dev/rotate?force=true", ""); status != 500 ||
		!strings.Contains(body, "401") {
		t.Errorf("a rotation that fails: status %d: %s", status, body)
	}
}
