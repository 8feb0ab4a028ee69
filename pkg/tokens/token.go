package tokens

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"unique"
)

// Usage is the kind of a token: the part before its first dot.
type Usage string

// The kinds of tokens. Public and secret tokens are permanent and can be listed; a temporary token lives
// at most an hour and can be neither listed nor revoked.
const (
	UsagePublic    Usage = "pk"
	UsageSecret    Usage = "sk"
	UsageTemporary Usage = "tk"
)

// Token is a Mapbox access token that redacts itself: fmt under every verb, slog, JSON and text
// marshalling all show `sk.[redacted 4f9c1b2a33aa]`, the digits being [Token.Hash]. The value leaves
// by [Token.Reveal] only. The zero Token is no token. Tokens may be compared with == and be map keys.
type Token struct {
	// A handle is a pointer: where fmt meets a Token in an unexported field it calls no methods and prints
	// what it finds, which is then an address.
	handle unique.Handle[string]
}

// NewToken returns value as a Token, untrimmed and unchecked. An empty value is no token.
func NewToken(value string) Token {
	if value == "" {
		return Token{}
	}
	return Token{handle: unique.Make(value)}
}

// IsZero reports whether t is no token.
func (t Token) IsZero() bool { return t == Token{} }

// Equal reports whether t and u have the same value.
func (t Token) Equal(u Token) bool { return t == u }

// Reveal returns the bare value, "" for no token: the only door to it.
func (t Token) Reveal() string {
	if t.IsZero() {
		return ""
	}
	return t.handle.Value()
}

// Hash returns the first 12 hexadecimal digits of the value's SHA-256, "" for no token. It names a token
// in logs and gives nothing away, for a token's signature alone has more entropy than can be guessed.
func (t Token) Hash() string {
	if t.IsZero() {
		return ""
	}
	sum := sha256.Sum256([]byte(t.Reveal()))
	return hex.EncodeToString(sum[:6])
}

// Usage returns the kind that the value's prefix states, "" when it states none.
func (t Token) Usage() Usage {
	prefix, _, found := strings.Cut(t.Reveal(), ".")
	switch usage := Usage(prefix); usage {
	case UsagePublic, UsageSecret, UsageTemporary:
		if found {
			return usage
		}
	}
	return ""
}

// String returns the redacted form, "" for no token.
func (t Token) String() string {
	if t.IsZero() {
		return ""
	}
	redacted := "[redacted " + t.Hash() + "]"
	if usage := t.Usage(); usage != "" {
		return string(usage) + "." + redacted
	}
	return redacted
}

// Format writes the redacted form, whatever the verb.
func (t Token) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, t.String()) }

// GoString returns the redacted form, for printers other than fmt.
func (t Token) GoString() string { return t.String() }

// LogValue returns the redacted form.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }

// MarshalText returns the redacted form.
func (t Token) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// MarshalJSON returns the redacted form. A program that must store a token says so with [Token.Reveal].
func (t Token) MarshalJSON() ([]byte, error) { return json.Marshal(t.String()) }

// UnmarshalJSON reads a token's value from a JSON string; null is no token.
func (t *Token) UnmarshalJSON(data []byte) error {
	var value string
	if json.Unmarshal(data, &value) != nil {
		return errors.New("a token must be a JSON string") // and not a word on what it is instead
	}
	*t = NewToken(value)
	return nil
}
