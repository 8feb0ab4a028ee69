package secrets

import (
	"fmt"
	"io"
	"log/slog"
)

// Value is the text of a secret version. It prints as "[redacted]" under every verb, in slog and in JSON;
// only Reveal gives the text. The zero Value is no value.
//
// The text lies behind a pointer because fmt calls no methods on the unexported fields of a struct that
// holds a Value: there it prints an address instead of the text.
type Value struct {
	text *string
}

const redacted = "[redacted]"

// NewValue wraps the text; empty text gives the zero Value, as Secrets Manager stores none.
func NewValue(text string) Value {
	if text == "" {
		return Value{}
	}
	return Value{text: &text}
}

// Reveal returns the text. Call it on the line that sends or parses it, and nowhere else.
func (v Value) Reveal() string {
	if v.text == nil {
		return ""
	}
	return *v.text
}

// IsZero reports whether there is no value.
func (v Value) IsZero() bool { return v.text == nil }

// Format implements fmt.Formatter for all verbs and flags.
func (Value) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, redacted) }

// LogValue implements slog.LogValuer.
func (Value) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText implements encoding.TextMarshaler, and with it JSON and XML.
func (Value) MarshalText() ([]byte, error) { return []byte(redacted), nil }
