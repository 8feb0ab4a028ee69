package config

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/tokenmint/tokenmint/config/yaml"
)

// Refused is the expected answer of a [Case] that no profile may answer. No profile has this name.
const Refused = "refused"

// Case is a request, and the answer that the author of the policy expects. Functions do not use
// cases.
type Case struct {
	Line    int // in the file
	Route   Route
	ARN     string          // of the caller, on an IAM route
	Claims  json.RawMessage // of the caller: claims of a JWT, or context of a Lambda authorizer
	Origin  string          // of the web page; "" if there is none
	Scopes  []string        // that the caller asks for; nil means all of the profile
	Profile string          // that the caller asks for; "" means any
	Expect  string          // name of the profile that answers, or Refused
}

// String describes the request in one line. Equal requests have equal strings.
func (c Case) String() string {
	text := strings.TrimSpace(string(c.Route) + " " + c.ARN + string(c.Claims))
	if c.Origin != "" {
		text += " from " + c.Origin
	}
	if c.Profile != "" {
		text += " for profile " + c.Profile
	}
	if c.Scopes != nil {
		text += " for " + strings.Join(c.Scopes, ", ")
	}
	return text
}

func (p *parser) cases(n *yaml.Node, key string) []Case {
	if n.Kind != yaml.Sequence {
		p.fail(n, key, "must be a list of expected cases, such as "+
			"- {route: iam, caller: \"arn:aws:iam::123456789012:role/web-1\", expect: web-map}")
		return nil
	}
	var cases []Case
	for _, item := range n.Content {
		cases = append(cases, p.expected(item, key))
	}
	return cases
}

func (p *parser) expected(n *yaml.Node, key string) Case {
	c := Case{Line: n.Line}
	var caller *yaml.Node
	p.fields(n, key, map[string]field{
		"route":   p.text((*string)(&c.Route)),
		"caller":  func(n *yaml.Node, _ string) { caller = n },
		"origin":  p.text(&c.Origin),
		"scopes":  p.scopes(&c.Scopes),
		"profile": p.text(&c.Profile),
		"expect":  p.text(&c.Expect),
	})
	if c.Expect == "" {
		p.fail(n, key+".expect", "is missing: write the name of the profile that answers, or %s",
			Refused)
	}
	switch c.Route {
	case RouteIAM, RouteJWT, RouteCustom:
		p.caller(n, caller, key+".caller", &c)
	case RoutePublic:
		if caller != nil || c.Scopes != nil || c.Profile == "" {
			p.fail(n, key, "a request of the public route has a profile, and no caller or scopes")
		}
	default:
		p.fail(n, key+".route", "%q is not a kind of route: write iam, jwt, custom or public",
			c.Route)
	}
	return c
}

// caller reads the caller of the case at node n.
func (p *parser) caller(n, caller *yaml.Node, key string, c *Case) {
	switch {
	case caller == nil:
		p.fail(n, key, "is missing: only a request of the public route has no caller")
	case c.Route != RouteIAM && caller.Kind == yaml.Mapping:
		c.Claims = json.RawMessage(p.json(caller, key))
	case c.Route != RouteIAM:
		p.fail(caller, key, "must be a mapping, such as {groups: [maps]}: "+
			"what the authorizer says of the caller")
	default:
		if p.text(&c.ARN)(caller, key); c.ARN != "" && !strings.HasPrefix(c.ARN, "arn:") {
			p.fail(caller, key, "%q is not an ARN, such as arn:aws:iam::123456789012:role/web-1",
				c.ARN)
		}
	}
}

// json returns a node as JSON. It refuses what YAML and JSON read differently.
func (p *parser) json(n *yaml.Node, key string) string {
	var parts []string
	switch n.Kind {
	case yaml.Mapping:
		names := map[string]bool{}
		for pair := range slices.Chunk(n.Content, 2) {
			name, key := pair[0], join(key, pair[0].Value)
			if name.Kind != yaml.Scalar || names[name.Value] {
				p.fail(name, key, "must be a name that is given once")
			}
			names[name.Value] = true
			parts = append(parts, quoted(name.Value)+":"+p.json(pair[1], key))
		}
		return "{" + strings.Join(parts, ",") + "}"
	case yaml.Sequence:
		for _, item := range n.Content {
			parts = append(parts, p.json(item, key))
		}
		return "[" + strings.Join(parts, ",") + "]"
	case yaml.Scalar:
		switch {
		case n.IsNull():
			return "null"
		case n.Quoted && n.Value == "":
			return `""`
		}
	}
	text, _ := p.claimText(n, key)
	if n.IsText() {
		return quoted(text)
	}
	return text
}

func quoted(text string) string {
	out, _ := json.Marshal(text) // a text cannot fail
	return string(out)
}
