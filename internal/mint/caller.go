package mint

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/tokenmint/tokenmint/config"
)

// caller is who API Gateway's authorizer says is calling. Nothing that the request itself carries counts, with two
// exceptions: the token that a JWT authorizer has verified, and the origin, which only ever narrows a rule.
type caller struct {
	arn        string         // IAM user or role, "" for another kind of caller
	claims     func() *claims // of a JWT, nil for another kind of caller; read only if a rule needs them
	subject    string         // of a JWT
	context    object         // of a Lambda authorizer, nil for another kind of caller
	named      bool           // an authorizer has named the caller, or has let them in without a name
	unreadable bool           // what the authorizer says of the caller cannot be read
	origin     func() string  // of the web page, as the browser says; "" outside one
}

// callerOf reads the authorizer's verdict. Without one nobody has checked who is calling, and the caller has no name.
func callerOf(e *event) caller {
	c := caller{origin: func() string { return e.header("origin") }}
	said := e.RequestContext.value.Authorizer
	iam, jwt, lambda := said.value.IAM, said.value.JWT, said.value.Lambda
	c.unreadable = e.RequestContext.wrong || said.wrong || iam.wrong || jwt.wrong
	if iam.value != nil {
		c.readIAM(iam.value.UserARN)
	}
	if jwt.value != nil && isPresent(jwt.value.Claims) {
		c.readJWT(e, jwt.value.Claims)
	}
	if lambda != nil {
		c.readLambda(lambda)
	}
	if c.unreadable {
		return caller{unreadable: true, origin: c.origin}
	}
	return c
}

// isPresent reports whether a field is there and not null.
func isPresent(field json.RawMessage) bool { return field != nil && string(field) != "null" }

func (c *caller) readIAM(arn lenient[string]) {
	c.unreadable = c.unreadable || arn.wrong
	c.arn = principal(arn.value)
	c.named = c.arn != ""
}

func (c *caller) readJWT(e *event, text json.RawMessage) {
	said, err := parseObject(text)
	if err != nil {
		c.unreadable = true
		return
	}
	c.setJWT(said, func() *claims { return claimsOf(e.header("authorization"), said) })
}

// setJWT makes the caller the bearer of a JWT with these claims, of which read finds all.
func (c *caller) setJWT(said object, read func() *claims) {
	c.claims, c.named = sync.OnceValue(read), len(said) > 0
	c.subject = strings.Join(said.texts("sub"), " ")
}

// readLambda reads the context of a Lambda authorizer. It is null when the authorizer lets a caller in without one.
func (c *caller) readLambda(context json.RawMessage) {
	c.context = object{}
	if isPresent(context) {
		said, err := parseObject(context)
		if err != nil {
			c.unreadable = true
			return
		}
		c.context = said
	}
	c.named = true
}

// name is what the audit record calls the caller.
func (c *caller) name() string {
	switch {
	case !c.named:
		return ""
	case c.arn != "":
		return c.arn
	case c.claims != nil:
		return "jwt:" + c.subject
	}
	return "lambda:" + strings.Join(c.context.texts("principalId"), " ")
}

// fits reports whether the caller is one that the rule describes.
func (c *caller) fits(rule config.Rule) bool { return c.misfit(rule) == "" }

// misfit says which part of the rule does not hold, and "" when all do. It names patterns, never what the caller sent.
func (c *caller) misfit(rule config.Rule) string {
	if rule.IAM == nil && len(rule.JWT) == 0 && len(rule.Lambda) == 0 && !rule.Anyone {
		return "the rule describes nobody"
	}
	if rule.IAM != nil && !rule.IAM.Match(c.arn) {
		return fmt.Sprintf("the ARN does not match iam %q", rule.IAM)
	}
	for claim, pattern := range rule.JWT {
		if misfit := c.misfitClaim(claim, pattern); misfit != "" {
			return misfit
		}
	}
	for key, pattern := range rule.Lambda {
		if !slices.ContainsFunc(c.context.texts(key), pattern.Match) {
			return fmt.Sprintf("no value of the authorizer's %s matches lambda %q", key, pattern)
		}
	}
	matchesOrigin := func(p config.Pattern) bool { return p.Match(c.origin()) }
	if len(rule.Origins) > 0 && !slices.ContainsFunc(rule.Origins, matchesOrigin) {
		return fmt.Sprintf("the page's origin is none of %q", rule.Origins)
	}
	return ""
}

func (c *caller) misfitClaim(claim string, pattern config.Pattern) string {
	reason := ""
	if c.claims != nil {
		read := c.claims()
		if slices.ContainsFunc(read.texts(claim), pattern.Match) {
			return ""
		}
		if read.problem != nil {
			reason = ": " + read.problem.Error()
		}
	}
	return fmt.Sprintf("no value of the claim %s matches jwt %q%s", claim, pattern, reason)
}

// principal reduces the ARN of a role's session to that of the role, which is what policies are written about:
// arn:aws:sts::1:assumed-role/web/session becomes arn:aws:iam::1:role/web. STS leaves the role's path out. The ARN of a
// user has its path.
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
