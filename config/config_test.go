package config_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/config"
)

func TestShippedConfigurationWorksAsItIs(t *testing.T) {
	t.Parallel()
	c, err := config.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Profiles[0]; got.Name != "web-map" || got.Lifetime != time.Hour ||
		got.Reuse != 30*time.Minute {
		t.Errorf("first profile = %+v", got)
	}
	if got, want := c.Profiles[0].Scopes, []string{"fonts:read", "styles:read",
		"styles:tiles"}; !slices.Equal(got, want) {
		t.Errorf("scopes of web-map = %v, want %v", got, want)
	}
	if got := c.Profiles[1]; got.Name != "uploads" || len(got.Scopes) != 10 {
		t.Errorf("second profile = %+v", got)
	}
	want := strings.Fields("datasets:read fonts:read styles:read styles:tiles tilesets:list " +
		"tilesets:read tilesets:write tokens:read tokens:write uploads:list uploads:read " +
		"uploads:write")
	if got := c.ParentScopes(); !slices.Equal(got, want) {
		t.Errorf("ParentScopes() = %v, want %v", got, want)
	}
}

// valid is a configuration with every key. The cases below each break it in one place.
const valid = `parent:
  scopes: [tokens:write, tokens:read, styles:read, uploads:write]
  rotate_every: 720h
  retire_after: 3h
  mints_per_minute: 60
profiles:
  web-map:
    scopes: [styles:read]
    lifetime: 60m
    reuse: 30m
    mints_per_minute: 20
    allow:
      - iam: "arn:aws:iam::*:role/web-*"
      - jwt: {groups: maps, iss: "https://id.example/"}
tokens:
  uploads-ci:
    secret: tokenmint/uploads-ci
    scopes: [uploads:write]
    rotate_every: 2160h
    retire_after: 168h
`

func TestParseReadsEveryKey(t *testing.T) {
	t.Parallel()
	c, err := config.Parse("valid.yaml", []byte(valid))
	if err != nil {
		t.Fatal(err)
	}
	if c.Parent.MintsPerMinute != 60 || c.Profiles[0].MintsPerMinute != 20 {
		t.Errorf("mints a minute: %d and %d", c.Parent.MintsPerMinute, c.Profiles[0].MintsPerMinute)
	}
	if got := c.Profiles[0].Allow; len(got) != 2 || got[0].IAM == nil || len(got[1].JWT) != 2 {
		t.Errorf("rules = %+v", got)
	}
	want := config.ManagedToken{Name: "uploads-ci", Secret: "tokenmint/uploads-ci",
		Scopes: []string{"uploads:write"}, RotateEvery: 2160 * time.Hour,
		RetireAfter: 168 * time.Hour}
	if got := c.Tokens[0]; got.Name != want.Name || got.Secret != want.Secret ||
		!slices.Equal(got.Scopes, want.Scopes) || got.RotateEvery != want.RotateEvery ||
		got.RetireAfter != want.RetireAfter {
		t.Errorf("token = %+v, want %+v", got, want)
	}
	if got, want := c.ParentScopes(), []string{"styles:read", "tokens:read", "tokens:write",
		"uploads:write"}; !slices.Equal(got, want) {
		t.Errorf("ParentScopes() = %v, want those of the file, %v", got, want)
	}
}

// TestAnyoneIsBounded: a visitor whom nobody knows must not be able to spend what all others mint
// from.
func TestAnyoneIsBounded(t *testing.T) {
	t.Parallel()
	open := strings.Replace(valid, `- jwt: {groups: maps, iss: "https://id.example/"}`,
		`- {anyone: true, origins: ["https://a.example"]}`, 1)
	const limit = "    mints_per_minute: 20\n"
	for name, tc := range map[string]struct {
		text string
		want int
	}{
		"limit of 20": {open, 20},
		"no limit":    {strings.Replace(open, limit, "", 1), 20},
		"limit of 50": {strings.Replace(open, limit, "    mints_per_minute: 50\n", 1), 50},
		"not anyone":  {strings.Replace(valid, limit, "", 1), 0},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := config.Parse("x.yaml", []byte(tc.text))
			if err != nil {
				t.Fatal(err)
			}
			if got := c.Profiles[0].MintsPerMinute; got != tc.want {
				t.Errorf("%d mints a minute, want %d, of:\n%s", got, tc.want, tc.text)
			}
		})
	}
}

