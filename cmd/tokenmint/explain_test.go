package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// page is a configuration with a profile for visitors of a web page.
const page = `profiles:
  gold:
    scopes: [styles:read]
    allow:
      - lambda: {tier: gold}
      - jwt: {groups: maps, level: 3}
      - jwt: {realm_access.roles: maps, email_verified: true}
      - jwt: {firebase.sign_in_provider: google.com}
      - jwt: {scp: Maps.Read, ver: "2.0"}
      - lambda: {tenant: 9007199254740992}
  page:
    scopes: [fonts:read]
    reuse: 10m
    allow:
      - {anyone: true, origins: ["https://maps.example.com"]}
`

// Payloads from identity providers.
const (
	keycloak = `{"exp":1767369845,"iat":1767366245,"auth_time":0,"jti":"onrtac:1",
 "iss":"https://id.example/realms/maps","aud":["account","tokenmint"],"sub":"f:1:ann",
 "typ":"Bearer","azp":"web","acr":"1","allowed-origins":["https://maps.example.com"],"nonce":null,
 "realm_access":{"roles":["offline_access","maps"]},
 "resource_access":{"account":{"roles":["view-profile"]}},"scope":"openid email profile",
 "email_verified":true,"address":{},"name":"Ann Example","email":"ann@example.com"}`
	firebase = `{"iss":"https://securetoken.google.com/maps","aud":"maps","auth_time":1767366245,
 "user_id":"a1","sub":"a1","iat":1767366245,"exp":1767369845,"email":"ann@example.com",
 "email_verified":false,"picture":null,"score":0.5,"firebase":{"identities":{"google.com":["1"],
 "email":["ann@example.com"]},"sign_in_provider":"google.com"}}`
	entra = `{"aud":"api://tokenmint","iss":"https://login.microsoftonline.com/t/v2.0",
 "iat":1767366245,"nbf":1767366245,"exp":1767369845,"aio":"AX","azp":"c","azpacr":"0","oid":"o",
 "rh":"0.A","scp":"User.Read Maps.Read","sub":"s","tid":"t","uti":"u","ver":"2.0",
 "groups":["11111111-2222-3333-4444-555555555555"],"wids":[],"_claim_names":{"groups":"src1"},
 "xms_ftd":null}`
)

