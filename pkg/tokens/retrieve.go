package tokens

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// Verdict is what Mapbox says about a token. Mapbox may add verdicts, so it is an open string.
type Verdict string

// The verdicts that the API documents.
const (
	VerdictValid     Verdict = "TokenValid"
	VerdictMalformed Verdict = "TokenMalformed" // the value cannot be parsed
	VerdictInvalid   Verdict = "TokenInvalid"   // the signature is wrong
	VerdictExpired   Verdict = "TokenExpired"   // the temporary token has expired
	VerdictRevoked   Verdict = "TokenRevoked"   // the permanent token was deleted
)

// Retrieved is what Mapbox says about the value of a token. If the value cannot be parsed, every
// field except Verdict is zero.
type Retrieved struct {
	Verdict Verdict   // never ""
	Usage   Usage     // public, secret or temporary
	User    string    // the account's user name
	ID      string    // id of a permanent token, as in Metadata.ID; "" for a temporary token
	Client  string    // "api" for a temporary token
	Created time.Time // UTC, of a temporary token only
	Expires time.Time // UTC, of a temporary token only
	Scopes  []string  // of a temporary token only
}

// Retrieve asks Mapbox whether a token is valid. An invalid token is a verdict and not an error. A
// new token may be unknown in some places for a moment, so repeat the call if a new token is
// invalid. No scope is needed: token authorizes the call itself.
func (c *Client) Retrieve(ctx context.Context, token Token) (Retrieved, error) {
	k, err := c.newCall("retrieve token", http.MethodGet, "", token, "tokens", "v2")
	if err != nil {
		return Retrieved{}, err
	}
	r, err := c.do(ctx, k)
	if err != nil {
		return Retrieved{}, err
	}
	return r.retrieved()
}

func (r *reply) retrieved() (Retrieved, error) {
	var body struct {
		Code  Verdict `json:"code"`
		Token struct {
			Usage         Usage     `json:"usage"`
			User          string    `json:"user"`
			Authorization string    `json:"authorization"`
			Client        string    `json:"client"`
			Created       timestamp `json:"created"`
			Expires       timestamp `json:"expires"`
			Scopes        []string  `json:"scopes"`
		} `json:"token"`
	}
	if err := r.decode(&body); err != nil {
		return Retrieved{}, err
	}
	if body.Code == "" {
		return Retrieved{}, r.failed(OutcomeHappened, errors.New("decode reply: no code"))
	}
	return Retrieved{
		Verdict: body.Code,
		Usage:   body.Token.Usage,
		User:    body.Token.User,
		ID:      body.Token.Authorization,
		Client:  body.Token.Client,
		Created: body.Token.Created.Time,
		Expires: body.Token.Expires.Time,
		Scopes:  body.Token.Scopes,
	}, nil
}
