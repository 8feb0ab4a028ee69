//go:build unix

package callers_test

import (
	"io"
	"net/http/httptest"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// mintOf starts a server that issues a token, and returns the environment that leads to it.
func mintOf(t *testing.T, token string) []string {
	t.Helper()
	server := httptest.NewServer(answer(200, `{"token":"`+token+`","expires_in":900}`))
	t.Cleanup(server.Close)
	return []string{"MINT_URL=" + server.URL}
}

func TestExec(t *testing.T) {
	t.Parallel()
	env := append(mintOf(t, "tk.a.b"), "MAPBOX_ACCESS_TOKEN=pk.old", "OTHER=kept")
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		args   []string
		status int
		out    string
	}{
		"the variable": {[]string{"--", "sh", "-c", "echo $MAPBOX_ACCESS_TOKEN $OTHER"},
			0, "tk.a.b kept\n"},
		"another variable": {[]string{"--env", "T", "--", "sh", "-c", "echo $T"}, 0, "tk.a.b\n"},
		"the status":       {[]string{"--", "sh", "-c", "exit 7"}, 7, ""},
		"its own flags":    {[]string{"sh", "-c", "echo $#", "--", "--profile"}, 0, "1\n"},
		"standard input":   {[]string{"--", "cat"}, 0, "typed\n"},
		"no such command":  {[]string{"--", "no-such-command"}, 127, ""},
		"no such file":     {[]string{"--", "./no/such"}, 127, ""},
		"not a program":    {[]string{"--", plain}, 125, ""},
		"no command":       {nil, 125, ""},
		"a wrong flag":     {[]string{"--nope", "--", "true"}, 125, ""},
		"a wrong name":     {[]string{"--env", "A=B", "--", "true"}, 125, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := command(t, env, append([]string{"exec"}, tc.args...)...)
			cmd.Stdin = strings.NewReader("typed\n")
			got := finish(t, cmd)
			if got.status != tc.status || got.out != tc.out {
				t.Errorf("%+v", got)
			}
			if isOwn := tc.status >= 125; isOwn != (got.errors != "") {
				t.Errorf("standard error: %q", got.errors)
			}
		})
	}
}

// If the mint refuses, the command does not run.
func TestExecRefused(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(answer(403, `{"message":"no rule","code":"caller_not_allowed"}`))
	t.Cleanup(server.Close)
	got := tokenmint(t, []string{"MINT_URL=" + server.URL}, "exec", "--", "echo", "ran")
	checkRefused(t, got, 125, "caller_not_allowed", "no rule")
}

// A signal reaches the command, and the exit status is the command's.
func TestExecForwardsSignals(t *testing.T) {
	t.Parallel()
	env := mintOf(t, "tk.a.b")
	// Below nohup this process ignores SIGHUP, and its children would, too. They do not ignore what
	// it catches.
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGHUP)
	t.Cleanup(func() { signal.Stop(caught) })
	for _, sent := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP,
		syscall.SIGUSR1} {
		t.Run(sent.String(), func(t *testing.T) {
			t.Parallel()
			cmd := command(t, env, "exec", "--", "sh", "-c",
				"trap 'exit 9' TERM INT HUP USR1; echo ready; while :; do sleep 0.05; done")
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(out, make([]byte, len("ready\n"))); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Process.Signal(sent); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 9 {
				t.Errorf("%v", err)
			}
		})
	}
}

// Nobody who lists the processes sees the token.
func TestExecShowsNoTokenInTheProcessList(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/cmdline"); err != nil {
		t.Skip("there is no /proc")
	}
	got := tokenmint(t, mintOf(t, "tk.SENT.INEL"), "exec", "--", "sh", "-c",
		`test "$MAPBOX_ACCESS_TOKEN" = "$(printf '%s.%s.%s' tk SENT INEL)" && `+
			`cat /proc/[0-9]*/cmdline 2>/dev/null`)
	if !strings.Contains(got.out, "cmdline") || strings.Contains(got.out, "tk.SENT.INEL") {
		t.Errorf("status %d: the list shows the token, or is empty", got.status)
	}
}
