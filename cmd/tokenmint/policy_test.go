package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/config"
)

const shippedPolicy = "../../config/tokenmint.yaml"

// policy runs the command policy and returns its exit code and its output.
func policy(t *testing.T, args ...string) (int, string) {
	t.Helper()
	var out bytes.Buffer
	code := run(t.Context(), append([]string{"policy"}, args...), &out, &out)
	return code, out.String()
}

// edited returns a copy of the shipped policy with one text replaced.
func edited(t *testing.T, old, with string) string {
	t.Helper()
	text, err := os.ReadFile(shippedPolicy)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(text), old) != 1 {
		t.Fatalf("the shipped policy does not have %q once", old)
	}
	path := filepath.Join(t.TempDir(), "edited.yaml")
	text = []byte(strings.Replace(string(text), old, with, 1))
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPolicyCheck(t *testing.T) {
	t.Parallel()
	const cases = "tests:\n"
	const page = "  page:\n    scopes: [fonts:read]\n    reuse: 10m\n" +
		"    allow: [{anyone: true, origins: [\"https://maps.example.com\"]}]\n\ntests:\n"
	for name, tc := range map[string]struct {
		file string
		code int
		says string
	}{
		"shipped": {shippedPolicy, 0, "yaml: 4 profiles, 0 additional tokens\n"},
		"a session counts as its role": {edited(t, cases, cases+"  - {route: iam, "+
			"caller: \"arn:aws:sts::1:assumed-role/web-1/x\", expect: web-map}\n"), 0, "web-map\n"},
		"a rule is gone": {edited(t, "      - jwt: {groups: maps}\n", ""), 1,
			`jwt {"groups":["maps"]} for styles:tiles: expected web-map, got refused (caller_not_`},
		"a scope is gone": {edited(t, "[styles:tiles, styles:read, fonts:read]", "[fonts:read]"), 1,
			"expected web-map, got refused (scopes_not_allowed"},
		"a profile is too wide": {edited(t, "role/uploads-*", "role/*-*"), 1,
			"expected refused, got uploads\n"},
		"a profile without a case": {edited(t, "tests:", "  more:\n    scopes: [fonts:read]\n"+
			"    allow: [{jwt: {sub: ann}}]\n\ntests:"), 0,
			"note   "},
		"a public profile": {edited(t, cases, page+"  - {route: public, profile: page, "+
			"origin: \"https://maps.example.com\", expect: page}\n"), 0, "profile page: page\n"},
		"another origin": {edited(t, cases, page+"  - {route: public, profile: page, "+
			"origin: \"https://evil.example\", expect: page}\n"), 1, "expected page, got refused"},
		"a wrong key": {edited(t, "    lifetime: 60m\n", "    lifetyme: 60m\n"), 1,
			"edited.yaml:14: profiles.web-map.lifetyme: unknown key"},
		"no file": {filepath.Join(t.TempDir(), "none.yaml"), 1, "WRONG  read configuration: "},
	} {
		t.Run(name, func(t *testing.T) {
			if code, out := policy(t, "check", tc.file); code != tc.code ||
				!strings.Contains(out, tc.says) {
				t.Errorf("status %d, want %d; no %q:\n%s", code, tc.code, tc.says, out)
			}
			code, out := policy(t, "check", tc.file, "--output", "json")
			out, _, _ = strings.Cut(out, "tokenmint: ")
			var report struct{ Problems int }
			if err := json.Unmarshal([]byte(out), &report); err != nil || code != tc.code ||
				(report.Problems > 0) != (tc.code > 0) {
				t.Errorf("status %d, %v:\n%s", code, err, out)
			}
		})
	}
}

func TestPolicyDiff(t *testing.T) {
	t.Parallel()
	rule := edited(t, "      - jwt: {groups: maps}\n", "      - jwt: {groups: ops}\n")
	for name, tc := range map[string]struct{ file, says string }{
		"equal": {shippedPolicy, "the policies are equal\n"},
		"a rule": {rule, "- profile web-map: rule jwt.groups: \"maps\"\n" +
			"+ profile web-map: rule jwt.groups: \"ops\"\n" +
			"! jwt {\"groups\":[\"maps\"]} for styles:tiles: web-map -> refused (caller_"},
		"a scope": {edited(t, "[styles:tiles, styles:read, fonts:read]",
			"[styles:tiles, styles:read, fonts:read, user:read]"),
			"+ profile web-map: scope user:read\n+ parent: scope user:read\n"},
		"a case alone": {edited(t, "tests:\n", "tests:\n  - {route: jwt, caller: {}, "+
			"expect: refused}\n"), "the policies are equal\n"},
	} {
		t.Run(name, func(t *testing.T) {
			if code, out := policy(t, "diff", shippedPolicy, tc.file); code != 0 ||
				!strings.HasPrefix(out, tc.says) {
				t.Errorf("status %d, no %q:\n%s", code, tc.says, out)
			}
		})
	}
	t.Run("json", func(t *testing.T) {
		code, out := policy(t, "diff", shippedPolicy, rule, "--output", "json")
		var d difference
		if err := json.Unmarshal([]byte(out), &d); err != nil || code != 0 ||
			len(d.Changes) != 2 || len(d.Answers) != 1 {
			t.Errorf("status %d, %v:\n%s", code, err, out)
		}
	})
}

// TestPolicyDiffSeesEachField: a field that differenceOf does not know would change unseen.
func TestPolicyDiffSeesEachField(t *testing.T) {
	t.Parallel()
	ignored := map[string]string{"Config.Warnings": "are not policy", "Config.Cases": "are asked",
		"Parent.Scopes": "are Config.ParentScopes"}
	for _, of := range []any{config.Parent{}, config.Profile{}, config.ManagedToken{},
		config.Config{}} {
		kind := reflect.TypeOf(of)
		for i := range kind.NumField() {
			name := kind.Name() + "." + kind.Field(i).Name
			t.Run(name, func(t *testing.T) {
				if ignored[name] != "" {
					t.Skip(ignored[name])
				}
				before, after := plainPolicy(), plainPolicy()
				field := map[string]reflect.Value{
					"Parent":       reflect.ValueOf(&after.Parent),
					"Profile":      reflect.ValueOf(&after.Profiles[0]),
					"ManagedToken": reflect.ValueOf(&after.Tokens[0]),
					"Config":       reflect.ValueOf(after),
				}[kind.Name()].Elem().Field(i)
				set(t, field)
				if d := differenceOf(before, after); len(d.Changes) == 0 {
					t.Errorf("a change of %s is not shown", name)
				}
			})
		}
	}
}

func plainPolicy() *config.Config {
	return &config.Config{Profiles: []config.Profile{{Name: "a"}},
		Tokens: []config.ManagedToken{{Name: "b"}}}
}

// set gives a field another value than the zero one.
func set(t *testing.T, field reflect.Value) {
	t.Helper()
	switch field.Interface().(type) {
	case string:
		field.SetString("other")
	case []config.Application:
		field.Set(reflect.ValueOf([]config.Application{{Platform: "iOS"}}))
	case []string:
		field.Set(reflect.ValueOf([]string{"other"}))
	case int, time.Duration:
		field.SetInt(7)
	case bool:
		field.SetBool(true)
	case []config.Rule:
		field.Set(reflect.ValueOf([]config.Rule{{Anyone: true}}))
	case config.Parent:
		field.Set(reflect.ValueOf(config.Parent{MintsPerMinute: 7}))
	case []config.Profile, []config.ManagedToken:
		field.SetLen(0)
	default:
		t.Fatalf("say how to change a %s", field.Type())
	}
}
