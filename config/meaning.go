package config

import (
	"slices"
	"strings"
	"time"

	"github.com/tokenmint/tokenmint/config/yaml"
)

// Values of keys that are absent.
const (
	defaultRotateEvery = 720 * time.Hour
	defaultRetireAfter = 3 * time.Hour

	// defaultMints leaves a fifth of Mapbox's 100 requests a minute for rotation and for people.
	defaultMints = 80

	// defaultMintsForAnyone limits a profile that allows anyone. Its visitors share one token. But
	// if Mapbox fails, each request of a stranger may cost a mint of the budget of all callers.
	defaultMintsForAnyone = 20
)

func (p *parser) config(root *yaml.Node) *Config {
	c := &Config{Parent: Parent{
		RotateEvery:    defaultRotateEvery,
		RetireAfter:    defaultRetireAfter,
		MintsPerMinute: defaultMints,
	}}
	profiles, tokens := root, root // errors point to the file if a section is missing
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
				key := join(key, name.Value)
				token := p.managedToken(name, value, key)
				sameSecret := func(t ManagedToken) bool { return t.Secret == token.Secret }
				if token.Secret != "" && slices.ContainsFunc(c.Tokens, sameSecret) {
					p.fail(name, key+".secret",
						"%s holds another token: each token needs its own secret", token.Secret)
				}
				c.Tokens = append(c.Tokens, token)
			})
		},
		"tests": func(n *yaml.Node, key string) { c.Cases = p.cases(n, key) },
	})
	if len(c.Profiles) == 0 {
		p.fail(profiles, "profiles", "must hold at least one profile")
	}
	p.findServed(c, profiles, tokens)
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
		p.fail(n, key+".retire_after",
			"%s is too short: a token issued with the old parent may live "+
				"another %s (lifetime 1h, %s in an instance's memory, %s of a request)",
			parent.RetireAfter, ShortestRetireAfter, ParentCacheLife, MintTimeout)
	}
	if parent.RotateEvery <= parent.RetireAfter {
		p.fail(n, key+".rotate_every",
			"%s must be longer than retire_after (%s), otherwise old parent tokens accumulate",
			parent.RotateEvery, parent.RetireAfter)
	}
	if parent.Scopes != nil && !slices.Contains(parent.Scopes, "tokens:write") {
		p.fail(n, key+".scopes",
			"must contain tokens:write: without it the parent cannot create tokens")
	}
}

func (p *parser) profile(name, n *yaml.Node, key string) Profile {
	profile := Profile{Name: name.Value, Lifetime: LongestLifetime}
	p.checkName(name, key)
	if name.Value == Refused {
		p.fail(name, key, "this name is reserved for the answer of an expected case")
	}
	p.fields(n, key, map[string]field{
		"scopes":   p.scopes(&profile.Scopes),
		"token":    p.text(&profile.Token),
		"lifetime": p.duration(&profile.Lifetime),
		"reuse":    p.duration(&profile.Reuse),
		"allow":    func(n *yaml.Node, key string) { profile.Allow = p.rules(n, key) },

		"mints_per_minute": p.count(&profile.MintsPerMinute),
	})
	if profile.Token != "" {
		p.checkServing(n, key, profile)
		return profile
	}
	if profile.IsPublic() && profile.MintsPerMinute == 0 {
		profile.MintsPerMinute = defaultMintsForAnyone
	}
	p.checkIssuing(n, key, profile)
	return profile
}

// checkIssuing checks a profile that issues temporary tokens.
func (p *parser) checkIssuing(n *yaml.Node, key string, profile Profile) {
	p.checkIssuable(n, key, profile.Scopes)
	public := profile.IsPublic()
	switch {
	case len(profile.Scopes) == 0:
		p.fail(n, key+".scopes", "is missing")
	case profile.Lifetime < ShortestLifetime || profile.Lifetime > LongestLifetime:
		p.fail(n, key+".lifetime", "%s is not between %s and %s, the limits for a temporary token",
			profile.Lifetime, ShortestLifetime, LongestLifetime)
	case profile.Reuse > 0 && profile.Reuse > profile.Lifetime-ShortestLifetime:
		p.fail(n, key+".reuse", "%s must be shorter than lifetime (%s) by at least %s: "+
			"a shared token must still live that long",
			profile.Reuse, profile.Lifetime, ShortestLifetime)
	case profile.Reuse == 0 && public:
		p.fail(n, key+".reuse",
			"must be set if anyone is allowed, otherwise each request of a visitor costs one mint")
	case public && profile.Reuse > profile.Lifetime-PublicCacheLife-ShortestLifetime:
		p.fail(n, key+".reuse", "%s must be shorter than lifetime (%s) by at least %s "+
			"if anyone is allowed: caches keep a reply of the public route for %s",
			profile.Reuse, profile.Lifetime, PublicCacheLife+ShortestLifetime, PublicCacheLife)
	case len(profile.Allow) == 0:
		p.fail(n, key+".allow", "is missing: nobody could use this profile")
	}
}

// checkIssuable refuses scopes that no temporary token may have.
func (p *parser) checkIssuable(n *yaml.Node, key string, scopes []string) {
	for _, scope := range scopes {
		if strings.HasPrefix(scope, "tokens:") {
			p.fail(n, key+".scopes", "%s can never be issued: its holder could create more tokens",
				scope)
		}
	}
}

// checkName refuses a name that does not fit into a metric, a note or a log query.
func (p *parser) checkName(n *yaml.Node, key string) {
	name := n.Value
	const characters = "abcdefghijklmnopqrstuvwxyz0123456789-"
	if name == "" || len(name) > 32 || strings.Trim(name, characters) != "" ||
		strings.Trim(name, "-") != name {
		p.fail(n, key, "is not a name: up to 32 lower-case letters, digits and inner hyphens")
	}
}

// checkWithinParent applies the rule of the Tokens API that no token can create one with scopes
// that it lacks. It does so only if the file has parent.scopes.
func (p *parser) checkWithinParent(c *Config, profiles, tokens *yaml.Node) {
	if c.Parent.Scopes == nil {
		return
	}
	check := func(n *yaml.Node, key string, scopes []string) {
		for _, scope := range scopes {
			if !slices.Contains(c.Parent.Scopes, scope) {
				p.fail(n, key+".scopes", "%s is not in parent.scopes: "+
					"no token can create one with scopes that it lacks", scope)
			}
		}
	}
	for _, profile := range c.Profiles {
		check(valueIn(profiles, profile.Name), "profiles."+profile.Name, profile.Scopes)
	}
	for _, token := range c.Tokens {
		check(valueIn(tokens, token.Name), "tokens."+token.Name, token.Scopes)
	}
}
