package mint

import (
	"errors"
	"fmt"
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
func choose(profiles []config.Profile, c caller, req request) (grant, error) {
	scopes := slices.Compact(slices.Sorted(slices.Values(req.scopes)))
	var mine []*config.Profile
	for i := range profiles {
		profile := &profiles[i]
		if (req.profile != "" && profile.Name != req.profile) || !slices.ContainsFunc(profile.Allow, c.fits) {
			continue
		}
		if len(scopes) == 0 {
			return grant{profile, profile.Scopes}, nil
		}
		if covers(profile.Scopes, scopes) {
			return grant{profile, scopes}, nil
		}
		mine = append(mine, profile)
	}
	switch {
	case len(mine) > 0:
		return grant{}, refuseBeyond(mine)
	case req.profile != "":
		return grant{}, refuseProfile.because(explain(profiles, c))
	case !c.isKnown():
		return grant{}, refuseNoAuthorizer.because(explain(profiles, c))
	default:
		return grant{}, refuseCaller.because(explain(profiles, c))
	}
}

// explain says of each rule why it does not let the caller in, for the log.
func explain(profiles []config.Profile, c caller) error {
	var reasons []string
	for _, profile := range profiles {
		for i, rule := range profile.Allow {
			if misfit := c.misfit(rule); misfit != "" {
				reasons = append(reasons, fmt.Sprintf("%s rule %d: %s", profile.Name, i+1, misfit))
			}
		}
	}
	return errors.New(strings.Join(reasons, "; "))
}

// admitsUnknown reports whether there is a profile for callers without a name.
func admitsUnknown(profiles []config.Profile) bool {
	return slices.ContainsFunc(profiles, func(p config.Profile) bool {
		return slices.ContainsFunc(p.Allow, func(r config.Rule) bool { return r.Anyone })
	})
}

// covers reports whether every one of scopes is in granted. No scope implies another.
func covers(granted, scopes []string) bool {
	return !slices.ContainsFunc(scopes, func(s string) bool { return !slices.Contains(granted, s) })
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
