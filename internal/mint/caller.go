package mint

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/tokenmint/tokenmint/config"
)

// caller is who sent the request, according to the authorizer of the route. Only two parts come
// from the request itself: a JWT that the authorizer has verified, and the origin. An origin can
// narrow a rule, but no rule is satisfied by an origin alone.
type caller struct {
	route      config.Route   // rules for other kinds of routes do not match
	arn        string         // of an IAM user or role; "" for another kind of caller
	claims     func() *claims // of a JWT, read when first needed; nil for another kind of caller
	subject    string         // of a JWT
	context    object         // of a Lambda authorizer; nil for another kind of caller
	named      bool           // an authorizer named the caller, or let them in without a name
	unreadable bool           // the authorizer's data cannot be read
	origin     func() origin  // of the web page, according to the browser
}

// origin is the header Origin.
type origin struct {
	text string // "" if the request has several origins, or none
	sent bool
}

// callerOf reads what the authorizer of the route's kind says. Without that authorizer the caller
// is not named. What another authorizer says is not used.
func callerOf(e *event, kind config.Route) caller {
	c := caller{route: kind, origin: func() origin {
		text, sent := e.header("origin")
		return origin{text, sent}
	}}
	said := e.RequestContext.Authorizer
	c.unreadable = e.unreadable
	switch {
	case kind == config.RouteIAM && said.IAM != nil:
		c.readIAM(said.IAM.UserARN)
	case kind == config.RouteJWT && said.JWT != nil && isPresent(said.JWT.Claims):
		c.readJWT(e, said.JWT.Claims)
	case kind == config.RouteCustom && said.Lambda != nil:
		c.readLambda(said.Lambda)
	}
	if c.unreadable {
		return caller{route: kind, unreadable: true, origin: c.origin}
	}
	return c
}

// isPresent reports whether a field exists and is not null.
func isPresent(field json.RawMessage) bool { return field != nil && string(field) != "null" }

func (c *caller) readIAM(arn lenient[string]) {
	c.unreadable = c.unreadable || arn.wrong
	c.arn = principal(arn.value)
	c.named = c.arn != ""
}

// principal returns the ARN of the role for the ARN of a role's session, since policies name roles:
// arn:aws:sts::1:assumed-role/web/session becomes arn:aws:iam::1:role/web. Any other ARN stays as
// it is. The ARN of a session has no path of the role. The ARN of a user has the user's path.
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
	parts[2], parts[5] = "iam", "role/"+role[1]
	return strings.Join(parts, ":")
}

func (c *caller) readJWT(e *event, text json.RawMessage) {
	said, err := parseObject(text)
	if err != nil {
		c.unreadable = true
		return
	}
	c.setJWT(said, func() *claims {
		header, _ := e.header("authorization")
		return claimsOf(header, said)
	})
}

// setJWT makes the caller the bearer of a JWT. said has the claims according to the event, and read
// returns all claims.
func (c *caller) setJWT(said object, read func() *claims) {
	c.claims, c.named = sync.OnceValue(read), len(said) > 0
	c.subject = strings.Join(said.texts("sub"), " ")
}

// readLambda reads the context of a Lambda authorizer. The context is null if the authorizer lets
// the caller in without one.
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

// name returns the caller's name for the audit record, "" if the caller is not named.
func (c *caller) name() string {
	switch {
	case c.route == config.RoutePublic:
		return "anyone"
	case !c.named:
		return ""
	case c.arn != "":
		return c.arn
	case c.claims != nil:
		return "jwt:" + c.subject
	}
	return "lambda:" + strings.Join(c.context.texts("principalId"), " ")
}

// fits reports whether the rule matches the caller.
func (c *caller) fits(rule config.Rule) bool { return c.misfit(rule) == "" }

// misfit says which part of the rule does not match, "" if all parts match. The text has the rule's
// patterns and nothing that the caller sent.
func (c *caller) misfit(rule config.Rule) string {
	if kind := rule.Route(); kind != c.route || kind == "" {
		return fmt.Sprintf("the rule works on %s routes only", cmp.Or(string(kind), "no"))
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
	if len(rule.Origins) > 0 && !c.origin().fits(rule) {
		return fmt.Sprintf("the page's origin is none of %q", rule.Origins)
	}
	return ""
}

// fits reports whether the rule names the origin. On the public route the absence of an origin
// fits: browsers send none for a GET of the same origin. No wildcard matches a list of origins.
func (o origin) fits(rule config.Rule) bool {
	if !o.sent {
		return rule.Anyone
	}
	matches := func(p config.Pattern) bool { return p.Match(o.text) }
	return !strings.ContainsAny(o.text, ", ") && slices.ContainsFunc(rule.Origins, matches)
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
