package mint

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/tokenmint/tokenmint/config"
)

// caller is who API Gateway's authorizer says is calling. Nothing that the request itself carries counts, but for the
// origin, which only ever narrows a rule.
type caller struct {
	arn     string              // IAM user or role, "" for another kind of caller
	claims  map[string][]string // of a JWT, nil for another kind of caller
	context map[string][]string // what a Lambda authorizer says, nil for another kind of caller
	origin  string              // of the web page, as the browser says; "" outside one
}

// callerOf reads the authorizer's verdict. Without one nobody has checked who is calling, and the caller has no name.
func callerOf(event events.APIGatewayV2HTTPRequest) caller {
	c := caller{origin: event.Headers["origin"]}
	authorizer := event.RequestContext.Authorizer
	if authorizer == nil {
		return c
	}
	if authorizer.IAM != nil {
		c.arn = principal(authorizer.IAM.UserARN)
	}
	if authorizer.JWT != nil {
		c.claims = make(map[string][]string, len(authorizer.JWT.Claims))
		for name, value := range authorizer.JWT.Claims {
			c.claims[name] = elements(name, value)
		}
	}
	if authorizer.Lambda != nil {
		c.context = make(map[string][]string, len(authorizer.Lambda))
		for name, value := range authorizer.Lambda {
			c.context[name] = texts(value)
		}
	}
	return c
}

// isKnown reports whether an authorizer has named the caller.
func (c caller) isKnown() bool { return c.arn != "" || len(c.claims) > 0 || len(c.context) > 0 }

// name is what the audit record calls the caller.
func (c caller) name() string {
	switch {
	case c.arn != "":
		return c.arn
	case len(c.claims) > 0:
		return "jwt:" + strings.Join(c.claims["sub"], " ")
	case len(c.context) > 0:
		return "lambda:" + strings.Join(c.context["principalId"], " ")
	}
	return ""
}

// fits reports whether the caller is one that the rule describes.
func (c caller) fits(rule config.Rule) bool { return c.misfit(rule) == "" }

// misfit says which part of the rule does not hold, and "" when all do. It names patterns, never what the caller sent.
func (c caller) misfit(rule config.Rule) string {
	if rule.IAM == nil && len(rule.JWT) == 0 && len(rule.Lambda) == 0 && !rule.Anyone {
		return "the rule describes nobody"
	}
	if rule.IAM != nil && !rule.IAM.Match(c.arn) {
		return fmt.Sprintf("the ARN does not match iam %q", rule.IAM)
	}
	for claim, pattern := range rule.JWT {
		if !slices.ContainsFunc(c.claims[claim], pattern.Match) {
			return fmt.Sprintf("no value of the claim %s matches jwt %q", claim, pattern)
		}
	}
	for key, pattern := range rule.Lambda {
		if !slices.ContainsFunc(c.context[key], pattern.Match) {
			return fmt.Sprintf("no value of the authorizer's %s matches lambda %q", key, pattern)
		}
	}
	if len(rule.Origins) > 0 && !slices.ContainsFunc(rule.Origins, func(p config.Pattern) bool { return p.Match(c.origin) }) {
		return fmt.Sprintf("the page's origin is none of %q", rule.Origins)
	}
	return ""
}

// principal reduces the ARN of a role's session to that of the role, which is what policies are written about:
// arn:aws:sts::1:assumed-role/web/session becomes arn:aws:iam::1:role/web. STS leaves the role's path out.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
func principal(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[2] != "sts" {
		return arn
	}
	role := strings.Split(parts[5], "/")
	if len(role) != 3 || role[0] != "assumed-role" {
		return arn
	}
	return strings.Join([]string{parts[0], parts[1], "iam", parts[3], parts[4], "role/" + role[1]}, ":")
}

// elements splits a claim as an HTTP API passes it on: a list claim ["a","b"] arrives as the text "[a b]". The scopes of
// OAuth are one text with spaces between them (RFC 6749, section 3.3).
func elements(name, claim string) []string {
	if inner, ok := strings.CutPrefix(claim, "["); ok {
		if inner, ok = strings.CutSuffix(inner, "]"); ok {
			return strings.Fields(inner)
		}
	}
	if name == "scope" || name == "scp" {
		return strings.Fields(claim)
	}
	return []string{claim}
}

// texts reads a value of a Lambda authorizer's context. What has no plain text form matches nothing.
func texts(value any) []string {
	switch v := value.(type) {
	case string:
		return []string{v}
	case bool:
		return []string{strconv.FormatBool(v)}
	case float64:
		return []string{strconv.FormatFloat(v, 'f', -1, 64)}
	case []any:
		var all []string
		for _, element := range v {
			if _, nested := element.([]any); !nested {
				all = append(all, texts(element)...)
			}
		}
		return all
	}
	return nil
}
