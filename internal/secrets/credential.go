package secrets

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// Credential is what a secret version holds: a token that can authorise, and what is known about it. What
// the stored text does not say is read from the token's own payload, or else left zero.
type Credential struct {
	Token    tokens.Token
	Username string
	ID       string    // at Mapbox, to delete the token by; empty for a temporary token
	Scopes   []string  // a permanent token's are in no payload: nil for a bare one
	Created  time.Time // when the rotation created the token
	Rotation string    // the id of that rotation
	Expires  time.Time // of a temporary token; zero for a permanent one. Whether it has passed is the caller's to check
}

// stored is the JSON form of a credential.
type stored struct {
	Token    string    `json:"token"`
	Username string    `json:"username,omitempty"`
	ID       string    `json:"id,omitempty"`
	Scopes   []string  `json:"scopes,omitempty"`
	Created  time.Time `json:"created,omitzero"`
	Rotation string    `json:"rotation,omitempty"`
}

// Auth returns the token and the user name, for a call of the Tokens API with this credential.
func (c Credential) Auth() tokens.Auth {
	return tokens.Auth{Token: c.Token, Username: c.Username}
}

// ParseCredential reads a secret's text: a bare token, as a person pastes it, or the JSON object that Encode
// writes; white space around either is ignored, and so are further fields of the object. A public token is
// refused, since it can authorise nothing, and so is an object whose username or id is not the token's own,
// since a wrong id would delete another token. Errors show nothing of the text.
func ParseCredential(v Value) (Credential, error) {
	c, err := ParseStored(v)
	if err == nil && c.Token.Usage() == tokens.UsagePublic {
		return Credential{}, errors.New("secret holds a public token (pk), which cannot authorise: store a secret one (sk)")
	}
	return c, err
}

// ParseStored is ParseCredential for a token that need not authorise, such as a public one that is kept fresh.
func ParseStored(v Value) (Credential, error) {
	text := strings.TrimSpace(v.Reveal())
	if text == "" {
		return Credential{}, errors.New("secret is empty")
	}
	s := stored{Token: text}
	if strings.HasPrefix(text, "{") {
		s = stored{}
		if err := json.Unmarshal([]byte(text), &s); err != nil {
			return Credential{}, fmt.Errorf("secret: %w", JSONError(err))
		}
		if s.Token = strings.TrimSpace(s.Token); s.Token == "" {
			return Credential{}, errors.New(`secret: JSON without "token"`)
		}
	}
	return s.credential()
}

// IsPlaceholder reports whether the text neither is nor contains anything like a Mapbox token: it waits for the first one.
func IsPlaceholder(v Value) bool {
	return !strings.Contains(v.Reveal(), "k.ey") // all tokens begin sk.ey, pk.ey or tk.ey: their payload is a JSON object
}

func (s stored) credential() (Credential, error) {
	c := Credential{Token: tokens.NewToken(s.Token), Scopes: s.Scopes, Created: s.Created, Rotation: s.Rotation}
	claims, err := c.Token.Decode()
	switch {
	case strings.ContainsFunc(s.Token, func(r rune) bool { return r <= ' ' || r > '~' }):
		return Credential{}, errors.New("secret holds no token: white space or characters beyond ASCII in the midst of it")
	case err != nil:
		return Credential{}, fmt.Errorf("secret holds no token: %w", err)
	case s.Username != "" && s.Username != claims.User:
		return Credential{}, fmt.Errorf(`secret: "username" is not the user of its token, %q`, claims.User)
	case s.ID != "" && s.ID != claims.ID:
		return Credential{}, fmt.Errorf(`secret: "id" is not the id of its token, %q`, claims.ID)
	}
	c.Username, c.ID, c.Expires = claims.User, claims.ID, claims.Expires
	if c.Scopes == nil {
		c.Scopes = claims.Scopes
	}
	return c, nil
}

// Encode returns the credential as a JSON value for a store. It refuses to store no token.
func (c Credential) Encode() (Value, error) {
	if c.Token.IsZero() {
		return Value{}, errors.New("credential without a token")
	}
	data, err := json.Marshal(stored{c.Token.Reveal(), c.Username, c.ID, c.Scopes, c.Created, c.Rotation})
	return NewValue(string(data)), err
}
