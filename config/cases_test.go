package config_test

import (
	"strings"
	"testing"

	"github.com/tokenmint/tokenmint/config"
)

// withCases is a configuration with an expected case. The rows below each break the case.
const withCases = "profiles:\n  maps:\n    scopes: [styles:read]\n" +
	"    allow: [{jwt: {groups: maps}}]\ntests:\n  - "

func TestParseReadsCases(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ text, want, expect string }{
		{`{route: iam, caller: "arn:aws:iam::1:role/a", scopes: [styles:read], expect: maps}`,
			"iam arn:aws:iam::1:role/a for styles:read", "maps"},
		{`{route: iam, caller: "arn:aws:iam::1:role/a", profile: maps, expect: refused}`,
			"iam arn:aws:iam::1:role/a for profile maps", config.Refused},
		{`{route: jwt, caller: {groups: [maps, "1"], n: 7, "a\"b": true, o: {x: null, y: ""}, ` +
			`l: []}, expect: maps}`,
			`jwt {"groups":["maps","1"],"n":7,"a\"b":true,"o":{"x":null,"y":""},"l":[]}`, "maps"},
		{`{route: custom, caller: {}, origin: "https://a.example", expect: refused}`,
			"custom {} from https://a.example", config.Refused},
		{`{route: public, profile: maps, origin: "https://a.example", expect: maps}`,
			"public from https://a.example for profile maps", "maps"},
	} {
		t.Run(tc.want, func(t *testing.T) {
			c, err := config.Parse("x.yaml", []byte(withCases+tc.text))
			if err != nil {
				t.Fatal(err)
			}
			got := c.Cases[0]
			if got.String() != tc.want || got.Expect != tc.expect || got.Line != 6 {
				t.Errorf("got %+v: %s", got, got)
			}
		})
	}
}

func TestParseRefusesCases(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ text, says string }{
		{"{route: iam, expect: maps}", "tests.caller: is missing"},
		{"{route: iam, caller: {sub: ann}, expect: maps}", "tests.caller: must be a text"},
		{"{route: iam, caller: ann, expect: maps}", `tests.caller: "ann" is not an ARN`},
		{"{route: jwt, caller: ann, expect: maps}", "tests.caller: must be a mapping"},
		{"{route: jwt, caller: {sub: ann}}", "tests.expect: is missing"},
		{"{caller: {sub: ann}, expect: maps}", `tests.route: "" is not a kind`},
		{"{route: lambda, caller: {}, expect: maps}", `tests.route: "lambda" is not`},
		{"{route: public, expect: maps}", "of the public route has a profile"},
		{"{route: public, profile: maps, caller: {}, expect: maps}", "and no caller or scopes"},
		{"{route: public, profile: maps, scopes: [a:b], expect: m}", "and no caller or scopes"},
		{"{route: jwt, caller: {a: {b: 1, b: 2}}, expect: maps}", "tests.caller.a.b: must be a na"},
		{"{route: jwt, caller: {a: yes}, expect: maps}", "tests.caller.a: yes can be read"},
		{"{route: jwt, caller: {a: 1.0}, expect: maps}", "tests.caller.a: 1.0 can be read"},
		{"{route: jwt, caler: {}, expect: maps}", "tests.caler: unknown key"},
		{"maps", "tests: must be a mapping"},
	} {
		t.Run(tc.text, func(t *testing.T) {
			_, err := config.Parse("x.yaml", []byte(withCases+tc.text))
			if err == nil || !strings.HasPrefix(err.Error(), "x.yaml:6: tests") ||
				!strings.Contains(err.Error(), tc.says) {
				t.Errorf("no %q: %v", tc.says, err)
			}
		})
	}
	_, err := config.Parse("x.yaml", []byte("profiles:\n  refused: {}\ntests: {}\n"))
	for _, says := range []string{
		"profiles.refused: this name is reserved", "x.yaml:3: tests: must be a list",
	} {
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("no %q: %v", says, err)
		}
	}
}
