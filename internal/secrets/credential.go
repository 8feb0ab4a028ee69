package secrets

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// Credential is the content of a secret version: a token, and the known facts about it. A fact that
// the stored text does not have comes from the token's payload. Unknown facts are zero.
type Credential struct {
	Token    tokens.Token
	Username string
	ID       string    // Mapbox's id of the token; empty for a temporary token
	Scopes   []string  // nil if unknown: the payload of a permanent token has no scopes
	Created  time.Time // when the rotation created the token; zero if a person stored it
	Rotation string    // the id of that rotation; empty if a person stored the token
	Expires  time.Time // zero for a permanent token; may be in the past
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

// Auth returns the token and the user name for a call of the Tokens API.
func (c Credential) Auth() tokens.Auth {
	return tokens.Auth{Token: c.Token, Username: c.Username}
}

// Match compares the credential with what Mapbox says about its token. An error means that the
// token certainly does not work, or is another one. Only a second look can show that Mapbox did not
// know a new token yet.
func (c Credential) Match(got tokens.Retrieved) error {
	switch {
	case got.Verdict != tokens.VerdictValid:
		return fmt.Errorf("Mapbox calls it %s", got.Verdict) //nolint:staticcheck // ST1005: a name
	case got.ID != c.ID || got.User != c.Username:
		return fmt.Errorf("it should be token %s of user %s, but Mapbox calls it %s of %s",
			c.ID, c.Username, got.ID, got.User)
	}
	return nil
}

// Listed returns the credential's token among the tokens that Mapbox lists, or nil.
func (c Credential) Listed(live []tokens.Metadata) *tokens.Metadata {
	i := slices.IndexFunc(live, func(t tokens.Metadata) bool { return t.ID == c.ID })
	if i < 0 || c.ID == "" {
		return nil
	}
	return &live[i]
}

// ParseCredential reads a secret's text. The text is a bare token or the JSON object that Encode
// writes. White space around the text and unknown members of the object are ignored. A public token
// is refused, because it cannot authorise a call. An object is refused if its username or id
// differs from the token's payload, because a wrong id would delete another token. Errors do not
// quote the text.
func ParseCredential(v Value) (Credential, error) {
	c, err := ParseStored(v)
	if err == nil && c.Token.Usage() == tokens.UsagePublic {
		return Credential{}, errors.New(
			"secret holds a public token (pk), which cannot authorise: store a secret one (sk)")
	}
	return c, err
}

// ParseStored is ParseCredential for all kinds of token. A managed public token cannot authorise a
// call.
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

// IsPlaceholder reports whether the text contains no Mapbox token. Such a secret waits for its
// first token. Each token begins with sk.ey, pk.ey or tk.ey, because the payload is a JSON object.
func IsPlaceholder(v Value) bool {
	return !strings.Contains(v.Reveal(), "k.ey")
}

func (s stored) credential() (Credential, error) {
	c := Credential{Token: tokens.NewToken(s.Token), Scopes: s.Scopes, Created: s.Created,
		Rotation: s.Rotation}
	claims, err := c.Token.Decode()
	switch {
	case strings.ContainsFunc(s.Token, func(r rune) bool { return r <= ' ' || r > '~' }):
		return Credential{}, errors.New(
			"secret holds no token: white space or characters beyond ASCII in the midst of it")
	case err != nil:
		return Credential{}, fmt.Errorf("secret holds no token: %w", err)
	case s.Username != "" && s.Username != claims.User:
		return Credential{}, fmt.Errorf(`secret: "username" is not the user of its token, %q`,
			claims.User)
	case s.ID != "" && s.ID != claims.ID:
		return Credential{}, fmt.Errorf(`secret: "id" is not the id of its token, %q`, claims.ID)
	}
	c.Username, c.ID, c.Expires = claims.User, claims.ID, claims.Expires
	if c.Scopes == nil {
		c.Scopes = claims.Scopes
	}
	return c, nil
}

// Encode returns the credential as JSON, for a store. It returns an error if the credential has no
// token.
func (c Credential) Encode() (Value, error) {
	if c.Token.IsZero() {
		return Value{}, errors.New("credential without a token")
	}
	data, err := json.Marshal(
		stored{c.Token.Reveal(), c.Username, c.ID, c.Scopes, c.Created, c.Rotation})
	return NewValue(string(data)), err
}
