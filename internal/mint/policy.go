package mint

import (
	"slices"
	"strings"

	"github.com/tokenmint/tokenmint/config"
)

// grant is what a profile gives for a request.
type grant struct {
	profile *config.Profile
	scopes  []string // sorted, each once
}

// choose finds the first profile, in the file's order, that allows the caller and covers the scopes; a profile that is
// named is that one or none. A profile that does not exist is refused like one that is not the caller's.
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
	case len(mine) > 0:
		return grant{}, refuseBeyond(mine)
	case req.profile != "":
		return grant{}, refuseProfile.because(denial(profiles, c))
	case c.unreadable:
		return grant{}, refuseEvent.because(denial(profiles, c))
	case !c.named:
		return grant{}, refuseNoAuthorizer.because(denial(profiles, c))
	default:
		return grant{}, refuseCaller.because(denial(profiles, c))
	}
}

// names reports whether the request is content with this profile.
func (r request) names(p config.Profile) bool { return r.profile == "" || r.profile == p.Name }

// admit refuses a caller whom nobody has named, unless there is a profile for such.
func admit(profiles []config.Profile, c *caller) error {
	switch {
	case c.named, admitsUnknown(profiles):
		return nil
	case c.unreadable:
		return refuseEvent
	}
	return refuseNoAuthorizer
}

// admitsUnknown reports whether there is a profile for callers without a name.
func admitsUnknown(profiles []config.Profile) bool {
	return slices.ContainsFunc(profiles, func(p config.Profile) bool {
		return slices.ContainsFunc(p.Allow, func(r config.Rule) bool { return r.Anyone })
	})
}

// describe lists profiles with their scopes, for a caller who is allowed them.
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
