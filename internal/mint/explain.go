package mint

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/tokenmint/tokenmint/config"
)

// Verdict says how the profiles answer a request, and why.
type Verdict struct {
	Caller   string           // as rules see them: a role for its session; "" if not named
	Route    config.Route     // the kind of route on which the caller is
	Profile  string           // the profile that answers; "" if none does
	Scopes   []string         // of the token; nil if no profile answers
	Refusal  error            // code and message for the caller; nil if a profile answers
	Profiles []ProfileVerdict // in the file's order; nil if the request is refused before them
}

// ProfileVerdict says how one profile judges a request. The profile can answer if Other is false,
// one of Misfits is "" and Beyond is empty. The first profile that can answer does.
type ProfileVerdict struct {
	Name    string
	Other   bool     // the request names another profile
	Misfits []string // for each rule, the part that does not match; "" if the rule matches
	Beyond  []string // the requested scopes that the profile does not have
}

// Who describes a caller to [Explain]. At most one of ARN, JWT and Lambda is set. If none is, the
// caller is a visitor of the public route.
type Who struct {
	ARN    string          // of an IAM user or role, or of a role's session
	JWT    json.RawMessage // payload of a token, as the identity provider issues it
	Lambda json.RawMessage // context of a Lambda authorizer; null if it gives none
	Origin string          // of the web page; "" if there is none
}

// Route returns the kind of route on which the caller is identified like this.
func (w Who) Route() config.Route {
	switch {
	case w.ARN != "":
		return config.RouteIAM
	case w.JWT != nil:
		return config.RouteJWT
	case w.Lambda != nil:
		return config.RouteCustom
	}
	return config.RoutePublic
}

// Explain decides as [Handler.HandleJSON] does which profile answers, and says why. nil scopes ask
// for all scopes of the profile. An empty profile asks for the first one that can answer. Explain
// reads no secret and mints nothing. The error says that who cannot be read, or asks for scopes on
// the public route.
func Explain(profiles []config.Profile, who Who, scopes []string, profile string) (Verdict, error) {
	c, err := who.caller()
	if err != nil {
		return Verdict{}, err
	}
	if c.route == config.RoutePublic && scopes != nil {
		return Verdict{}, errors.New("a visitor of the public route cannot ask for scopes")
	}
	return explain(profiles, c, request{scopes: scopes, profile: profile}), nil
}

func explain(profiles []config.Profile, c *caller, req request) Verdict {
	v := Verdict{Caller: c.name(), Route: c.route}
	if v.Refusal = checkNamed(c); v.Refusal != nil {
		return v
	}
	if v.Refusal = req.checkForm(route{}); v.Refusal != nil {
		return v
	}
	for _, p := range profiles {
		v.Profiles = append(v.Profiles, ProfileVerdict{
			Name: p.Name, Other: !req.names(p), Misfits: c.misfits(p),
			Beyond: beyond(p.Scopes, req.scopes),
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

// caller returns the caller as the mint sees them. The error quotes nothing of w.
func (w Who) caller() (*caller, error) {
	c := &caller{route: w.Route(), origin: func() origin {
		return origin{w.Origin, w.Origin != ""}
	}}
	switch c.route {
	case config.RouteIAM:
		c.readIAM(lenient[string]{value: withoutPath(w.ARN)})
	case config.RouteJWT:
		payload, err := parseObject(w.JWT)
		if err != nil {
			return nil, fmt.Errorf("the payload of the JWT %w", err)
		}
		c.setJWT(payload, func() *claims { return &claims{payload: payload} })
	case config.RouteCustom:
		if c.readLambda(w.Lambda); c.unreadable {
			return nil, errors.New("the context is not one JSON object with each name once")
		}
	}
	return c, nil
}

// withoutPath returns the ARN of a role without its path, since the ARN of a session has no path.
func withoutPath(arn string) string {
	before, name, ok := strings.Cut(arn, ":role/")
	if !ok {
		return arn
	}
	return before + ":role/" + name[strings.LastIndex(name, "/")+1:]
}
