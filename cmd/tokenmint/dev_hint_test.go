package main

import (
	"strings"
	"testing"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/internal/mint"
)

// TestHintGetsAToken: the printed command works if the rules can match an invented caller.
func TestHintGetsAToken(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		allow string
		says  []string
		not   string
	}{
		"dev's own caller": {`{iam: "arn:aws:iam::*:user/*"}`, []string{"/tokens -d '{}'"},
			"X-Dev-Authorizer"},
		"another role": {`{iam: "arn:aws:iam::*:role/web-*"}`,
			[]string{devCaller, "Profile maps",
				`{"iam":{"userArn":"arn:aws:iam::000000000000:role/web-dev"}}`}, ""},
		"a JWT": {`{jwt: {groups: maps}}`,
			[]string{devCaller, "/jwt/tokens", `{"jwt":{"claims":{"groups":"maps"}}}`}, ""},
		"a nested claim": {`{jwt: {realm_access.roles: maps}}`,
			[]string{`{"jwt":{"claims":{"realm_access":{"roles":"maps"}}}}`}, ""},
		"an authorizer": {`{lambda: {tenant: acme, plan: "pro-?"}}`,
			[]string{"/custom/tokens", `{"lambda":{"plan":"pro-x","tenant":"acme"}}`}, ""},
		"any page": {`{anyone: true, origins: ["https://maps.example.com"]}`,
			[]string{"8787/public/tokens/maps -H 'Origin: https://maps.example.com'\n"},
			"-X POST http"},
		"a page of a user": {`{jwt: {sub: "ann*"}, origins: ["https://*.example.com"]}`,
			[]string{`"sub":"anndev"`, "Origin: https://dev.example.com"}, ""},
		"not to be quoted": {`{jwt: {sub: "o'hara"}}`,
			[]string{devCaller, "that your rules allow"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, err := config.Parse("test", []byte("profiles: {maps: {scopes: [fonts:read], "+
				"reuse: "+
				"1m, allow: ["+tc.allow+"]}}"))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			got := dev{}.hint(variables{{"MINT_URL", "http://127.0.0.1:8787"}}, cfg)
			for _, want := range tc.says {
				if !strings.Contains(got, want) {
					t.Errorf("%s: no %q in\n%s", name, want, got)
				}
			}
			if tc.not != "" && strings.Contains(got, tc.not) {
				t.Errorf("%s: %q in\n%s", name, tc.not, got)
			}
		})
	}
	shipped, err := config.Shipped()
	if err != nil || answers(shipped, mint.Who{ARN: devCaller}) == "" {
		t.Errorf("the shipped configuration does not allow dev's caller: %v", err)
	}
}
