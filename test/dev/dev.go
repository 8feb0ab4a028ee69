// Package dev runs `tokenmint dev` for tests, as its users do: as a process of its own.
package dev

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/testkit/program"
)

// Build compiles the command and returns its path. root leads to the module's folder.
func Build(t *testing.T, root string) string {
	t.Helper()
	file, err := program.Command(t.Context(), root, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// Start runs dev on free ports, with more arguments, until the test ends. It returns the lines
// NAME=value that dev prints. The test fails unless dev ends with 0 when it is interrupted.
func Start(t *testing.T, root string, args ...string) []string {
	t.Helper()
	args = append([]string{"dev", "--mint", ":0", "--mapbox", ":0", "--aws", ":0"}, args...)
	cmd := exec.Command(Build(t, root), args...) //nolint:noctx // start ends it
	cmd.Dir = root
	return start(t, cmd, func() (int, error) { return cmd.Process.Pid, nil })
}

// StartSample is Start for a sample of a page that runs `tokenmint dev` or `go run ./cmd/tokenmint
// dev`, on its ports.
func StartSample(t *testing.T, root, sample string) []string {
	t.Helper()
	dir := t.TempDir()
	// `go run` starts the program with this one, which keeps the number of the process.
	wrapper, pid := filepath.Join(dir, "exec"), filepath.Join(dir, "pid")
	for file, script := range map[string]string{
		wrapper:                         "echo $$ >" + pid + "\nexec \"$@\"\n",
		filepath.Join(dir, "tokenmint"): "exec " + wrapper + " " + Build(t, root) + " \"$@\"\n",
	} {
		//nolint:gosec // they are run
		if err := os.WriteFile(file, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("bash", "-euo", "pipefail", "-c", sample) //nolint:noctx // start ends it
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOFLAGS=-exec="+wrapper, "PATH="+dir+":"+os.Getenv("PATH"))
	return start(t, cmd, func() (int, error) {
		text, err := os.ReadFile(pid)
		if err != nil {
			return 0, err
		}
		return strconv.Atoi(strings.TrimSpace(string(text)))
	})
}

// start returns when dev is ready, which is the process that pid names.
func start(t *testing.T, cmd *exec.Cmd, pid func() (int, error)) []string {
	t.Helper()
	var log bytes.Buffer // complete when the command has ended
	cmd.Stderr = &log
	out, printed, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout = printed
	began := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = printed.Close() // the command has its own copy
	stuck := time.AfterFunc(3*time.Minute, func() { _ = cmd.Process.Kill() })
	text := make([]byte, 4096)
	n, err := out.Read(text) // dev prints all lines in one write
	stuck.Stop()
	if err != nil || !strings.Contains(string(text[:n]), "MINT_URL=") {
		t.Fatalf("dev did not become ready: %v, %v\n%s", err, cmd.Wait(), log.String())
	}
	t.Logf("dev was ready after %d ms", time.Since(began).Milliseconds())
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, out)
		close(ended)
	}()
	t.Cleanup(func() {
		if err := stop(cmd, pid, ended); err != nil {
			t.Errorf("dev: %v\n%s", err, log.String())
		}
	})
	return strings.Fields(string(text[:n]))
}

// stop ends dev as Ctrl-C does. It interrupts dev alone: `go run` returns the exit status of dev,
// but returns 1 when it is interrupted itself.
func stop(cmd *exec.Cmd, pid func() (int, error), ended <-chan struct{}) error {
	stuck := time.AfterFunc(15*time.Second, func() { _ = cmd.Process.Kill() }) // dev may take 5 s
	defer stuck.Stop()
	select {
	case <-ended:
		_ = cmd.Wait() // the state says it all
		return fmt.Errorf("it ended too early, with %s", cmd.ProcessState)
	default:
	}
	id, err := pid()
	if err != nil {
		return err
	}
	process, err := os.FindProcess(id)
	if err != nil {
		return err
	}
	if err := process.Signal(os.Interrupt); err != nil {
		return err
	}
	return cmd.Wait()
}

// Value returns the value of a name in the lines of Start, or "".
func Value(lines []string, name string) string {
	for _, line := range lines {
		if value, ok := strings.CutPrefix(line, name+"="); ok {
			return value
		}
	}
	return ""
}

var token = regexp.MustCompile(`([pst]k)\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+`)

// Show returns a text without the values of tokens. A log has none, not even the simulator's.
func Show(text []byte) string { return token.ReplaceAllString(string(text), "$1.[redacted]") }
