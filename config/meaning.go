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
	case profile.Lifetime < time.Second || profile.Lifetime > LongestLifetime:
		p.fail(n, key+".lifetime", "%s is not between 1s and %s, the longest life of a temporary token", profile.Lifetime, LongestLifetime)
	case profile.Reuse >= profile.Lifetime:
		p.fail(n, key+".reuse", "%s must be shorter than lifetime (%s)", profile.Reuse, profile.Lifetime)
	case profile.Reuse == 0 && open:
		p.fail(n, key+".reuse", "must be set where anyone may ask, or any visitor spends a mint with every request")
	case len(profile.Allow) == 0:
		p.fail(n, key+".allow", "is missing: nobody could use this profile")
	}
	return profile
}

func (p *parser) rules(n *yaml.Node, key string) []Rule {
	if n.Kind != yaml.SequenceNode {
		p.fail(n, key, "must be a list of rules, such as - iam: \"arn:aws:iam::*:role/web-*\"")
		return nil
	}
	var rules []Rule
	for _, item := range n.Content {
		var rule Rule
		p.fields(item, key, map[string]field{
			"iam": func(n *yaml.Node, key string) {
				pattern := p.pattern(n, key, ParseARNPattern)
				rule.IAM = &pattern
			},
			"jwt":     func(n *yaml.Node, key string) { rule.JWT = p.claims(n, key) },
			"lambda":  func(n *yaml.Node, key string) { rule.Lambda = p.claims(n, key) },
			"anyone":  p.yes(&rule.Anyone),
			"origins": func(n *yaml.Node, key string) { rule.Origins = p.origins(n, key) },
		})
		named := rule.IAM != nil || len(rule.JWT) > 0 || len(rule.Lambda) > 0
		switch {
		case !named && !rule.Anyone:
			p.fail(item, key, "a rule must say who: iam, jwt, lambda, or anyone: true")
		case named && rule.Anyone:
			p.fail(item, key, "anyone: true would be narrowed by what stands beside it: write two rules")
		case rule.Anyone && len(rule.Origins) == 0:
			p.fail(item, key, "anyone: true needs origins, the web pages that may ask")
		}
		rules = append(rules, rule)
	}
	return rules
}

func (p *parser) claims(n *yaml.Node, key string) map[string]Pattern {
	claims := map[string]Pattern{}
	p.entries(n, key, func(name, value *yaml.Node) {
		claims[name.Value] = p.pattern(value, join(key, name.Value), ParsePattern)
	})
	return claims
}

// origins reads a list of web origins, as a browser sends them: scheme, host and port, and nothing more.
func (p *parser) origins(n *yaml.Node, key string) []Pattern {
	if n.Kind != yaml.SequenceNode {
		p.fail(n, key, "must be a list of origins, such as [https://maps.example.com]")
		return nil
	}
	var origins []Pattern
	for _, item := range n.Content {
		origin := p.pattern(item, key, ParsePattern)
		host, web := strings.CutPrefix(origin.text, "https://")
		if local, ok := strings.CutPrefix(origin.text, "http://localhost"); ok {
			host, web = "localhost"+local, true
		}
		if origin.text != "" && (!web || host == "" || strings.ContainsAny(host, "/@")) {
			p.fail(item, key, "%q is not an origin: write https://, a host and perhaps a port", origin)
		}
		origins = append(origins, origin)
	}
	return origins
}

func (p *parser) pattern(n *yaml.Node, key string, parse func(string) (Pattern, error)) Pattern {
	var text string
	if p.text(&text)(n, key); text == "" {
		return Pattern{}
	}
	pattern, err := parse(text)
	if err != nil {
		p.fail(n, key, "%v", err)
	}
	return pattern
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
