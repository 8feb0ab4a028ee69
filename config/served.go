package config

import (
	"slices"

	"github.com/tokenmint/tokenmint/config/yaml"
)

// checkServing checks a profile that gives a managed public token. Only the public route does so:
// other callers get tokens that end.
func (p *parser) checkServing(n *yaml.Node, key string, profile Profile) {
	for _, other := range []string{"lifetime", "reuse", "mints_per_minute"} {
		if given := valueIn(n, other); given != nil {
			p.fail(given, key+"."+other, "has no effect beside token: the profile issues nothing")
		}
	}
	if len(profile.Allow) == 0 {
		p.fail(n, key+".allow", "is missing: nobody could use this profile")
	}
	for _, rule := range profile.Allow {
		if !rule.Anyone {
			p.fail(n, key+".allow", "only the public route gives a managed token, "+
				"so each rule beside token must have anyone: true")
			return
		}
	}
}

// findServed finds the token of each profile that gives one, and gives the profile its scopes.
func (p *parser) findServed(c *Config, profiles, tokens *yaml.Node) {
	for i := range c.Profiles {
		profile := &c.Profiles[i]
		if profile.Token == "" {
			continue
		}
		key := "profiles." + profile.Name
		n := valueIn(profiles, profile.Name)
		at := slices.IndexFunc(c.Tokens, func(t ManagedToken) bool {
			return t.Name == profile.Token
		})
		if at < 0 {
			p.fail(n, key+".token", "tokens has no token of the name %q", profile.Token)
			continue
		}
		token := c.Tokens[at]
		if profile.Scopes != nil && !slices.Equal(profile.Scopes, token.Scopes) {
			p.fail(n, key+".scopes", "differ from those of token %s: remove them here", token.Name)
		}
		profile.Scopes = token.Scopes
		p.checkServed(valueIn(tokens, token.Name), "tokens."+token.Name, token)
	}
}

// checkServed checks a token that a profile gives to everybody.
func (p *parser) checkServed(n *yaml.Node, key string, token ManagedToken) {
	const because = "a profile gives this token to everybody, "
	switch {
	case !token.IsPublic():
		p.fail(n, key+".scopes", because+"and %s makes it secret", token.secretScope())
	case token.AllowedURLs == nil:
		p.fail(n, key+".allowed_urls", "is missing: "+because+"so Mapbox must check its pages")
	case token.RetireAfter < ShortestServedRetireAfter:
		p.fail(n, key+".retire_after", "%s is too short: "+because+
			"and a page may use it for another %s after its replacement", token.RetireAfter,
			ShortestServedRetireAfter)
	}
}

// valueIn returns the value of a key in a mapping, nil if the mapping does not have the key.
func valueIn(mapping *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1]
		}
	}
	return nil
}
