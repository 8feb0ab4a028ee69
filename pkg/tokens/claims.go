package tokens

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrMalformed means that a value does not have the form of a Mapbox token. [Token.Decode] wraps
// it.
var ErrMalformed = errors.New("malformed token")

// Claims is what a token says about itself. Nothing here is verified: only Mapbox can check the
// signature, see [Client.Retrieve].
type Claims struct {
	Usage    Usage     // never ""
	User     string    // the account's user name; never ""
	ID       string    // id of a permanent token, as in Metadata.ID; "" in a temporary token
	Client   string    // "api" in a temporary token; "" in a permanent token
	IssuedAt time.Time // UTC; zero in a permanent token
	Expires  time.Time // UTC; zero in a permanent token
	Scopes   []string  // nil in a permanent token: only Mapbox knows its scopes
}

// Decode reads the payload of t. It makes no request. The error wraps [ErrMalformed] and shows
// nothing of the value.
//
// A token is `usage.payload.signature`. The payload is a JSON object in base64url, with or without
// padding. `u` is the user and is always present. A permanent token has `a`, its id. A temporary
// token has `iat`, `exp`, `scopes` and `client`. Other fields are ignored. (Seen in real tokens;
// Mapbox does not document the payload.)
func (t Token) Decode() (Claims, error) {
	usage := t.Usage()
	if usage == "" {
		return Claims{}, fmt.Errorf("%w: the value starts with none of pk, sk and tk", ErrMalformed)
	}
	parts := strings.Split(t.Reveal(), ".")
	if len(parts) != 3 || parts[2] == "" {
		return Claims{}, fmt.Errorf("%w: the value does not have three parts", ErrMalformed)
	}
	data, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return Claims{}, fmt.Errorf("%w: the payload is not base64url", ErrMalformed)
	}
	var payload struct {
		User     string   `json:"u"`
		ID       string   `json:"a"`
		Client   string   `json:"client"`
		IssuedAt epoch    `json:"iat"`
		Expires  epoch    `json:"exp"`
		Scopes   []string `json:"scopes"`
	}
	if json.Unmarshal(data, &payload) != nil { // its error could quote the payload
		return Claims{}, fmt.Errorf("%w: the payload is not the JSON object of a token",
			ErrMalformed)
	}
	if payload.User == "" {
		return Claims{}, fmt.Errorf("%w: the payload has no user", ErrMalformed)
	}
	return Claims{
		Usage:    usage,
		User:     payload.User,
		ID:       payload.ID,
		Client:   payload.Client,
		IssuedAt: payload.IssuedAt.Time,
		Expires:  payload.Expires.Time,
		Scopes:   payload.Scopes,
	}, nil
}
