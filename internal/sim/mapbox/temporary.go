package mapbox

import (
	"encoding/json"
	"time"
)

// maxLife is the longest life of a temporary token.
const maxLife = time.Hour

// temporaries stores the permanent token of each temporary token until the temporary token expires.
// It is used only with Config.TemporaryDiesWithParent. The temporary token itself is not stored,
// because its signature proves it.
type temporaries struct {
	live   map[string]temporary // by token
	purged time.Time
}

type temporary struct {
	Root    string    `json:"root"` // id of the permanent token
	Expires time.Time `json:"expires"`
}

// temporaryBody is the JSON form of a new temporary token.
type temporaryBody struct {
	Token     string `json:"token"`
	IssuedAt  string `json:"issued_at"`
	Expires   string `json:"expires"`
	ExpiresIn int64  `json:"expires_in"` // seconds
}

// createTemporary issues a temporary token. Its times are whole seconds, as in its payload. The
// payload has no unique part, so two equal requests in one second get the same token.
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
	c := claims{User: a.username, Expires: expires.Unix(), Issued: now.Unix(), Scopes: scopes,
		Client: "api"}
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

// expiry reads and checks the member expires. The second result is a complaint, or "".
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

// parseExpires accepts the forms that clients send: Z or an offset, with or without colon and
// fraction. A time without a zone means UTC, as Python's isoformat of utcnow writes it.
func parseExpires(raw json.RawMessage) (time.Time, bool) {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return time.Time{}, false
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700",
		"2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// purge removes expired tokens. It works at most once a minute, so that most requests do not pay
// for it.
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
