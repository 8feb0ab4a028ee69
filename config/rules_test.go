package config_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tokenmint/tokenmint/config"
)

// withRule is a configuration with one rule beside one that is always right.
func withRule(rule string) string {
	return "profiles:\n  web-map:\n    scopes: [styles:read]\n    allow:\n" +
		"      - iam: \"arn:*:iam::*:role/web-*\"\n      - " + rule + "\n"
}

// A rule that can match no caller is refused, and the message shows the form that can.
func TestRulesThatMatchNoCallerAreRefused(t *testing.T) {
	t.Parallel()
	const (
		account      = "123456789012"
		write        = "write arn:aws:iam::*:role/"
		writeAccount = "write arn:aws:iam::" + account + ":role/"
		sso          = "aws-reserved/sso.amazonaws.com/eu-west-1/"
		gateway      = "aws-service-role/ops.apigateway.amazonaws.com/"
	)
	for rule, want := range map[string]string{
		"arn:aws:iam::*:role/service-role/web-app":          write + "web-app",
		"arn:aws:iam::*:role/" + sso + "AWSReservedSSO_X_*": write + "AWSReservedSSO_X_*",
		"arn:aws:iam::*:role/" + gateway + "AWSServiceRole": write + "AWSServiceRole",
		"arn:aws:iam::*:role/team/*":                        write + "NAME for each role",
		"arn:aws:iam::*:role/*/web":                         write + "web",
		"arn:aws:sts::" + account + ":assumed-role/web-1/*": writeAccount + "web-1",
		"arn:aws:iam::" + account + ":assumed-role/web-1/x": writeAccount + "web-1",
		"arn:aws:sts::" + account + ":federated-user/ann":   "a rule must name a role/…, a user/…",
		"arn:aws:iam::12345678901:role/web-1":               "has 12 digits",
		"arn:aws:iam::1234567890123:role/web-1":             "has 12 digits",
		"arn:aws:iam::1234-5678-9012:role/web-1":            "has 12 digits",
		"arn:aws:iam::1234*:role/web-1":                     "has 12 digits",
		"arn:aws:iam:::role/web-1":                          "has 12 digits",
		"arn:awss:iam::*:role/web-1":                        "write the partition as",
		"arn:aws*:iam::*:role/web-1":                        "write the partition as",
		"arn:AWS:iam::*:role/web-1":                         "write the partition as",
		"arn::iam::*:role/web-1":                            "write the partition as",
		"arn:aws:iam:eu-west-1:*:role/web-1":                "write a whole ARN",
		"arn:aws:iam::*:role/":                              "must name a role/…",
		"arn:aws:iam::*:role/web-1/":                        "a part of the name is empty",
		"arn:aws:iam::*:user//ann":                          "a part of the name is empty",
		"arn:aws:iam::*:group/maps":                         "must name a role/…",
		"arn:aws:iam::*:instance-profile/web":               "must name a role/…",
		"arn:aws:iam::*:Role/web":                           "must name a role/…",
		"arn:aws:iam::*:role/web app":                       "no name in IAM has",
		"arn:aws:iam::*:role/wéb":                           "no name in IAM has",
		"arn:aws:iam::*:role/web-1 ":                        "no name in IAM has",
		"arn:aws:iam::*:role/" + strings.Repeat("x", 65):    "64 characters",
	} {
		t.Run(rule, func(t *testing.T) {
			_, err := config.Parse("x.yaml", []byte(withRule(fmt.Sprintf("iam: %q", rule))))
			if err == nil || !strings.Contains(err.Error(),
				"x.yaml:6: profiles.web-map.allow.iam: ") || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error = %v, want %q", rule, err, want)
			}
		})
	}
}

func TestRulesThatMatchACallerAreAccepted(t *testing.T) {
	t.Parallel()
	for _, rule := range []string{
		"arn:aws:iam::*:role/web-*", "arn:*:iam::*:role/web-*",
		"arn:aws-us-gov:iam::123456789012:role/web", "arn:aws-cn:iam::*:role/w?b",
		"arn:aws-iso-b:iam::*:role/web", "arn:aws:iam::*:user/division_abc/subdivision_xyz/Zhang",
		"arn:aws:iam::*:user/*/ann",
		"arn:aws:iam::123456789012:root", "arn:aws:iam::*:role/AWSReservedSSO_Maps_*",
		"arn:aws:iam::*:role/a=b,c.d@e_f+g",
		"arn:aws:iam::*:role/[wm]eb",
	} {
		t.Run(rule, func(t *testing.T) {
			if _, err := config.ParseARNPattern(rule); err != nil {
				t.Error(err)
			}
		})
	}
}

