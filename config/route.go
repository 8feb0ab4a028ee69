package config

// Route is a kind of route of the API. Routes of one kind identify callers in the same way.
type Route string

// The kinds of routes. The template says which of them a stack has.
const (
	RouteIAM    Route = "iam"    // POST /tokens: API Gateway checks a signature of AWS (SigV4)
	RouteJWT    Route = "jwt"    // POST /jwt/tokens: API Gateway checks a JWT
	RouteCustom Route = "custom" // POST /custom/tokens: the deployer's Lambda authorizer decides
	RoutePublic Route = "public" // GET /public/tokens/{profile}: nobody identifies the caller
)

// Route returns the kind of route that the rule works on. It returns "" for a rule that names
// callers of no kind, or of several kinds: such a rule works nowhere.
func (r Rule) Route() Route {
	route, kinds := Route(""), 0
	note := func(named bool, kind Route) {
		if named {
			route, kinds = kind, kinds+1
		}
	}
	note(r.IAM != nil, RouteIAM)
	note(len(r.JWT) > 0, RouteJWT)
	note(len(r.Lambda) > 0, RouteCustom)
	note(r.Anyone, RoutePublic)
	if kinds != 1 {
		return ""
	}
	return route
}

// IsPublic reports whether everybody can get tokens of the profile, on the public route.
func (p Profile) IsPublic() bool {
	for _, rule := range p.Allow {
		if rule.Route() == RoutePublic {
			return true
		}
	}
	return false
}
