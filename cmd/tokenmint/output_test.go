package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
)

func TestLogFormats(t *testing.T) {
	t.Parallel()
	for f, want := range map[format]bool{formatText: false, formatJSON: true} {
		t.Run(string(f), func(t *testing.T) {
			var log bytes.Buffer
			newLogger(&log, f, slog.LevelInfo).Info("audit", "caller", "ann")
			if json.Valid(log.Bytes()) != want || !strings.Contains(log.String(), "ann") {
				t.Errorf("%s: %s", f, log.String())
			}
		})
	}
}

// TestDevLogsText: the log of dev is text by default.
func TestDevLogsText(t *testing.T) {
	t.Parallel()
	for f, want := range map[format]string{formatText: "msg=audit",
		formatJSON: `"message":"audit"`} {
		t.Run(string(f), func(t *testing.T) {
			m := startDev(t, dev{logFormat: f})
			m.mint()
			if !strings.Contains(m.log.String(), want) {
				t.Errorf("--log-format %s: no %q in\n%s", f, want, m.log.String())
			}
		})
	}
}
