// Package callers_test runs the commands for callers of a mint as their users do, as processes:
// against dev, and against servers that are not a mint.
package callers_test

import (
	"bytes"
	"context"
	"errors"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/testkit/program"
	"github.com/tokenmint/tokenmint/test/dev"
)

const root = "../.."

var bin string // a temporary folder

func TestMain(m *testing.M) {
	var err error
	if bin, err = os.MkdirTemp("", "callers"); err != nil {
		log.Fatal(err)
	}
	code := m.Run()
	_ = os.RemoveAll(bin)
	os.Exit(code)
}

// build compiles the command once.
var build = sync.OnceValue(func() error {
	_, err := program.Command(context.Background(), root, bin)
	return err
})

// ended is how a process ended.
type ended struct {
	status      int
	out, errors string
}

// command prepares tokenmint with an environment of its own, without AWS credentials.
func command(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	if err := build(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "tokenmint"), args...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(),
		"AWS_EC2_METADATA_DISABLED=true"}, env...)
	return cmd
}

// tokenmint runs the command to its end.
func tokenmint(t *testing.T, env []string, args ...string) ended {
	t.Helper()
	return finish(t, command(t, env, args...))
}

func finish(t *testing.T, cmd *exec.Cmd) ended {
	t.Helper()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if _, isExit := errors.AsType[*exec.ExitError](err); err != nil && !isExit {
		t.Fatal(err)
	}
	return ended{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// checkRefused wants one line on standard error, with these words, and nothing on standard output.
func checkRefused(t *testing.T, got ended, status int, words ...string) {
	t.Helper()
	text := dev.Show([]byte(got.errors))
	if got.status != status || got.out != "" || text != got.errors {
		t.Errorf("status %d, %d bytes on standard output: %s", got.status, len(got.out), text)
	}
	for _, word := range words {
		if !strings.Contains(got.errors, word) {
			t.Errorf("no %q in: %s", word, text)
		}
	}
}

// isToken reports whether a text is one token on one line.
func isToken(text string) bool {
	token, isLine := strings.CutSuffix(text, "\n")
	return isLine && strings.HasPrefix(token, "tk.") && !strings.ContainsAny(token, " \n")
}
