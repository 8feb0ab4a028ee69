package tokens

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrMalformed says that a value does not have the form of a Mapbox token.
var ErrMalformed = errors.New("malformed token")

// Claims is what a token says of itself. Nothing here is verified: only Mapbox can check a signature, see
// [Client.Retrieve].
type Claims struct {
	Usage    Usage
	User     string    // the account's user name
	ID       string    // of a permanent token, as List returns it; "" for a temporary one
	Client   string    // of a temporary token: "api"
	IssuedAt time.Time // zero when the token does not say, as a permanent one
	Expires  time.Time // zero when the token does not say, as a permanent one
	Scopes   []string  // nil when the token does not say: a permanent token's scopes are known to Mapbox only
}

// Decode reads t's payload, offline. A token is `usage.payload.signature`, its payload a JSON object in
// base64url with or without padding: `u` is the user and always there; permanent tokens add `a`, their id;
// temporary ones `iat`, `exp`, `scopes` and `client`. Further fields are ignored. The error wraps
// [ErrMalformed] and shows nothing of the value.
func (t Token) Decode() (Claims, error) {
	usage := t.Usage()
	if usage == "" {
		return Claims{}, fmt.Errorf("%w: its usage is not pk, sk or tk", ErrMalformed)
	}
	parts := strings.Split(t.Reveal(), ".")
	if len(parts) != 3 || parts[2] == "" {
		return Claims{}, fmt.Errorf("%w: it does not have three parts", ErrMalformed)
	}
	data, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return Claims{}, fmt.Errorf("%w: its payload is not base64url", ErrMalformed)
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
		return Claims{}, fmt.Errorf("%w: its payload is not the JSON of a token", ErrMalformed)
	}
	if payload.User == "" {
		return Claims{}, fmt.Errorf("%w: its payload names no user", ErrMalformed)
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
