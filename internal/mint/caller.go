package mint

import (
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/tokenmint/tokenmint/config"
)

// caller is who API Gateway's authorizer says is calling. Nothing that the request itself carries counts.
type caller struct {
	arn    string              // IAM user or role, "" for another kind of caller
	claims map[string][]string // of a JWT, nil for another kind of caller
}

// callerOf reads the authorizer's verdict. Without one, nobody has checked who is calling, and nobody is served.
func callerOf(authorizer *events.APIGatewayV2HTTPRequestContextAuthorizerDescription) (caller, error) {
	var c caller
	if authorizer == nil {
		return c, refuseNoAuthorizer
	}
	if authorizer.IAM != nil {
		c.arn = principal(authorizer.IAM.UserARN)
	}
	if authorizer.JWT != nil {
		c.claims = make(map[string][]string, len(authorizer.JWT.Claims))
		for name, value := range authorizer.JWT.Claims {
			c.claims[name] = elements(value)
		}
	}
	if c.arn == "" && len(c.claims) == 0 {
		return c, refuseNoAuthorizer
	}
	return c, nil
}

// name is what the audit record calls the caller.
func (c caller) name() string {
	if c.arn != "" {
		return c.arn
	}
	return strings.Join(c.claims["sub"], " ")
}

// fits reports whether the caller is one that the rule describes.
func (c caller) fits(rule config.Rule) bool {
	if rule.IAM == nil && len(rule.JWT) == 0 {
		return false // a rule that asks for nothing allows nobody
	}
	if rule.IAM != nil && !rule.IAM.Match(c.arn) {
		return false
	}
	for claim, pattern := range rule.JWT {
		if !slices.ContainsFunc(c.claims[claim], pattern.Match) {
			return false
		}
	}
	return true
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

// elements splits a claim as an HTTP API passes it on: a list claim ["a","b"] arrives as the text "[a b]".
func elements(claim string) []string {
	if inner, ok := strings.CutPrefix(claim, "["); ok {
		if inner, ok = strings.CutSuffix(inner, "]"); ok {
			return strings.Fields(inner)
		}
	}
	return []string{claim}
}
