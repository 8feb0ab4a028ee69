package secrets

import (
	"fmt"
	"io"
	"unique"
)

// Value is the text of a secret version. It prints as "[redacted]" with each verb, in slog and in
// JSON. Only Reveal returns the text. The zero Value means that there is no value. Values can be
// compared with ==.
type Value struct {
	// A handle is a pointer. For an unexported field, fmt calls no methods and prints the field,
	// which is an address.
	handle unique.Handle[string]
}

const redacted = "[redacted]"

// NewValue returns the Value of a text. For the empty text it is the zero Value, because Secrets
// Manager stores no empty text.
func NewValue(text string) Value {
	if text == "" {
		return Value{}
	}
	return Value{handle: unique.Make(text)}
}

// Reveal returns the text. Call it only on the line that sends or parses the text.
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
