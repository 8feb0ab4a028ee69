package mapbox

import (
	"encoding/json"
	"time"
)

// maxLife is how far ahead a temporary token may expire.
const maxLife = time.Hour

// temporaries remembers which permanent token a temporary one descends from, for as long as it can matter. The token
// itself needs no memory: it is known by its signature.
type temporaries struct {
	live   map[string]temporary // by token
	purged time.Time
}

type temporary struct {
	Root    string    `json:"root"` // id
	Expires time.Time `json:"expires"`
}

// temporaryBody is the reply to the creation of a temporary token.
type temporaryBody struct {
	Token     string `json:"token"`
	IssuedAt  string `json:"issued_at"`
	Expires   string `json:"expires"`
	ExpiresIn int64  `json:"expires_in"` // seconds
}

// createTemporary issues a token whose times are whole seconds, as its payload's are. That payload has nothing
// unique: two equal requests in one second get the same token.
func (s *Simulator) createTemporary(req request, a *account, by bearer) reply {
	if bad := req.fields.unknown("expires", "scopes", "note"); bad != "" {
		return unprocessable(bad)
	}
	expires, bad := s.expiry(req.fields["expires"], by)
	if bad != "" {
		return unprocessable(bad)
	}
	scopes, ok := req.fields.strings("scopes")
	if !ok || !by.grants(scopes) || a.lacks(scopes) {
		return unprocessable("scopes are invalid")
	}
	now := s.now()
	c := claims{User: a.username, Expires: expires.Unix(), Issued: now.Unix(), Scopes: scopes, Client: "api"}
	token := s.sign(tempo, c)
	if s.cfg.TemporaryDiesWithParent {
		s.temporaries.purge(now)
		s.temporaries.live[token] = temporary{Root: by.root, Expires: expires}
	}
	return answer(s.cfg.CreatedStatus, temporaryBody{
		Token:     token,
		IssuedAt:  stamp(time.Unix(c.Issued, 0)),
		Expires:   stamp(time.Unix(c.Expires, 0)),
		ExpiresIn: c.Expires - c.Issued,
	})
}

// expiry reads and judges expires; the second result is the complaint.
func (s *Simulator) expiry(raw json.RawMessage, by bearer) (time.Time, string) {
	now := s.now()
	expires, ok := parseExpires(raw)
	switch {
	case !ok:
		return expires, "expires is invalid"
	case !expires.After(now):
		return expires, "expires is in the past"
	case expires.After(now.Add(maxLife)):
		return expires, "expires is more than one hour in the future"
	case by.usage == tempo && expires.Unix() > by.claims.Expires:
		return expires, "expires may not be greater than the expiration of the authorizing token"
	}
	return expires, ""
}

// parseExpires takes the forms seen in the wild: Z or an offset, with or without a colon and a fraction, or no zone at
// all, which means UTC (Python's isoformat of utcnow).
func parseExpires(raw json.RawMessage) (time.Time, bool) {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return time.Time{}, false
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// purge forgets expired tokens, at most once a minute so that its cost is shared by the requests of that minute.
func (t *temporaries) purge(now time.Time) {
	if now.Sub(t.purged) < time.Minute {
		return
	}
	t.purged = now
	for token, temp := range t.live {
		if !temp.Expires.After(now) {
			delete(t.live, token)
		}
	}
}