// Origins are compared to the letter, so they are written as browsers send them. None lets a
// stranger's page in.
func TestOriginsAreWrittenAsBrowsersSendThem(t *testing.T) {
	t.Parallel()
	for origin, want := range map[string]string{
		"https://maps.example.com:443":         "write https://maps.example.com",
		"https://maps.example.com:":            "write https://maps.example.com",
		"https://maps.example.com:08443":       "write https://maps.example.com:8443",
		"http://localhost:80":                  "write http://localhost",
		"https://Shop.example.com":             "write https://shop.example.com",
		"HTTPS://shop.example.com":             "write https://shop.example.com",
		"https://shop.example.com.":            "write https://shop.example.com",
		"https://shop.example.com/":            "write https://shop.example.com",
		"https://shop.example.com/map?x=1#y":   "write https://shop.example.com",
		"https://shop.example.com?x=1":         "write https://shop.example.com",
		"https://ann@shop.example.com":         "write https://shop.example.com",
		" https://shop.example.com ":           "write https://shop.example.com",
		"https://*.Example.com/*":              "write https://*.example.com",
		"https://bücher.example":               "punycode",
		"https://*":                            "too wide",
		"https://*.com":                        "too wide",
		"https://*.co.uk":                      "too wide",
		"https://*.vercel.app":                 "too wide",
		"https://maps-*.github.io":             "too wide",
		"https://maps*.com":                    "too wide",
		"https://maps.example.com*":            "too wide",
		"https://maps.example.*":               "too wide",
		"https://maps.*.com":                   "too wide",
		"https://*example.com":                 "too wide",
		"https://*:8443":                       "too wide",
		"https://192.168.1.*":                  "too wide",
		"https://*.0.0.1":                      "four numbers",
		"http://localhost*":                    "http:// is for",
		"http://localhost.evil.com":            "http:// is for",
		"http://localhost:3000.evil.com":       "the port is a number",
		"http://localhost:*.evil.com":          "the port is a number",
		"http://localhost:3*":                  "the port is a number",
		"http://localhost:3000@evil.com":       "it ends with the host",
		"http://localhost/":                    "write http://localhost",
		"http://localhost:3000/":               "write http://localhost:3000",
		"http://127.0.0.1.evil.com":            "http:// is for",
		"http://127.0.0.*":                     "http:// is for",
		"http://127.1":                         "http:// is for",
		"http://[::1]:3000":                    "it ends with the host",
		"http://maps.example.com":              "http:// is for",
		"http://*":                             "http:// is for",
		"https://":                             "empty part",
		"https://maps..example.com":            "empty part",
		"https://.example.com":                 "empty part",
		"https://maps.example.com:0":           "the port is a number",
		"https://maps.example.com:65536":       "the port is a number",
		"https://maps.example.com:+1":          "the port is a number",
		"https://maps.example.com:1:2":         "the port is a number",
		"https://256.1.1.1":                    "four numbers",
		"https://192.0.2.01":                   "four numbers",
		"https://maps.example.com https://b.c": "it ends with the host",
		"maps.example.com":                     "write https://",
		"//maps.example.com":                   "write https://",
		"null":                                 "write https://",
		"capacitor://localhost":                "write https://",
	} {
		t.Run(origin, func(t *testing.T) {
			text := withRule(fmt.Sprintf("{anyone: true, origins: [%q]}", origin))
			_, err := config.Parse("x.yaml",
				[]byte(strings.Replace(text, "    allow:", "    reuse: 10m\n    allow:", 1)))
			if err == nil || !strings.Contains(err.Error(), "profiles.web-map.allow.origins: ") ||
				!strings.Contains(err.Error(), want) {
				t.Errorf("%q: error = %v, want %q", origin, err, want)
			}
		})
	}
	for _, origin := range []string{
		"https://maps.example.com", "https://maps.example.com:8443", "https://maps.example.com:*",
		"https://*.example.com",
		"https://pr-*.preview.example.com", "https://*-maps.example.co.uk", "https://intranet",
		"https://xn--bcher-kva.example",
		"https://localhost:3000", "http://localhost", "http://localhost:3000", "http://localhost:*",
		"http://127.0.0.1:8080",
		"https://192.0.2.1", "https://my_host.example.com", "https://maps.example.com:80",
	} {
		t.Run(origin, func(t *testing.T) {
			if _, err := config.ParseOriginPattern(origin); err != nil {
				t.Error(err)
			}
		})
	}
}

