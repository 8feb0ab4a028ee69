package main

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"strings"
	"testing"
)

func TestCountsProblems(t *testing.T) {
	t.Parallel()
	for wrongs, want := range map[int]string{1: "1 problem found", 2: "2 problems found"} {
		f := &findings{out: io.Discard}
		for range wrongs {
			f.wrong("x")
		}
		if err := f.end(); err == nil || err.Error() != want {
			t.Errorf("%v, want %q", err, want)
		}
	}
	var out bytes.Buffer
	f := &findings{out: &out, format: formatJSON}
	f.ok("schedule: %s", "fine")
	f.wrong("secret: gone")
	var report struct {
		Findings []finding
		Problems int
	}
	if err := f.end(); err == nil || json.Unmarshal(out.Bytes(), &report) != nil || report.Problems != 1 || len(report.Findings) != 2 ||
		report.Findings[1] != (finding{"wrong", "secret: gone"}) {
		t.Errorf("%v\n%s", err, out.String())
	}
}

func TestLogFormats(t *testing.T) {
	t.Parallel()
	for f, want := range map[format]bool{formatText: false, formatJSON: true} {
		var log bytes.Buffer
		newLogger(&log, f, slog.LevelInfo).Info("audit", "caller", "ann")
		if json.Valid(log.Bytes()) != want || !strings.Contains(log.String(), "ann") {
			t.Errorf("%s: %s", f, log.String())
		}
	}
}

// TestDevLogsText: people read the log of dev, unless they ask for JSON.
func TestDevLogsText(t *testing.T) {
	t.Parallel()
	for f, want := range map[format]string{formatText: "msg=audit", formatJSON: `"message":"audit"`} {
		m := startDev(t, dev{logFormat: f})
		m.mint()
		if !strings.Contains(m.log.String(), want) {
			t.Errorf("--log-format %s: no %q in\n%s", f, want, m.log.String())
		}
	}
}