func TestParseNamesFileLineAndKey(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ old, new, want string }{
		"unknown key": {"    reuse: 30m", "    reuze: 30m",
			"x.yaml:10: profiles.web-map.reuze: unknown key; known here: allow, lifetime, " +
				"mints_per_minute, reuse, scopes, token"},
		"unknown section": {"tokens:\n  uploads-ci", "extras:\n  uploads-ci",
			"x.yaml:15: extras: unknown key"},
		"key twice": {"    reuse: 30m", "    reuse: 30m\n    reuse: 1m",
			"x.yaml:11: profiles.web-map.reuse: is given twice"},
		"profile twice": {"tokens:\n",
			"  web-map:\n    scopes: [styles:read]\ntokens:\n",
			"x.yaml:15: profiles.web-map: is given twice"},
		"unknown unit": {"rotate_every: 720h", "rotate_every: 30d",
			`x.yaml:3: parent.rotate_every: "30d" is not a duration`},
		"no unit": {"reuse: 30m", "reuse: 30",
			`x.yaml:10: profiles.web-map.reuse: "30" is not a duration`},
		"negative duration": {"reuse: 30m", "reuse: -30m",
			"x.yaml:10: profiles.web-map.reuse: -30m is negative"},
		"lifetime beyond an hour": {"lifetime: 60m", "lifetime: 61m",
			"profiles.web-map.lifetime: 1h1m0s is not between"},
		"lifetime zero": {"lifetime: 60m", "lifetime: 0s",
			"profiles.web-map.lifetime: 0s is not between"},
		"lifetime below 10 seconds": {"lifetime: 60m", "lifetime: 9999ms",
			"profiles.web-map.lifetime: 9.999s is not between"},
		"reuse near lifetime": {"reuse: 30m", "reuse: 59m51s",
			"profiles.web-map.reuse: 59m51s must be shorter than lifetime (1h0m0s) by at least " +
				"10s"},
		"two tokens in one secret": {"    retire_after: 168h\n",
			"  page:\n    secret: tokenmint/uploads-ci\n    scopes: [styles:read]\n",
			"x.yaml:20: tokens.page.secret: tokenmint/uploads-ci holds another token"},
		"reuse not below lifetime": {"reuse: 30m", "reuse: 60m",
			"profiles.web-map.reuse: 1h0m0s must be shorter"},
		"grace too short": {"retire_after: 3h", "retire_after: 1h5m",
			"parent.retire_after: 1h5m0s is too short"},
		"mints of nothing": {"mints_per_minute: 60", "mints_per_minute: 0",
			`x.yaml:5: parent.mints_per_minute: "0" is not a whole number`},
		"mints of a fraction": {"mints_per_minute: 20", "mints_per_minute: 1.5",
			`"1.5" is not a whole number above 0`},
		"parent's interval in grace": {"rotate_every: 720h", "rotate_every: 3h",
			"parent.rotate_every: 3h0m0s must be longer than retire_after"},
		"token's interval in grace": {"rotate_every: 2160h", "rotate_every: 168h",
			"tokens.uploads-ci.rotate_every: 168h0m0s must be longer"},
		"parent cannot create": {"[tokens:write, tokens:read,", "[tokens:read,",
			"parent.scopes: must contain tokens:write"},
		"tokens scope in a profile": {"    scopes: [styles:read]",
			"    scopes: [styles:read, tokens:read]",
			"profiles.web-map.scopes: tokens:read can never be issued"},
		"profile beyond the parent": {"    scopes: [styles:read]", "    scopes: [fonts:read]",
			"x.yaml:8: profiles.web-map.scopes: fonts:read is not in parent.scopes"},
		"token beyond the parent": {"[uploads:write]\n    rotate", "[uploads:read]\n    rotate",
			"x.yaml:17: tokens.uploads-ci.scopes: uploads:read is not in"},
		"no scopes": {"    scopes: [styles:read]\n", "",
			"profiles.web-map.scopes: is missing"},
		"scopes not a list": {"    scopes: [styles:read]", "    scopes: styles:read",
			"x.yaml:8: profiles.web-map.scopes: must be a list"},
		"odd scope": {"    scopes: [styles:read]", "    scopes: [Styles Read]",
			`"Styles Read" is not a scope`},
		"scope twice": {"    scopes: [styles:read]",
			"    scopes: [styles:read, styles:read]", "styles:read is given twice"},
		"regular expression": {`"arn:aws:iam::*:role/web-*"`,
			`"^arn:aws:iam::.*:role/web-.*$"`, "x.yaml:13: profiles.web-map.allow.iam: "},
		"unanchored ARN": {`"arn:aws:iam::*:role/web-*"`, `"*role/web-*"`,
			"is not anchored"},
		"ARN of nothing": {`"arn:aws:iam::*:role/web-*"`, `"arn:aws:iam::*:*"`,
			"must name a role/…"},
		"half an ARN": {`"arn:aws:iam::*:role/web-*"`, `"arn:aws:iam::*"`,
			"is not anchored: write a whole ARN"},
		"any claim": {"groups: maps", `groups: "*"`,
			"x.yaml:14: profiles.web-map.allow.jwt.groups: \"*\" is not anchored"},
		"claim open at both ends": {"groups: maps", `groups: "*maps*"`, "is not anchored"},
		"broken glob": {"groups: maps", `groups: "maps[a"`,
			"syntax error in pattern"},
		"empty pattern": {"groups: maps", `groups: ""`,
			"must be a text that is not empty"},
		"list as pattern": {"groups: maps", `groups: [maps]`, "must be a text"},
		"empty rule": {"- jwt: {groups: maps, iss: \"https://id.example/\"}",
			"- {}", "a rule must say who"},
		"rule without claims": {"{groups: maps, iss: \"https://id.example/\"}", "{}",
			"a rule must say who"},
		"anyone without origins": {"- jwt: {groups: maps, iss: \"https://id.example/\"}",
			"- anyone: true", "anyone: true needs origins"},
		"anyone and somebody": {"- jwt: {",
			"- anyone: true\n        origins: [\"https://a.example\"]\n        jwt: {",
			"write one rule for each"},
		"anyone: perhaps": {"- jwt: {", "- anyone: perhaps\n        jwt: {",
			"must be true or absent"},
		"anyone without reuse": {"    reuse: 30m\n    mints_per_minute: 20\n    allow:\n",
			"    allow:\n      - {anyone: true, origins: [\"https://a.example\"]}\n",
			"profiles.web-map.reuse: must be set"},
		"origin with a path": {"- jwt: {",
			"- origins: [\"https://a.example/map\"]\n        jwt: {", "is not an origin"},
		"origin in the clear": {"- jwt: {",
			"- origins: [\"http://a.example\"]\n        jwt: {", "is not an origin"},
		"origins not a list": {"- jwt: {",
			"- origins: \"https://a.example\"\n        jwt: {", "must be a list of origins"},
		"origins alone": {"- jwt: {groups: maps, iss: \"https://id.example/\"}",
			"- origins: [\"https://a.example\"]", "a rule must say who"},
		"rules not a list": {"    allow:\n      - iam: " +
			"\"arn:aws:iam::*:role/web-*\"\n      - jwt: {groups: maps, iss: " +
			"\"https://id.example/\"}", "    allow: everybody",
			"x.yaml:12: profiles.web-map.allow: must be a list"},
		"no rules": {"    allow:\n      - iam: " +
			"\"arn:aws:iam::*:role/web-*\"\n      - jwt: {groups: maps, iss: " +
			"\"https://id.example/\"}", "", "profiles.web-map.allow: is missing"},
		"bad name": {"  web-map:", "  Web_Map:",
			"profiles.Web_Map: is not a name"},
		"the parent's name": {"  uploads-ci:", "  parent:",
			"tokens.parent: this name is reserved for the parent token"},
		"allowed URL is none": {"    secret: tokenmint/uploads-ci\n",
			"    secret: tokenmint/uploads-ci\n    allowed_urls: [maps.example.com]\n",
			"x.yaml:18: tokens.uploads-ci.allowed_urls: \"maps.example.com\" is not a URL"},
		"allowed URLs not a list": {"    secret: tokenmint/uploads-ci\n",
			"    secret: tokenmint/uploads-ci\n    allowed_urls: https://a.example\n",
			"must be a list of 1 to 100 URLs"},
		"token without scopes": {"    scopes: [uploads:write]\n", "",
			"tokens.uploads-ci.scopes: is missing"},
		"section not a mapping": {"parent:\n", "parent: none\nx:\n",
			"x.yaml:1: parent: must be a mapping"},
		"not YAML": {"parent:\n", "parent: [\n", "x.yaml:3: "},
		"two documents": {"tokens:\n", "---\ntokens:\n",
			"holds more than one document"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(valid, tc.old, tc.new, 1)
			if text == valid {
				t.Fatalf("the case changes nothing: %q is not there", tc.old)
			}
			_, err := config.Parse("x.yaml", []byte(text))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error = %v\nwant it to contain %q", err, tc.want)
			}
		})
	}
}

func TestParseReportsAllThatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := config.Parse("x.yaml", []byte("parent: {rotate: 1h}\nprofiles: {}\n"))
	if err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("error = %v, want two lines", err)
	}
	for _, text := range []string{"", "# nothing\n"} {
		if _, err := config.Parse("x.yaml", []byte(text)); err == nil {
			t.Errorf("Parse(%q) has no error", text)
		}
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "mine.yaml")
	if err := os.WriteFile(path, []byte(valid), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Load(path); err != nil {
		t.Error(err)
	}
	if _, err := config.Load(path + ".gone"); err == nil {
		t.Error("a file that is not there was loaded")
	}
}