// Booleans and numbers are their text. What YAML reads in several ways is refused, and the message
// shows the quoted form.
func TestClaimsAreWrittenAsTexts(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"true": "true", "false": "false", "7": "7", "0": "0", "-0": "-0", "-12": "-12",
		"1.5": "1.5", "9007199254740993": "9007199254740993",
		"123456789012345678901234567890": "123456789012345678901234567890", `"yes"`: "yes",
		"'0o17'": "0o17", `"1e3"`: "1e3",
		`"2026-01-02"`: "2026-01-02", "Maps Viewers": "Maps Viewers", "nope": "nope", "a:b": "a:b",
		`"~"`: "~",
	} {
		t.Run(value, func(t *testing.T) {
			for _, kind := range []string{"jwt", "lambda"} {
				c, err := config.Parse("x.yaml",
					[]byte(withRule(kind+":\n          level: "+value)))
				if err != nil {
					t.Errorf("%s: %v", value, err)
					continue
				}
				rule := c.Profiles[0].Allow[1]
				got := rule.JWT["level"]
				if kind == "lambda" {
					got = rule.Lambda["level"]
				}
				if got.String() != want {
					t.Errorf("%s is read as %q", value, got)
				}
			}
		})
	}
	for value, want := range map[string]string{
		"True": `"True"`, "TRUE": `"TRUE"`, "yes": `"yes"`, "No": `"No"`, "on": `"on"`,
		"OFF": `"OFF"`, "y": `"y"`, "0o17": `"0o17"`, "017": `"017"`,
		"0x1F": `"0x1F"`, "0b1": `"0b1"`, "1_000": `"1_000"`, "+5": `"+5"`, "1e3": `"1e3"`,
		"1.0": `"1.0"`, ".5": `".5"`, "5.": `"5."`, "08": `"08"`,
		".inf": `".inf"`, ".NaN": `".NaN"`, "2026-01-02": `"2026-01-02"`,
		"2026-01-02T15:04:05Z": `"2026-01-02T15:04:05Z"`, "12:30": `"12:30"`,
		"12:30:45": `"12:30:45"`,
		"~":        "must be a text", "null": "must be a text", "": "must be a text",
		`""`: "must be a text", "[a, b]": "must be a text", "{a: b}": "must be a text",
		`"maps\u0000"`: "matches no caller",
		`"a\nb"`:       "matches no caller",
	} {
		t.Run(value, func(t *testing.T) {
			_, err := config.Parse("x.yaml", []byte(withRule("jwt: {level: "+value+"}")))
			if err == nil || !strings.Contains(err.Error(), "profiles.web-map.allow.jwt.level: ") ||
				!strings.Contains(err.Error(), want) {
				t.Errorf("%s: error = %v, want %q", value, err, want)
			}
		})
	}
	for rule, want := range map[string]string{
		`jwt: {scope: "maps:read maps:write"}`: "write one scope",
		`jwt: {scp: "a b"}`:                    "write one scope",
		`jwt: {"": x}`:                         "the name of a claim",
		`jwt: {~: x}`:                          "the name of a claim",
		`jwt: maps`:                            "must be a mapping",
	} {
		t.Run(rule, func(t *testing.T) {
			if _, err := config.Parse("x.yaml", []byte(withRule(rule))); err == nil ||
				!strings.Contains(err.Error(), want) {
				t.Errorf("%s: error = %v, want %q", rule, err, want)
			}
		})
	}
	if _, err := config.Parse("x.yaml", []byte(withRule(`lambda: {scope: "a b"}`))); err != nil {
		t.Errorf("the context of a Lambda authorizer is not split: %v", err)
	}
}
