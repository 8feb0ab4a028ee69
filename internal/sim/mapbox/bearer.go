package mapbox

import (
	"net/http"
	"slices"
	"time"
)

// The verdicts on a token (the API's page, Retrieve a token).
const (
	valid     = "TokenValid"
	malformed = "TokenMalformed"
	invalid   = "TokenInvalid"
	expired   = "TokenExpired"
	revoked   = "TokenRevoked"
)

// bearer is what the simulator knows about a request's token.
type bearer struct {
	code   string
	usage  string
	claims claims
	scopes []string // none unless valid
	urls   []string // that the token is restricted to; none if it works everywhere
	root   string   // id of the permanent token itself or of the ancestor; see temporaries
}

func (b bearer) may(scope string) bool { return slices.Contains(b.scopes, scope) }

// grants reports whether b has all these scopes, so that a new token may get them.
func (b bearer) grants(scopes []string) bool {
	return !slices.ContainsFunc(scopes, func(scope string) bool { return !b.may(scope) })
}

// inspect judges a token. A permanent token that this simulator signed and that is not live was
// deleted. The caller holds s.mu.
func (s *Simulator) inspect(token string) bearer {
	usage, c, signed, ok := s.parse(token)
	b := bearer{usage: usage, claims: c}
	switch {
	case !ok:
		return bearer{code: malformed}
	case !signed:
		b.code = invalid
	case usage == tempo:
		s.inspectTemporary(token, &b)
	default:
		b.code, b.root = revoked, c.Authorization
		if t := s.permanent(c.User, c.Authorization); t != nil {
			b.code, b.scopes, b.urls = valid, t.Scopes, t.AllowedURLs
		}
	}
	return b
}

func (s *Simulator) inspectTemporary(token string, b *bearer) {
	if s.now().Unix() >= b.claims.Expires {
		b.code = expired
		return
	}
	b.root = s.temporaries.live[token].Root
	if s.cfg.TemporaryDiesWithParent && b.root != "" && s.permanent(b.claims.User, b.root) == nil {
		b.code = revoked
		return
	}
	b.code, b.scopes = valid, b.claims.Scopes
}

// verdict is the reply of the operation retrieve.
type verdict struct {
	Code  string      `json:"code"`
	Token *parsedBody `json:"token,omitempty"`
}

// parsedBody is the payload of a token. That of a permanent token has an id and no scopes.
type parsedBody struct {
	Usage         string   `json:"usage"`
	User          string   `json:"user"`
	Authorization string   `json:"authorization,omitempty"`
	Client        string   `json:"client,omitempty"`
	Created       string   `json:"created,omitempty"`
	Expires       string   `json:"expires,omitempty"`
	Scopes        []string `json:"scopes,omitzero"`
}

// retrieve always answers 200. The verdict is in the body.
func retrieve(by bearer) reply {
	v := verdict{Code: by.code}
	if by.code != malformed {
		v.Token = &parsedBody{Usage: by.usage, User: by.claims.User,
			Authorization: by.claims.Authorization}
	}
	if by.usage == tempo {
		v.Token.Client = by.claims.Client
		v.Token.Created = stamp(time.Unix(by.claims.Issued, 0))
		v.Token.Expires = stamp(time.Unix(by.claims.Expires, 0))
		v.Token.Scopes = by.claims.Scopes
	}
	return answer(http.StatusOK, v)
}
