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
		{"bootstrap extra", 2}, {"doctor extra", 2}, {"explain extra", 2}, {"bootstrap --help", 0},
		{"doctor --help", 0}, {"explain --help", 0},
		{"bogus", 2}, {"--bogus", 2}, {"dev --bogus", 2}, {"dev extra", 2},
		{"dev --mapbox-rate -1", 2}, {"dev --mapbox-rate many", 2},
		{"dev --live --state " + dir, 2}, {"dev --live --sam-env-file " + dir + "/env", 2},
		{"invoke", 2}, {"invoke other", 2}, {"invoke mint", 2}, {"invoke mint rotate", 2},
		{"dev --mint " + taken.Addr().String(), 1}, {"dev --config " + dir + "/none", 1},
		{"dev --state " + broken, 1},
		{"dev --mint :0 --mapbox :0 --aws :0 --env-file " + dir + "/none/env", 1},
		{"dev --mint :0 --mapbox :0 --aws :0 --sam-env-file " + dir + "/none/env", 1},
		{"invoke mint --event " + dir + "/none", 1}, {"invoke mint --event " + broken, 1},
		{"invoke mint --event " + array, 0}, {"invoke rotate --event " + array, 1},
	} {
		t.Run(tc.args, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			if got := run(ctx, strings.Fields(tc.args), io.Discard, io.Discard); got != tc.want {
				t.Errorf("tokenmint %s: exit code %d, want %d", tc.args, got, tc.want)
			}
			cancel()
		})
	}
}

// TestErrorsHideTokens: an error does not repeat a token from the command line.
func TestErrorsHideTokens(t *testing.T) {
	t.Parallel()
	const slip = "sk.eyJ1Ijoic2VudGluZWwifQ.SENTINEL-sentinel_12345"
	for _, args := range []string{slip, "bootstrap " + slip, "invoke " + slip,
		"invoke mint --event " + slip, "dev --config " + slip,
		"explain --caller " + slip, "dev --user " + slip, "dev --mint " + slip, "dev --" + slip} {
		var log bytes.Buffer
		if got := run(t.Context(), strings.Fields(args), io.Discard, &log); got == 0 ||
			strings.Contains(log.String(), "SENTINEL") {
			t.Errorf("exit code %d, and it says: %s", got, log.String())
		}
	}
}

// TestMessages: the message for a wrong command line says what to do.
func TestMessages(t *testing.T) {
	t.Parallel()
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	dir := t.TempDir()
	free := "--mint :0 --mapbox :0 --aws :0 "
	for _, tc := range []struct {
		args string
		code int
		says []string
	}{
		{"--version", 0, []string{"tokenmint "}},
		{"-v", 0, []string{"tokenmint "}},
		{"version", 0, []string{"tokenmint "}},
		{"dve", 2, []string{`no command "dve": did you mean dev?`, "Try 'tokenmint --help'."}},
		{"mint", 2, []string{`no command "mint"`}},
		{"dev --bogus", 2, []string{"--bogus", "Try 'tokenmint dev --help'."}},
		{"dev extra", 2, []string{`dev takes flags only, and "extra" is not a flag`,
			"Try 'tokenmint dev --help'."}},
		{"version extra", 2, []string{"Try 'tokenmint version --help'."}},
		{"rotate --forc", 2, []string{"--forc", "Try 'tokenmint rotate --help'."}},
		{"rotate --name=", 2, []string{"--name is empty"}},
		{"plan --force", 2, []string{"--force", "Try 'tokenmint plan --help'."}},
		{"plan --output yaml", 2, []string{"text or json", "Try 'tokenmint plan --help'."}},
		{"doctor --output yaml", 2, []string{"text or json"}},
		{"dev --log-format xml", 2, []string{"text or json"}},
		{"retire", 2, []string{"--name is required"}},
		{"retire --name parent --now=false", 2, []string{"leaves nothing to do"}},
		{"invoke", 2, []string{"say which function, mint or rotate",
			"Try 'tokenmint invoke --help'."}},
		{"invoke other", 2, []string{"say which function, mint or rotate"}},
		{"invoke mint", 2, []string{"--event is required"}},
		{"dev --mint " + taken.Addr().String(), 1,
			[]string{"another program listens on " + taken.Addr().String(), "--mint :0"}},
		{"dev --mint nowhere.invalid:80 --mapbox :0", 1,
			[]string{"--mint: ", "write an address of this machine"}},
		{"dev --mint 8787", 2, []string{`--mint is "8787": write HOST:PORT or :PORT`}},
		{"dev " + free + "--env-file " + dir, 1,
			[]string{"--env-file: " + dir + " is a folder: name a file"}},
		{"dev " + free + "--state " + os.Args[0], 1, []string{"--state: make the directory"}},
		{"dev " + free + "--env-file " + dir + "/none/env", 1,
			[]string{"--env-file: there is no folder " + dir + "/none: make it first"}},
		{"dev " + free + "--sam-env-file " + dir + "/none/env", 1,
			[]string{"--sam-env-file: there is no folder"}},
	} {
		t.Run(tc.args, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			var out bytes.Buffer
			code := run(ctx, strings.Fields(tc.args), &out, &out)
			cancel()
			for _, want := range tc.says {
				if code != tc.code || !strings.Contains(out.String(), want) {
					t.Errorf("tokenmint %s: exit code %d, no %q in: %s", tc.args, code, want,
						out.String())
				}
			}
		})
	}
}
