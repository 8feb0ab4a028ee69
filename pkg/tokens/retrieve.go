package tokens

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// Verdict is Mapbox's judgement of a token.
type Verdict string

// The verdicts that the API documents.
const (
	VerdictValid     Verdict = "TokenValid"
	VerdictMalformed Verdict = "TokenMalformed" // it cannot be parsed
	VerdictInvalid   Verdict = "TokenInvalid"   // its signature does not match
	VerdictExpired   Verdict = "TokenExpired"   // it was temporary
	VerdictRevoked   Verdict = "TokenRevoked"   // it was deleted
)

// Retrieved is what Mapbox knows of a token's value. All but the verdict is zero when the token cannot be
// parsed. Client, Created, Expires and Scopes are told of temporary tokens only.
type Retrieved struct {
	Verdict Verdict
	Usage   Usage
	User    string
	ID      string // of a permanent token, as List returns it
	Client  string
	Created time.Time
	Expires time.Time
	Scopes  []string
}

// Retrieve asks Mapbox to judge a token. A token that does not work is a verdict, not an error. A token
// just created may take a moment to be known everywhere.
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
		return Retrieved{}, r.failed(Happened, errors.New("decode reply: no code"))
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
