package config_test

import (
	"strings"
	"testing"

	"github.com/tokenmint/tokenmint/config"
)

// TestScopesThatMapboxDoesNotKnow: scopes are open strings, so a slip is a warning with the nearest
// known scope.
func TestScopesThatMapboxDoesNotKnow(t *testing.T) {
	t.Parallel()
	for scope, want := range map[string]string{
		"styles:read": "", "user-feedback:read": "", "navigation:download": "",
		"fonts:metadata": "",
		"styles:raed":    "did you mean styles:read?", "style:read": "did you mean styles:read?",
		"styles:tile": "did you mean styles:tiles?",
		"maps:read":   "did you mean map:read?", "upload:write": "did you mean uploads:write?",
		"font:read":                     "did you mean fonts:read?",
		"navigation:downlod":            "did you mean navigation:download?",
		"indoor-positioning:everything": "check its spelling",
	} {
		t.Run(scope, func(t *testing.T) {
			text := "profiles:\n  web:\n    scopes: [fonts:list, " + scope +
				"]\n    allow: [jwt: {sub: ann}]\n"
			c, err := config.Parse("tokenmint.yaml", []byte(text))
			if err != nil {
				t.Fatalf("%s: %v", scope, err)
			}
			got := strings.Join(c.Warnings, "\n")
			if want == "" && got != "" || want != "" &&
				(!strings.Contains(got, want) || !strings.Contains(got, scope)) {
				t.Errorf("%s: %q, want %q", scope, got, want)
			}
			if got != "" && !strings.HasPrefix(got, "tokenmint.yaml:3: profiles.web.scopes: ") {
				t.Errorf("%s: it does not say where: %q", scope, got)
			}
		})
	}
	shipped, err := config.Shipped()
	if err != nil || len(shipped.Warnings) > 0 {
		t.Errorf("the shipped configuration: %v, %q", err, shipped.Warnings)
	}
}

// TestWildcardAlone: the message says what is allowed instead.
func TestWildcardAlone(t *testing.T) {
	t.Parallel()
	for rule, want := range map[string]string{
		`iam: "*"`:        "arn:aws:iam::123456789012:user/ann",
		`iam: web`:        "write a whole ARN of a role, a user or root",
		`jwt: {sub: "*"}`: "such as maps-*", `lambda: {tenant: "*"}`: "such as maps-*",
	} {
		t.Run(rule, func(t *testing.T) {
			_, err := config.Parse("x.yaml",
				[]byte("profiles: {web: {scopes: [fonts:read], allow: ["+rule+"]}}"))
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v", rule, err)
			}
		})
	}
}
