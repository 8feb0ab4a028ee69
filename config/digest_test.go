package config_test

import (
	"strings"
	"testing"

	"github.com/tokenmint/tokenmint/config"
)

func TestDigestChangesWithAnyEdit(t *testing.T) {
	t.Parallel()
	digest := func(text string) string {
		c, err := config.Parse("x.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return c.Profiles[0].Digest()
	}
	seen := map[string]string{}
	for _, edit := range []struct{ old, new string }{
		{"", ""}, {"web-map", "web"}, {"    scopes: [styles:read]", "    scopes: [uploads:write]"},
		{"lifetime: 60m", "lifetime: 59m"}, {"reuse: 30m", "reuse: 29m"},
		{"mints_per_minute: 20", "mints_per_minute: 21"}, {"role/web-*", "role/map-*"},
		{"groups: maps", "groups: staff"}, {"groups: maps", "group: maps"},
		{"- jwt: {", "- lambda: {"}, {"- jwt: {",
			"- origins: [\"https://a.example\"]\n        jwt: {"},
		{"- jwt: {", "- origins: [\"http://localhost:3000\"]\n        jwt: {"},
		{"- jwt: {groups: maps, iss: \"https://id.example/\"}",
			"- {anyone: true, origins: [\"https://a.example\"]}"},
	} {
		t.Run(edit.old+" becomes "+edit.new, func(t *testing.T) {
			text := strings.Replace(valid, edit.old, edit.new, 1)
			got := digest(text)
			if other, twice := seen[got]; twice {
				t.Errorf("%q and %q have one digest", edit.new, other)
			}
			seen[got] = edit.new
			if digest(text) != got {
				t.Errorf("%q has two digests", edit.new)
			}
		})
	}
}
