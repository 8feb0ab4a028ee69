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

// The kinds of tokens. A permanent token can be listed, changed and deleted. A temporary token
// works for at most one hour, and cannot be listed, changed or deleted.
const (
	UsagePublic    Usage = "pk" // permanent, may be shown to anyone
	UsageSecret    Usage = "sk" // permanent
	UsageTemporary Usage = "tk"
)

// Token is a Mapbox access token that redacts itself. fmt (with every verb), slog, JSON and text
// encoding show `sk.[redacted 4f9c1b2a33aa]`; the digits are [Token.Hash]. Only [Token.Reveal]
// returns the value. The zero Token is no token. Tokens can be compared with == and can be map
// keys. A Token does not change, except by UnmarshalJSON.
type Token struct {
	// A handle is a pointer. If a Token is in an unexported field, fmt calls none of its methods
	// and prints the field, which is only an address.
	handle unique.Handle[string]
}

// NewToken returns value as a Token. It neither trims nor checks the value. "" is no token.
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

// Reveal returns the bare value, or "" for no token. Call it only where the value leaves the
// program.
func (t Token) Reveal() string {
	if t.IsZero() {
		return ""
	}
	return t.handle.Value()
}

// Hash returns the first 12 hexadecimal digits of the value's SHA-256, or "" for no token. It names
// a token in a log. The value cannot be guessed from it, because a signature has 128 bits.
func (t Token) Hash() string {
	if t.IsZero() {
		return ""
	}
	sum := sha256.Sum256([]byte(t.Reveal()))
	return hex.EncodeToString(sum[:6])
}

// Usage returns the kind that the value's prefix names, or "" when it names none.
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

// String returns the redacted form, or "" for no token.
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

// Format writes the redacted form for every verb and flag.
func (t Token) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, t.String()) }

// GoString returns the redacted form, for printers other than fmt.
func (t Token) GoString() string { return t.String() }

// LogValue returns the redacted form.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }

// MarshalText returns the redacted form.
func (t Token) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// MarshalJSON returns the redacted form. To store a token, encode the result of [Token.Reveal].
func (t Token) MarshalJSON() ([]byte, error) { return json.Marshal(t.String()) }

// UnmarshalJSON reads a token's value from a JSON string. null and "" are no token. The error does
// not quote the data.
func (t *Token) UnmarshalJSON(data []byte) error {
	var value string
	if json.Unmarshal(data, &value) != nil {
		return errors.New("a token must be a JSON string") // the cause may quote the token
	}
	*t = NewToken(value)
	return nil
}
