package secrets

import (
	"fmt"
	"io"
	"unique"
)

// Value is the text of a secret version. It prints as "[redacted]" under every verb, in slog and in JSON;
// only Reveal gives the text. The zero Value is no value. Values may be compared with ==.
type Value struct {
	// A handle is a pointer: where fmt meets a Value in an unexported field it calls no methods and prints
	// what it finds, which is then an address.
	handle unique.Handle[string]
}

const redacted = "[redacted]"

// NewValue wraps the text; empty text gives the zero Value, as Secrets Manager stores none.
func NewValue(text string) Value {
	if text == "" {
		return Value{}
	}
	return Value{handle: unique.Make(text)}
}

// Reveal returns the text. Call it on the line that sends or parses it, and nowhere else.
func (v Value) Reveal() string {
	if v.IsZero() {
		return ""
	}
	return v.handle.Value()
}

// IsZero reports whether there is no value.
func (v Value) IsZero() bool { return v == Value{} }

// Format implements fmt.Formatter for all verbs and flags.
func (Value) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, redacted) }

// MarshalText implements encoding.TextMarshaler, for JSON, XML and slog.
func (Value) MarshalText() ([]byte, error) { return []byte(redacted), nil }
