package tokens

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// TemporaryRequest describes a new temporary token.
type TemporaryRequest struct {
	// Scopes are the new token's rights. The authorizing token must have each of them. nil means
	// none.
	Scopes []string
	// Expires is required. It is at most one hour ahead, by Mapbox's clock. It is not after the
	// expiry of a temporary authorizing token. It is sent in milliseconds.
	Expires time.Time
}

// Temporary is a token that expires by itself. It cannot be listed, changed or deleted.
type Temporary struct {
	Token    Token
	IssuedAt time.Time // zero when neither the reply nor the token says it
	Expires  time.Time // never zero without an error
}

// CreateTemporary creates a temporary token. auth needs tokens:write, and its token may be
// temporary too.
//
// The call is not repeated when its outcome is unknown. Each token that the call may have created
// expires by itself, so a caller may repeat it.
func (c *Client) CreateTemporary(
	ctx context.Context, auth Auth, req TemporaryRequest,
) (Temporary, error) {
	k, err := c.newCall("create temporary token", http.MethodPost, scopeTokensWrite,
		auth.Token, "tokens", "v2", auth.Username)
	if err != nil {
		return Temporary{}, err
	}
	if req.Expires.IsZero() { // without an expiry the API would create a permanent token
		return Temporary{}, k.failed(OutcomeDidNotHappen, errors.New("no expiry"))
	}
	k.payload = struct {
		Expires string   `json:"expires"`
		Scopes  []string `json:"scopes"`
	}{
		Expires: req.Expires.UTC().Format("2006-01-02T15:04:05.000Z"),
		Scopes:  array(req.Scopes),
	}
	r, err := c.do(ctx, k)
	if err != nil {
		return Temporary{}, err
	}
	return r.temporary()
}

// temporary reads a temporary token. An older reply contains only the token, which has its times.
func (r *reply) temporary() (Temporary, error) {
	var body struct {
		Token    Token     `json:"token"`
		IssuedAt timestamp `json:"issued_at"`
		Expires  timestamp `json:"expires"`
	}
	if err := r.decode(&body); err != nil {
		return Temporary{}, err
	}
	if body.Token.IsZero() {
		return Temporary{}, r.failed(OutcomeHappened, errors.New("decode reply: no token"))
	}
	t := Temporary{Token: body.Token, IssuedAt: body.IssuedAt.Time, Expires: body.Expires.Time}
	if !t.IssuedAt.IsZero() && !t.Expires.IsZero() {
		return t, nil
	}
	claims, err := t.Token.Decode()
	if t.IssuedAt.IsZero() {
		t.IssuedAt = claims.IssuedAt
	}
	if t.Expires.IsZero() {
		t.Expires = claims.Expires
	}
	if t.Expires.IsZero() {
		err = errors.Join(errors.New("decode reply: no expiry"), err)
		return Temporary{}, r.failed(OutcomeHappened, err)
	}
	return t, nil
}
