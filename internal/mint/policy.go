package mint

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tokenmint/tokenmint/config"
)

// grant is what a profile gives to a request.
type grant struct {
	profile *config.Profile
	scopes  []string // sorted, each once
}

// choose returns the first profile, in the file's order, that allows the caller and has the scopes.
// If the request names a profile, choose tries only that one. The refusal does not tell whether a
// profile exists that the caller may not use.
func choose(profiles []config.Profile, c *caller, req request) (grant, error) {
	scopes := slices.Compact(slices.Sorted(slices.Values(req.scopes)))
	var mine []*config.Profile
	for i := range profiles {
		profile := &profiles[i]
		if !req.names(*profile) || !slices.ContainsFunc(profile.Allow, c.fits) {
			continue
		}
		if len(scopes) == 0 {
			return grant{profile, profile.Scopes}, nil
		}
		if len(beyond(profile.Scopes, scopes)) == 0 {
			return grant{profile, scopes}, nil
		}
		mine = append(mine, profile)
	}
	switch {
	case c.route == config.RoutePublic:
		return grant{}, refuseVisitor(profiles, c, req)
	case len(mine) > 0:
		return grant{}, refuseBeyond(mine)
	case req.profile != "":
		return grant{}, refuseProfile.because(denial(profiles, c))
	default:
		return grant{}, refuseCaller.because(denial(profiles, c))
	}
}

// names reports whether this profile may answer the request.
func (r request) names(p config.Profile) bool { return r.profile == "" || r.profile == p.Name }

// refuseVisitor returns the refusal for a visitor of the public route. It does not tell a profile
// that is not public from one that does not exist.
func refuseVisitor(profiles []config.Profile, c *caller, req request) error {
	named := func(p config.Profile) bool { return req.names(p) && p.IsPublic() }
	if slices.ContainsFunc(profiles, named) {
		return refuseOrigin.because(denial(profiles, c))
	}
	return refusePublicProfile
}

// checkNamed refuses a caller whom no authorizer has named, except on the public route.
func checkNamed(c *caller) error {
	switch {
	case c.named, c.route == config.RoutePublic:
		return nil
	case c.unreadable:
		return refuseEvent
	}
	return refuseNoAuthorizer
}

// describe lists profiles with their scopes. The caller must be allowed to use them.
func describe(profiles []*config.Profile) string {
	var b strings.Builder
	for i, p := range profiles {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(p.Name + " (" + strings.Join(p.Scopes, ", ") + ")")
	}
	return b.String()
}

// misfits says for each rule of the profile why it does not match the caller, "" if it matches.
func (c *caller) misfits(p config.Profile) []string {
	reasons := make([]string, len(p.Allow))
	for i, rule := range p.Allow {
		reasons[i] = c.misfit(rule)
	}
	return reasons
}

// denial says why each rule does not match the caller. It is for the audit record.
func denial(profiles []config.Profile, c *caller) error {
	var reasons []string
	for _, p := range profiles {
		for i, misfit := range c.misfits(p) {
			if misfit != "" {
				reasons = append(reasons, fmt.Sprintf("%s rule %d: %s", p.Name, i+1, misfit))
			}
		}
	}
	return errors.New(strings.Join(reasons, "; "))
}

// beyond returns the scopes that are not in granted. No scope implies another.
func beyond(granted, scopes []string) []string {
	var missing []string
	for _, scope := range scopes {
		if !slices.Contains(granted, scope) {
			missing = append(missing, scope)
		}
	}
	return missing
}
