package config_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/tokenmint/tokenmint/config"
)

// served has a profile that gives a managed public token to everybody.
const served = `profiles:
  page:
    token: web
    allow:
      - {anyone: true, origins: ["https://maps.example.com"]}
tokens:
  web:
    scopes: [styles:tiles, styles:read, fonts:read]
    allowed_urls: [https://maps.example.com]
    retire_after: 3h
  uploads-ci:
    scopes: [uploads:write]
`

func TestServedProfileHasTheScopesOfItsToken(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"as it is": served,
		"the same scopes": edit(t, "    token: web\n",
			"    token: web\n    scopes: [fonts:read, styles:read, styles:tiles]\n"),
		"least grace": edit(t, "retire_after: 3h", "retire_after: 1h6m30s"),
	} {
		t.Run(name, func(t *testing.T) {
			c, err := config.Parse("x.yaml", []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			p := c.Profiles[0]
			if p.Token != "web" || !slices.Equal(p.Scopes, c.Tokens[0].Scopes) || !p.IsPublic() {
				t.Errorf("profile %+v", p)
			}
		})
	}
}

// edit replaces text of served, which must occur.
func edit(t *testing.T, old, next string) string {
	t.Helper()
	if !strings.Contains(served, old) {
		t.Fatalf("%q is not there", old)
	}
	return strings.Replace(served, old, next, 1)
}

func TestServedTokenIsRestrictedAndRotated(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ old, new, want string }{
		"no such token": {"token: web", "token: none",
			`x.yaml:3: profiles.page.token: tokens has no token of the name "none"`},
		"no URLs": {"    allowed_urls: [https://maps.example.com]\n", "",
			"tokens.web.allowed_urls: is missing"},
		"secret token": {"token: web", "token: uploads-ci",
			"tokens.uploads-ci.scopes: a profile gives this token to everybody, and uploads:write"},
		"secret scope": {"fonts:read]", "fonts:read, styles:list]",
			"tokens.web.scopes: a profile gives this token to everybody, and styles:list"},
		"grace of a parent": {"retire_after: 3h", "retire_after: 1h5m30s",
			"tokens.web.retire_after: 1h5m30s is too short"},
		"grace a second too short": {"retire_after: 3h", "retire_after: 1h6m29s",
			"tokens.web.retire_after: 1h6m29s is too short"},
		"IAM rule": {"    allow:\n", "    allow:\n      - iam: \"arn:aws:iam::*:role/web-*\"\n",
			"profiles.page.allow: only the public route gives a managed token"},
		"JWT rule": {"    allow:\n", "    allow:\n      - jwt: {groups: maps}\n",
			"profiles.page.allow: only the public route gives a managed token"},
		"no rules": {"    allow:\n      - {anyone: true, origins: " +
			"[\"https://maps.example.com\"]}\n", "",
			"profiles.page.allow: is missing"},
		"other scopes": {"    token: web\n", "    token: web\n    scopes: [fonts:read]\n",
			"profiles.page.scopes: differ from those of token web"},
		"lifetime": {"    token: web\n", "    token: web\n    lifetime: 30m\n",
			"x.yaml:4: profiles.page.lifetime: has no effect beside token"},
		"reuse": {"    token: web\n", "    token: web\n    reuse: 30m\n",
			"profiles.page.reuse: has no effect beside token"},
		"mints": {"    token: web\n", "    token: web\n    mints_per_minute: 3\n",
			"profiles.page.mints_per_minute: has no effect beside token"},
		"empty name": {"token: web", `token: ""`, "profiles.page.token: must be a text"},
		"token twice": {"    token: web\n", "    token: web\n    token: uploads-ci\n",
			"profiles.page.token: is given twice"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := config.Parse("x.yaml", []byte(edit(t, tc.old, tc.new)))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error = %v\nwant it to contain %q", err, tc.want)
			}
		})
	}
}

// The roles of a stack have rights on these names: that of the mint on the public ones alone.
func TestNamesOfSecrets(t *testing.T) {
	t.Parallel()
	public, secret := []string{"styles:read", "vision:read"}, []string{"styles:read", "styles:list"}
	for name, tc := range map[string]struct {
		token config.ManagedToken
		want  string
	}{
		"public":        {config.ManagedToken{Scopes: public}, "tokenmint/prod/public/web"},
		"secret":        {config.ManagedToken{Scopes: secret}, "tokenmint/prod/web"},
		"unknown scope": {config.ManagedToken{Scopes: []string{"x:read"}}, "tokenmint/prod/web"},
		"its own name":  {config.ManagedToken{Scopes: public, Secret: "maps/web"}, "maps/web"},
	} {
		t.Run(name, func(t *testing.T) {
			tc.token.Name = "web"
			if got := tc.token.SecretName("prod"); got != tc.want {
				t.Errorf("%s, want %s", got, tc.want)
			}
		})
	}
}

// A secret token below public/ could be read by the mint.
func TestSecretTokensAreNotBelowPublic(t *testing.T) {
	t.Parallel()
	for name, secret := range map[string]string{
		"name":          "tokenmint/prod/public/ci",
		"another stage": "tokenmint/dev/public/x/y",
		"ARN": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:" +
			"tokenmint/prod/public/ci-AbCdEf",
	} {
		t.Run(name, func(t *testing.T) {
			text := edit(t, "  uploads-ci:\n", "  uploads-ci:\n    secret: "+secret+"\n")
			_, err := config.Parse("x.yaml", []byte(text))
			if err == nil || !strings.Contains(err.Error(),
				"tokens.uploads-ci.secret: "+secret+" is for public tokens") {
				t.Errorf("error = %v", err)
			}
			text = edit(t, "  web:\n", "  web:\n    secret: "+secret+"\n")
			if _, err := config.Parse("x.yaml", []byte(text)); err != nil {
				t.Errorf("of a public token: %v", err)
			}
		})
	}
}

func TestAllowedApplications(t *testing.T) {
	t.Parallel()
	with := func(value string) string {
		return edit(t, "  web:\n", "  web:\n    allowed_applications: "+value+"\n")
	}
	c, err := config.Parse("x.yaml", []byte(with("[{platform: iOS, bundle_id: com.example.shop}]")))
	if err != nil || !slices.Equal(c.Tokens[0].AllowedApplications,
		[]config.Application{{Platform: "iOS", BundleID: "com.example.shop"}}) {
		t.Errorf("%+v, %v", c, err)
	}
	for name, tc := range map[string]struct{ text, want string }{
		"no list":       {with("{platform: iOS, bundle_id: a}"), "must be a list of applications"},
		"empty list":    {with("[]"), "must be a list of applications"},
		"platform":      {with("[{platform: ios, bundle_id: a}]"), `"ios" is not a platform`},
		"no bundle":     {with("[{platform: iOS}]"), "bundle_id: is missing"},
		"Mapbox's name": {with("[{platform: iOS, bundleId: a}]"), "bundleId: unknown key"},
		"secret token": {edit(t, "  uploads-ci:\n", "  uploads-ci:\n    allowed_applications: "+
			"[{platform: iOS, bundle_id: a}]\n"), "only a public token can be restricted"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := config.Parse("x.yaml", []byte(tc.text))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error = %v, want %q", err, tc.want)
			}
		})
	}
}
