package config

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

func (p *parser) rules(n *yaml.Node, key string) []Rule {
	if n.Kind != yaml.SequenceNode {
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
			"jwt":     func(n *yaml.Node, key string) { rule.JWT = p.claims(n, key, ParseClaimPattern) },
			"lambda":  func(n *yaml.Node, key string) { rule.Lambda = p.claims(n, key, parseNamed) },
			"anyone":  p.yes(&rule.Anyone),
			"origins": func(n *yaml.Node, key string) { rule.Origins = p.origins(n, key) },
		})
		named := rule.IAM != nil || len(rule.JWT) > 0 || len(rule.Lambda) > 0
		switch {
		case !named && !rule.Anyone:
			p.fail(item, key, "a rule must say who: iam, jwt, lambda, or anyone: true")
		case named && rule.Anyone:
			p.fail(item, key, "anyone: true cannot stand beside iam, jwt or lambda: write two rules")
		case rule.Anyone && len(rule.Origins) == 0:
			p.fail(item, key, "anyone: true needs origins, the web pages that may ask")
		}
		rules = append(rules, rule)
	}
	return rules
}

// parseNamed is [ParsePattern] for a value that has a name.
func parseNamed(_, text string) (Pattern, error) { return ParsePattern(text) }

// claims reads a mapping of names to patterns.
func (p *parser) claims(
	n *yaml.Node, key string, parse func(name, text string) (Pattern, error),
) map[string]Pattern {
	claims := map[string]Pattern{}
	p.entries(n, key, func(name, value *yaml.Node) {
		key := join(key, name.Value)
		if name.Value == "" || name.Tag == "!!null" || name.Tag == "!!merge" {
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
		claims[name.Value] = pattern
	})
	return claims
}

// claimText reads the pattern of a claim. Booleans and numbers are their text. What two versions of YAML, or YAML and
// JSON, read differently is refused.
func (p *parser) claimText(n *yaml.Node, key string) (string, bool) {
	plain := n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle|yaml.TaggedStyle) == 0
	switch {
	case n.Kind != yaml.ScalarNode:
		p.fail(n, key, "must be a text that is not empty, a number, true or false; write one rule for each alternative")
	case n.Tag == "!!null" || n.Value == "":
		p.fail(n, key, "must be a text that is not empty, a number, true or false")
	case n.Tag == "!!str" && (!plain || !isOtherYAML(n.Value)),
		plain && (n.Value == "true" || n.Value == "false" || IsPlainNumber(n.Value)):
		return n.Value, true
	default:
		p.fail(n, key, "%s can be read in several ways: write the text in quotes, as %q, or a plain true, false or number",
			n.Value, n.Value)
	}
	return "", false
}

// isOtherYAML reports whether YAML 1.1 reads a plain text as something else: a truth value or a number of base 60.
func isOtherYAML(text string) bool {
	truth := []string{"y", "n", "yes", "no", "on", "off"}
	sixty := strings.Contains(text, ":") && strings.Trim(text, "0123456789_:.+-") == ""
	return sixty || slices.Contains(truth, strings.ToLower(text))
}

// IsPlainNumber reports whether text is a JSON number that has one text form: digits, and perhaps a fraction that does not
// end in 0. For example 1.0 and 1e3 have several forms.
func IsPlainNumber(text string) bool {
	whole, fraction, point := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	switch {
	case whole == "" || strings.Trim(whole, digits) != "" || len(whole) > 1 && whole[0] == '0':
		return false
	case !point:
		return true
	}
	return fraction != "" && strings.Trim(fraction, digits) == "" && !strings.HasSuffix(fraction, "0")
}

const digits = "0123456789"

// IsScopeClaim reports whether a claim holds the scopes of OAuth: as a text, they are divided by blanks (RFC 6749,
// section 3.3).
func IsScopeClaim(name string) bool { return name == "scope" || name == "scp" }

// origins reads a list of web origins, as a browser sends them: scheme, host and port, and nothing more.
func (p *parser) origins(n *yaml.Node, key string) []Pattern {
	if n.Kind != yaml.SequenceNode {
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

// ParseClaimPattern checks a pattern for the claim of that name in a JWT.
func ParseClaimPattern(name, text string) (Pattern, error) {
	pattern, err := ParsePattern(text)
	if err == nil && IsScopeClaim(name) && strings.Contains(text, " ") {
		return Pattern{}, fmt.Errorf("%q matches no caller: %s is split at blanks, so write one scope", text, name)
	}
	return pattern, err
}
