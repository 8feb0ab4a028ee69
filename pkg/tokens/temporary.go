package tokens

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// TemporaryRequest describes a new temporary token. Both fields are required.
type TemporaryRequest struct {
	Scopes  []string  // within those of the authorising token
	Expires time.Time // at most an hour ahead, and not after a temporary authorising token's own; sent in milliseconds
}

// Temporary is a token that expires by itself. It cannot be listed, changed or revoked.
type Temporary struct {
	Token    Token
	IssuedAt time.Time // zero when neither the reply nor the token says
	Expires  time.Time
}

// CreateTemporary makes a temporary token. auth needs tokens:write, and may itself be temporary.
func (c *Client) CreateTemporary(
	ctx context.Context, auth Token, username string, req TemporaryRequest,
) (Temporary, error) {
	k, err := c.newCall("create temporary token", http.MethodPost, scopeTokensWrite, auth, "tokens", "v2", username)
	if err != nil {
		return Temporary{}, err
	}
	if req.Expires.IsZero() { // without it the API would make a permanent token
		return Temporary{}, k.failed(DidNotHappen, errors.New("no expiry"))
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

// temporary reads a temporary token. Older replies hold nothing but the token, which knows its times.
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
		return Temporary{}, r.failed(Happened, errors.New("decode reply: no token"))
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
		return Temporary{}, r.failed(Happened, errors.Join(errors.New("decode reply: no expiry"), err))
	}
	return t, nil
}
