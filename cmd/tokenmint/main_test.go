package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestExitCodes(t *testing.T) {
	t.Parallel()
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	dir := t.TempDir()
	broken := filepath.Join(dir, "broken.json")
	array := filepath.Join(dir, "array.json")
	for path, text := range map[string]string{broken: "{", array: "[]"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tc := range []struct {
		args string
		want int
	}{
		{"", 0}, {"--help", 0}, {"version", 0}, {"dev --help", 0}, {"completion bash", 0},
		{"bootstrap extra", 2}, {"doctor extra", 2}, {"explain extra", 2}, {"bootstrap --help", 0}, {"doctor --help", 0}, {"explain --help", 0},
		{"bogus", 2}, {"--bogus", 2}, {"dev --bogus", 2}, {"dev extra", 2}, {"dev --mapbox-rate -1", 2}, {"dev --mapbox-rate many", 2},
		{"dev --live --state " + dir, 2}, {"dev --live --sam-env-file " + dir + "/env", 2}, {"invoke", 2}, {"invoke other", 2}, {"invoke mint", 2}, {"invoke mint rotate", 2},
		{"dev --mint " + taken.Addr().String(), 1}, {"dev --config " + dir + "/none", 1}, {"dev --state " + broken, 1},
		{"dev --mint :0 --mapbox :0 --aws :0 --env-file " + dir + "/none/env", 1},
		{"dev --mint :0 --mapbox :0 --aws :0 --sam-env-file " + dir + "/none/env", 1},
		{"invoke mint --event " + dir + "/none", 1}, {"invoke mint --event " + broken, 1},
		{"invoke mint --event " + array, 0}, {"invoke rotate --event " + array, 1},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		if got := run(ctx, strings.Fields(tc.args), io.Discard, io.Discard); got != tc.want {
			t.Errorf("tokenmint %s: exit code %d, want %d", tc.args, got, tc.want)
		}
		cancel()
	}
}

// A token on the command line is a slip that a shell's history keeps; the log of a build must not keep it too.
func TestErrorsDoNotRepeatATokenOfTheCommandLine(t *testing.T) {
	t.Parallel()
	const slip = "sk.eyJ1Ijoic2VudGluZWwifQ.SENTINEL-sentinel_12345"
	for _, args := range []string{slip, "bootstrap " + slip, "invoke " + slip, "invoke mint --event " + slip, "dev --config " + slip,
		"explain --caller " + slip, "dev --user " + slip, "dev --mint " + slip, "dev --" + slip} {
		var log bytes.Buffer
		if got := run(t.Context(), strings.Fields(args), io.Discard, &log); got == 0 || strings.Contains(log.String(), "SENTINEL") {
			t.Errorf("exit code %d, and it says: %s", got, log.String())
		}
	}
}
