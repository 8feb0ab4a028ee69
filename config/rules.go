package config

import (
	"fmt"
	"strings"

	"github.com/tokenmint/tokenmint/config/yaml"
)

func (p *parser) rules(n *yaml.Node, key string) []Rule {
	if n.Kind != yaml.Sequence {
		p.fail(n, key, "must be a list of rules, such as - iam: \"arn:*:iam::*:role/web-*\"")
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
			"jwt":     p.claims(&rule.JWT, ParseClaimPattern),
			"lambda":  p.claims(&rule.Lambda, parseNamed),
			"anyone":  p.yes(&rule.Anyone),
			"origins": func(n *yaml.Node, key string) { rule.Origins = p.origins(n, key) },
		})
		named := rule.IAM != nil || len(rule.JWT) > 0 || len(rule.Lambda) > 0 || rule.Anyone
		switch {
		case !named:
			p.fail(item, key, "a rule must say who: iam, jwt, lambda, or anyone: true")
		case rule.Route() == "":
			p.fail(item, key, "matches no caller: a rule has one of iam, jwt, lambda and anyone, "+
				"because each works on a route of its own; write one rule for each")
		case rule.Anyone && len(rule.Origins) == 0:
			p.fail(item, key, "anyone: true needs origins, the web pages that are allowed")
		}
		rules = append(rules, rule)
	}
	return rules
}

// parseNamed is [ParsePattern] with a name that it ignores.
func parseNamed(_, text string) (Pattern, error) { return ParsePattern(text) }

// claims reads a mapping from names to patterns.
func (p *parser) claims(
	into *map[string]Pattern, parse func(name, text string) (Pattern, error),
) field {
	return func(n *yaml.Node, key string) {
		*into = map[string]Pattern{}
		p.entries(n, key, func(name, value *yaml.Node) {
			key := join(key, name.Value)
			if name.Value == "" || name.IsNull() {
				p.fail(name, key, "the name of a claim must be a text that is not empty")
				return
			}
			text, ok := p.claimText(value, key)
			if !ok {
				return
			}
			pattern, err := parse(name.Value, text)
			if err != nil {
				p.fail(value, key, "%v", err)
			}
			(*into)[name.Value] = pattern
		})
	}
}

// claimText reads the pattern of a claim. The pattern for a boolean or a number is its text.
// claimText refuses a text that two versions of YAML, or YAML and JSON, read differently.
func (p *parser) claimText(n *yaml.Node, key string) (string, bool) {
	switch {
	case n.Kind != yaml.Scalar:
		p.fail(n, key, "must be a text that is not empty, a number, true or false; "+
			"write one rule for each alternative")
	case n.IsNull() || n.Value == "":
		p.fail(n, key, "must be a text that is not empty, a number, true or false")
	case n.IsText(), n.Value == "true" || n.Value == "false" || IsPlainNumber(n.Value):
		return n.Value, true
	default:
		p.fail(n, key, "%s can be read in several ways: write the text in quotes, as %q, "+
			"or a plain true, false or number", n.Value, n.Value)
	}
	return "", false
}

// IsPlainNumber reports whether text is a JSON number with only one text form: digits, and a
// fraction only if it does not end with 0. The numbers 1.0 and 1e3 have several forms.
func IsPlainNumber(text string) bool {
	whole, fraction, point := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	switch {
	case whole == "" || strings.Trim(whole, digits) != "" || len(whole) > 1 && whole[0] == '0':
		return false
	case !point:
		return true
	}
	return fraction != "" && strings.Trim(fraction, digits) == "" &&
		!strings.HasSuffix(fraction, "0")
}

const digits = "0123456789"

// IsScopeClaim reports whether a claim has the scopes of OAuth. As a text, they have blanks between
// them.
// Source: https://datatracker.ietf.org/doc/html/rfc6749#section-3.3
func IsScopeClaim(name string) bool { return name == "scope" || name == "scp" }

// origins reads a list of patterns for web origins.
func (p *parser) origins(n *yaml.Node, key string) []Pattern {
	if n.Kind != yaml.Sequence {
		p.fail(n, key, "must be a list of origins, such as [https://maps.example.com]")
		return nil
	}
	var origins []Pattern
	for _, item := range n.Content {
		origins = append(origins, p.pattern(item, key, ParseOriginPattern))
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

// ParseClaimPattern checks a pattern for the claim of that name in a JWT. It is [ParsePattern] with
// one more rule for the claims of [IsScopeClaim].
func ParseClaimPattern(name, text string) (Pattern, error) {
	pattern, err := ParsePattern(text)
	if err == nil && IsScopeClaim(name) && strings.Contains(text, " ") {
		return Pattern{}, fmt.Errorf(
			"%q matches no caller: %s is split at blanks, so write one scope", text, name)
	}
	return pattern, err
}
