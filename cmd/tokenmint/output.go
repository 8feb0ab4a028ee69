package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/tokenmint/tokenmint/internal/telemetry"
)

// format is the form of a report or a log: text for people, JSON for programs. The zero value means
// text.
type format string

const (
	formatText format = "text"
	formatJSON format = "json"
)

// String, Set and Type make a format the value of a flag.
func (f *format) String() string { return string(*f) }

// Set refuses an unknown format. The error becomes a usage error.
func (f *format) Set(text string) error {
	if text != string(formatText) && text != string(formatJSON) {
		return errors.New("it must be text or json")
	}
	*f = format(text)
	return nil
}

// Type returns the placeholder that the help shows for the value.
func (f *format) Type() string { return "text|json" }

// addOutput adds the flag --output.
func addOutput(cmd *cobra.Command, into *format) {
	*into = formatText
	cmd.Flags().Var(into, "output", "form of the report")
}

// marshal encodes a plain value of this command, which cannot fail.
func marshal(v any) json.RawMessage {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}

func writeIndented(out io.Writer, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, string(text))
	return err
}

// newLogger returns the logger of the functions for JSON, and else one with short text lines.
func newLogger(w io.Writer, f format, level slog.Leveler) *slog.Logger {
	if f == formatJSON {
		return telemetry.NewLogger(w, level)
	}
	short := func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && a.Key == slog.TimeKey {
			return slog.String(slog.TimeKey, a.Value.Time().Format(time.TimeOnly))
		}
		return a
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: short}))
}