func TestExplain(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "page.yaml")
	if err := os.WriteFile(path, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	const web, dev = "arn:aws:sts::1:assumed-role/web-1/session", devCaller
	for name, tc := range map[string]struct {
		args []string
		code int
		says []string
	}{
		"the first that allows": {[]string{"--caller", dev}, 0, []string{
			"caller: " + dev, "profile web-map: grants a token with fonts:read, styles:read, " +
				"styles:tiles",
			`rule 1: the ARN does not match iam "arn:*:iam::*:role/web-*"`,
			"rule 4: allows this caller",
			"profile uploads: is not reached: web-map comes first",
		}},
		"the one that has the scopes": {[]string{"--caller", dev, "--scopes",
			"uploads:write,fonts:read"}, 0, []string{
			"profile web-map: grants no token: it does not have uploads:write",
			"profile uploads: grants a token with fonts:read, uploads:write",
		}},
		"the one that is named": {[]string{"--caller", dev, "--profile", "uploads"}, 0, []string{
			"profile web-map: grants no token: the request names another profile",
			"profile uploads: grants a token",
		}},
		"a session": {[]string{"--caller", web}, 0,
			[]string{"caller: arn:aws:iam::1:role/web-1", "profile web-map: grants a token"}},
		"a role with a path": {[]string{"--caller",
			"arn:aws:iam::123456789012:role/service-role/web-app"}, 0, []string{
			"caller: arn:aws:iam::123456789012:role/web-app", "profile web-map: grants a token",
		}},
		"a role of another partition": {[]string{"--caller",
			"arn:aws-us-gov:iam::123456789012:role/web-app"}, 0,
			[]string{"profile web-map: grants a token"}},
		"a payload of Keycloak": {[]string{"--config", path, "--jwt", keycloak}, 0,
			[]string{"caller: jwt:f:1:ann", "rule 3: allows this caller"}},
		"a payload of Firebase": {[]string{"--config", path, "--jwt", firebase}, 0,
			[]string{"rule 4: allows this caller"}},
		"a payload of Entra": {[]string{"--config", path, "--jwt", entra}, 0,
			[]string{"rule 5: allows this caller"}},
		"allowed without context": {[]string{"--lambda", "null"}, 1,
			[]string{"caller_not_allowed"}},
		"digits that a float loses": {[]string{"--lambda", `{"tenant":9007199254740993}`,
			"--config", path}, 1, []string{"no value of the authorizer's tenant"}},
		"the same digits": {[]string{"--lambda", `{"tenant":9007199254740992}`, "--config", path},
			0, []string{"rule 6: allows this caller"}},
		"a JWT as API Gateway passes it": {[]string{"--jwt", `{"groups":["ops","maps"],"level":3}`,
			"--config", path}, 0, []string{
			"rule 1: the rule works on custom routes only", "rule 2: allows this caller",
			"profile page: grants no token: no rule allows this caller",
		}},
		"a Lambda authorizer": {[]string{"--lambda", `{"tier":"gold"}`, "--config", path}, 0,
			[]string{"profile gold: grants a token"}},
		"a visitor": {[]string{"--public", "--profile", "page", "--config", path}, 0,
			[]string{"caller: anyone", "route: public", "profile page: grants a token"}},
		"a visitor who asks for scopes": {[]string{"--public", "--profile", "page", "--scopes",
			"fonts:read", "--config", path}, 2, []string{"cannot ask for scopes"}},
		"a visitor who is somebody": {[]string{"--public", "--caller", dev}, 2,
			[]string{"exclude each other"}},
		"a page": {[]string{"--origin", "https://maps.example.com", "--config", path}, 0, []string{
			"caller: anyone",
			"profile gold: grants no token: no rule allows this caller",
			"profile page: grants a token with fonts:read",
		}},
		"a named caller from a page": {[]string{"--caller", dev, "--origin",
			"https://maps.example.com", "--config", path}, 1,
			[]string{"rule 1: the rule works on public routes only"}},

		"another page": {[]string{"--origin", "https://evil.example", "--config", path}, 1,
			[]string{"origin_not_allowed", "the page's origin is none of"}},
		"a page, not known": {[]string{"--origin", "https://maps.example.com"}, 1,
			[]string{"origin_not_allowed"}},
		"a visitor of no public profile": {[]string{"--public", "--profile", "web-map"}, 1,
			[]string{"no_such_profile"}},
		"a stranger": {[]string{"--caller", "arn:aws:iam::1:user/eve"}, 1,
			[]string{"no profile grants a token: caller_not_allowed",
				"profile uploads: grants no token"}},
		"scopes of two": {[]string{"--caller", web, "--scopes", "styles:read,uploads:write"}, 1,
			[]string{"scopes_not_allowed", "it does not have uploads:write"}},
		"no such profile": {[]string{"--caller", dev, "--profile", "none"}, 1,
			[]string{"profile_not_allowed"}},
		"no such scope": {[]string{"--caller", dev, "--scopes", "Bad Scope"}, 1,
			[]string{"scopes_invalid"}},
		"no such file": {[]string{"--caller", dev, "--config", path + "x"}, 1,
			[]string{"page.yamlx"}},

		"nobody": {nil, 2, []string{"say who calls"}},
		"two callers": {[]string{"--caller", dev, "--jwt", "{}"}, 2,
			[]string{"exclude each other"}},
		"no ARN": {[]string{"--caller", "web-1"}, 2, []string{"must be an ARN"}},
		"no claims": {[]string{"--jwt", "[]"}, 2,
			[]string{"the payload of the JWT is not a JSON object"}},
		"a claim twice": {[]string{"--jwt", `{"groups":"staff","groups":"maps"}`}, 2,
			[]string{"has a name twice in one object"}},
		"no context": {[]string{"--lambda", "gold"}, 2,
			[]string{"the context is not one JSON object"}},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			code := run(t.Context(), append([]string{"explain"}, tc.args...), &out, &out)
			if code != tc.code {
				t.Errorf("%s: exit code %d, want %d", name, code, tc.code)
			}
			for _, want := range tc.says {
				if !strings.Contains(out.String(), want) {
					t.Errorf("%s: no %q in:\n%s", name, want, out.String())
				}
			}
		})
	}
}
