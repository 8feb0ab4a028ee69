package mint

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/tokenmint/tokenmint/config"
)

// Verdict is what the profiles say to a request, and why.
type Verdict struct {
	Caller   string           // as rules see it: a session of a role is the role; "" when no authorizer names one
	Profile  string           // the one that answers, "" when none does
	Scopes   []string         // what it gives
	Refusal  error            // what the caller is told when none does: code and sentence
	Profiles []ProfileVerdict // of each, in the file's order; none when the request is refused before they are tried
}

// ProfileVerdict is what one profile says by itself. It answers if it is the one that is asked for, a rule lets the caller in and it has
// all scopes; of those that do, the first gives the token.
type ProfileVerdict struct {
	Name    string
	Other   bool     // another profile is asked for by name
	Misfits []string // of each rule of its allow list, which part does not hold; "" when all do
	Beyond  []string // the scopes that it does not have
}

// Explain decides as [Handler.Handle] does who may have what, for the caller that event's authorizer and origin describe, and says why.
// nil scopes ask for all that the profile has, "" for any profile. Nothing is read or minted.
func Explain(profiles []config.Profile, event events.APIGatewayV2HTTPRequest, scopes []string, profile string) Verdict {
	c, req := callerOf(event), request{scopes: scopes, profile: profile}
	v := Verdict{Caller: c.name()}
	if v.Refusal = admit(profiles, c); v.Refusal != nil {
		return v
	}
	if v.Refusal = req.checkForm(route{}); v.Refusal != nil {
		return v
	}
	for _, p := range profiles {
		v.Profiles = append(v.Profiles, ProfileVerdict{
			Name: p.Name, Other: !req.names(p), Misfits: c.misfits(p), Beyond: beyond(p.Scopes, scopes),
		})
	}
	g, err := choose(profiles, c, req)
	if err != nil {
		v.Refusal = err
		return v
	}
	v.Profile, v.Scopes = g.profile.Name, g.scopes
	return v
}

// misfits says of each rule of the profile why it does not let the caller in, and "" when it does.
func (c caller) misfits(p config.Profile) []string {
	reasons := make([]string, len(p.Allow))
	for i, rule := range p.Allow {
		reasons[i] = c.misfit(rule)
	}
	return reasons
}

// denial says of every rule why it does not let the caller in, for the log.
func denial(profiles []config.Profile, c caller) error {
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

// beyond returns those of scopes that are not granted. No scope implies another.
func beyond(granted, scopes []string) []string {
	var missing []string
	for _, scope := range scopes {
		if !slices.Contains(granted, scope) {
			missing = append(missing, scope)
		}
	}
	return missing
}
