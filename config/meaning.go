package config

import (
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// What a file says nothing about.
const (
	defaultRotateEvery = 720 * time.Hour
	defaultRetireAfter = 3 * time.Hour

	// defaultMints leaves a fifth of Mapbox's 100 requests a minute to rotation and to people.
	defaultMints = 80

	// defaultMintsForAnyone bounds what visitors without a name can take from those with one, by asking for ever other ends.
	defaultMintsForAnyone = 20
)

func (p *parser) config(root *yaml.Node) *Config {
	c := &Config{Parent: Parent{RotateEvery: defaultRotateEvery, RetireAfter: defaultRetireAfter, MintsPerMinute: defaultMints}}
	profiles, tokens := root, root // where to point when the section is missing
	p.fields(root, "", map[string]field{
		"parent": func(n *yaml.Node, key string) { p.parent(n, key, &c.Parent) },
		"profiles": func(n *yaml.Node, key string) {
			profiles = n
			p.entries(n, key, func(name, value *yaml.Node) {
				c.Profiles = append(c.Profiles, p.profile(name, value, join(key, name.Value)))
			})
		},
		"tokens": func(n *yaml.Node, key string) {
			tokens = n
			p.entries(n, key, func(name, value *yaml.Node) {
				token := p.managedToken(name, value, join(key, name.Value))
				if token.Secret != "" && slices.ContainsFunc(c.Tokens, func(t ManagedToken) bool { return t.Secret == token.Secret }) {
					p.fail(name, join(key, name.Value)+".secret", "%s holds another token: each needs a secret of its own", token.Secret)
				}
				c.Tokens = append(c.Tokens, token)
			})
		},
	})
	if len(c.Profiles) == 0 {
		p.fail(profiles, "profiles", "must hold at least one profile")
	}
	p.checkWithinParent(c, profiles, tokens)
	return c
}

func (p *parser) parent(n *yaml.Node, key string, parent *Parent) {
	p.fields(n, key, map[string]field{
		"scopes":       p.scopes(&parent.Scopes),
		"rotate_every": p.duration(&parent.RotateEvery),
		"retire_after": p.duration(&parent.RetireAfter),

		"mints_per_minute": p.count(&parent.MintsPerMinute),
	})
	if parent.RetireAfter < ShortestRetireAfter {
		p.fail(n, key+".retire_after", "%s is too short: a token lent by the old parent may live another %s (1h of its own, %s in an instance's memory, %s of a request)",
			parent.RetireAfter, ShortestRetireAfter, ParentCacheLife, MintTimeout)
	}
	if parent.RotateEvery <= parent.RetireAfter {
		p.fail(n, key+".rotate_every", "%s must be longer than retire_after (%s), or old parents pile up", parent.RotateEvery, parent.RetireAfter)
	}
	if parent.Scopes != nil && !slices.Contains(parent.Scopes, "tokens:write") {
		p.fail(n, key+".scopes", "must hold tokens:write: without it the parent can create nothing")
	}
}

func (p *parser) profile(name, n *yaml.Node, key string) Profile {
	profile := Profile{Name: name.Value, Lifetime: LongestLifetime}
	p.checkName(name, key)
	p.fields(n, key, map[string]field{
		"scopes":   p.scopes(&profile.Scopes),
		"lifetime": p.duration(&profile.Lifetime),
		"reuse":    p.duration(&profile.Reuse),
		"allow":    func(n *yaml.Node, key string) { profile.Allow = p.rules(n, key) },

		"mints_per_minute": p.count(&profile.MintsPerMinute),
	})
	open := slices.ContainsFunc(profile.Allow, func(r Rule) bool { return r.Anyone })
	if open && profile.MintsPerMinute == 0 {
		profile.MintsPerMinute = defaultMintsForAnyone
	}
	for _, scope := range profile.Scopes {
		if strings.HasPrefix(scope, "tokens:") {
			p.fail(n, key+".scopes", "%s can never be lent: its holder could make tokens of his own", scope)
		}
	}
	switch {
	case len(profile.Scopes) == 0:
		p.fail(n, key+".scopes", "is missing")
	case profile.Lifetime < ShortestLifetime || profile.Lifetime > LongestLifetime:
		p.fail(n, key+".lifetime", "%s is not between %s and %s, the shortest and the longest life of a temporary token",
			profile.Lifetime, ShortestLifetime, LongestLifetime)
	case profile.Reuse > 0 && profile.Reuse > profile.Lifetime-ShortestLifetime:
		p.fail(n, key+".reuse", "%s must be shorter than lifetime (%s) by at least %s: a reused token must still live that long",
			profile.Reuse, profile.Lifetime, ShortestLifetime)
	case profile.Reuse == 0 && open:
		p.fail(n, key+".reuse", "must be set where anyone may ask, or any visitor spends a mint with every request")
	case len(profile.Allow) == 0:
		p.fail(n, key+".allow", "is missing: nobody could use this profile")
	}
	return profile
}

func (p *parser) managedToken(name, n *yaml.Node, key string) ManagedToken {
	token := ManagedToken{Name: name.Value, RotateEvery: defaultRotateEvery, RetireAfter: defaultRetireAfter}
	p.checkName(name, key)
	if name.Value == "parent" {
		p.fail(name, key, "this name is the parent token's own")
	}
	p.fields(n, key, map[string]field{
		"secret":       p.text(&token.Secret),
		"allowed_urls": p.urls(&token.AllowedURLs),
		"scopes":       p.scopes(&token.Scopes),
		"rotate_every": p.duration(&token.RotateEvery),
		"retire_after": p.duration(&token.RetireAfter),
	})
	switch {
	case token.Secret == "":
		p.fail(n, key+".secret", "is missing")
	case len(token.Scopes) == 0:
		p.fail(n, key+".scopes", "is missing")
	case token.RotateEvery <= token.RetireAfter:
		p.fail(n, key+".rotate_every", "%s must be longer than retire_after (%s), or old tokens pile up", token.RotateEvery, token.RetireAfter)
	}
	return token
}

// checkName keeps names to what fits a metric, a note and a log query.
func (p *parser) checkName(n *yaml.Node, key string) {
	name := n.Value
	if name == "" || len(name) > 32 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || strings.Trim(name, "-") != name {
		p.fail(n, key, "is not a name: up to 32 lower-case letters, digits and inner hyphens")
	}
}

// checkWithinParent holds the Tokens API's subset rule, when the file says which scopes the parent has: no token can create one with
// scopes that it lacks.
func (p *parser) checkWithinParent(c *Config, profiles, tokens *yaml.Node) {
	if c.Parent.Scopes == nil {
		return
	}
	check := func(n *yaml.Node, key string, scopes []string) {
		for _, scope := range scopes {
			if !slices.Contains(c.Parent.Scopes, scope) {
				p.fail(n, key+".scopes", "%s is beyond parent.scopes: no token can create one with scopes that it lacks", scope)
			}
		}
	}
	for _, profile := range c.Profiles {
		check(valueOf(profiles, profile.Name), "profiles."+profile.Name, profile.Scopes)
	}
	for _, token := range c.Tokens {
		check(valueOf(tokens, token.Name), "tokens."+token.Name, token.Scopes)
	}
}

// valueOf returns the value under key in a mapping that was read before.
func valueOf(mapping *yaml.Node, key string) *yaml.Node {
	i := slices.IndexFunc(mapping.Content, func(n *yaml.Node) bool { return n.Value == key })
	return mapping.Content[i+1]
}
