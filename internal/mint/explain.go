package mint

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

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

// Who describes a caller to [Explain]. At most one of ARN, JWT and Lambda is set; none stands for a route without an
// authorizer.
type Who struct {
	ARN    string          // of an IAM user or role, or of a role's session
	JWT    json.RawMessage // the payload of a token, as the identity provider issues it
	Lambda json.RawMessage // the context of a Lambda authorizer; null when it lets a caller in without one
	Origin string          // of the web page that asks
}

// caller returns the caller as the mint sees them.
func (w Who) caller() (*caller, error) {
	c := &caller{origin: func() string { return w.Origin }}
	switch {
	case w.ARN != "":
		c.readIAM(lenient[string]{value: withoutPath(w.ARN)})
	case w.JWT != nil:
		payload, err := parseObject(w.JWT)
		if err != nil {
			return nil, fmt.Errorf("the payload of the JWT %w", err)
		}
		c.setJWT(payload, func() *claims { return &claims{payload: payload} })
	case w.Lambda != nil:
		if c.readLambda(w.Lambda); c.unreadable {
			return nil, errors.New("the context is not one JSON object with each name once")
		}
	}
	return c, nil
}

// withoutPath returns the ARN of a role without its path, which no session of the role tells.
func withoutPath(arn string) string {
	before, name, ok := strings.Cut(arn, ":role/")
	if !ok {
		return arn
	}
	return before + ":role/" + name[strings.LastIndex(name, "/")+1:]
}

// Explain decides as [Handler.HandleJSON] does who may have what, for the caller that who describes, and says why.
// nil scopes ask for all that the profile has, "" for any profile. Nothing is read or minted. The error says that who
// cannot be read.
func Explain(profiles []config.Profile, who Who, scopes []string, profile string) (Verdict, error) {
	c, err := who.caller()
	if err != nil {
		return Verdict{}, err
	}
	return explain(profiles, c, request{scopes: scopes, profile: profile}), nil
}

func explain(profiles []config.Profile, c *caller, req request) Verdict {
	v := Verdict{Caller: c.name()}
	if v.Refusal = admit(profiles, c); v.Refusal != nil {
		return v
	}
	if v.Refusal = req.checkForm(route{}); v.Refusal != nil {
		return v
	}
	for _, p := range profiles {
		v.Profiles = append(v.Profiles, ProfileVerdict{
			Name: p.Name, Other: !req.names(p), Misfits: c.misfits(p), Beyond: beyond(p.Scopes, req.scopes),
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
func (c *caller) misfits(p config.Profile) []string {
	reasons := make([]string, len(p.Allow))
	for i, rule := range p.Allow {
		reasons[i] = c.misfit(rule)
	}
	return reasons
}

// denial says of every rule why it does not let the caller in, for the log.
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
