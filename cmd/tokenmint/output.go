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

// format is how a report or a log is written: for people, which the zero value means too, or for programs.
type format string

const (
	formatText format = "text"
	formatJSON format = "json"
)

// String, Set and Type make a format the value of a flag.
func (f *format) String() string { return string(*f) }

// Set refuses what is no format, and so makes a wrong flag an error of usage.
func (f *format) Set(text string) error {
	if text != string(formatText) && text != string(formatJSON) {
		return errors.New("it must be text or json")
	}
	*f = format(text)
	return nil
}

// Type is what the help calls the value.
func (f *format) Type() string { return "text|json" }

func addOutput(cmd *cobra.Command, into *format) {
	*into = formatText
	cmd.Flags().Var(into, "output", "form of the report")
}

// marshal is for values of ours that always marshal.
func marshal(v any) json.RawMessage {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}

func writeIndented(out io.Writer, v any) {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		panic(err) // reports are plain values
	}
	fmt.Fprintln(out, string(text))
}

// newLogger returns the functions' own logger, or one whose lines people can read.
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

func wallClock() time.Time { return time.Now().Round(0) }
