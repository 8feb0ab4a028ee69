package main

import (
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/setup"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// examined is an examination of a stack in the stage prod. It returns what the check reports.
func examined(parent string, local bool, check func(examination)) string {
	var out strings.Builder
	check(examination{
		findings: &findings{out: &out}, local: local,
		deployment: deployment{
			settings: setup.Settings{Stage: "prod", ParentSecretID: parent},
			config:   &config.Config{Profiles: []config.Profile{{Name: "page", Token: "web"}}},
			now:      time.Now,
		},
	})
	return out.String()
}

// Rights on the prefix are for additional tokens.
func TestDoctorFailsIfTheParentIsBelowThePrefix(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:"
	for id, wrong := range map[string]bool{
		"tokenmint/parent":                           false,
		"tokenmint/prod-parent":                      false,
		"tokenmint/prod2/parent":                     false,
		"maps/tokenmint/prod/parent":                 false,
		arn + "tokenmint/parent-AbCdEf":              false,
		arn + "ParentSecret-9xYz-AbCdEf":             false,
		"tokenmint/prod/parent":                      true,
		"tokenmint/prod/public/parent":               true,
		arn + "tokenmint/prod/parent-AbCdEf":         true,
		arn + "tokenmint/prod/public/parent2-AbCdEf": true,
	} {
		t.Run(id, func(t *testing.T) {
			got := examined(id, false, examination.checkParentName)
			if strings.HasPrefix(got, "WRONG  secret: the parent is in ") != wrong ||
				wrong != (got != "") {
				t.Errorf("wrong is %t: %q", wrong, got)
			}
		})
	}
	m := startDev(t, dev{})
	getenv := m.getenv()
	got, err := m.examine(doctor{getenv: func(name string) string {
		if name == "STAGE" {
			return "prod"
		}
		if name == "PARENT_SECRET_ID" {
			return "tokenmint/prod/parent"
		}
		return getenv(name)
	}})
	if err == nil || !strings.Contains(got, "WRONG  secret: the parent is in tokenmint/prod/") {
		t.Errorf("doctor: %v\n%s", err, got)
	}
}

// The stack finds secrets by name: its roles have no right on another one.
func TestDoctorFailsIfASecretIsNotBelowThePrefix(t *testing.T) {
	t.Parallel()
	public, secret := []string{"styles:read"}, []string{"uploads:write"}
	for name, tc := range map[string]struct {
		scopes []string
		secret string
		local  bool
		wrong  string
	}{
		"secret":                  {secret, "tokenmint/prod/ci", false, ""},
		"public":                  {public, "tokenmint/prod/public/web", false, ""},
		"public in another place": {public, "tokenmint/prod/web", false, "tokenmint/prod/public/"},
		"another stage":           {secret, "tokenmint/dev/ci", false, "tokenmint/prod/"},
		"another name":            {secret, "uploads-ci", false, "tokenmint/prod/"},
		"of dev":                  {secret, "uploads-ci", true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := examined("parent", tc.local, func(e examination) {
				e.checkName("token x", config.ManagedToken{Scopes: tc.scopes}, tc.secret)
			})
			if !strings.Contains(got, tc.wrong) || (got == "") != (tc.wrong == "") {
				t.Errorf("%q, want %q", got, tc.wrong)
			}
		})
	}
}

func TestDoctorFailsIfAPageGetsNoPublicToken(t *testing.T) {
	t.Parallel()
	for value, wrong := range map[string]bool{"": false, "pk.x.y": false, "sk.x.y": true,
		"tk.x.y": true} {
		t.Run(value, func(t *testing.T) {
			var c secrets.Credential
			if value != "" {
				c.Token = tokens.NewToken(value)
			}
			got := examined("parent", false, func(e examination) {
				e.checkServed("token web", config.ManagedToken{Name: "web"}, c)
				e.checkServed("token ci", config.ManagedToken{Name: "ci"}, c)
			})
			if strings.HasPrefix(got, "WRONG  token web: ") != wrong ||
				strings.Count(got, "\n") > 1 {
				t.Errorf("wrong is %t: %q", wrong, got)
			}
		})
	}
}
