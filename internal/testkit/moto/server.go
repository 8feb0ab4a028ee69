package moto

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

//go:embed server.py
var server string

// Endpoint is the address of moto's server. The first call starts it, for all tests of this
// process.
func Endpoint(tb testing.TB) string {
	tb.Helper()
	endpoint, err := start()
	if err != nil {
		tb.Fatal(err)
	}
	return endpoint
}

// start keeps the server's standard input open until this process ends. The server ends then.
var start = sync.OnceValues(func() (string, error) {
	python, err := python()
	if err != nil {
		return "", err
	}
	var log bytes.Buffer
	cmd := exec.Command(python, "-c", server) //nolint:gosec // it ends with this process
	cmd.Stderr = &log
	if _, err := cmd.StdinPipe(); err != nil {
		return "", err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	var port int
	if _, err := fmt.Fscanln(out, &port); err != nil {
		_ = cmd.Wait() // the log says how it ended
		return "", fmt.Errorf("start moto: %w\n%s", err, log.String())
	}
	go func() { _ = cmd.Wait() }() // without it the pipes are garbage, and closed
	return fmt.Sprintf("http://127.0.0.1:%d", port), nil
})

// python finds the interpreter that `.ci/run moto` has installed moto for.
func python() (string, error) {
	module, err := exec.Command("go", "env", "GOMOD").Output() //nolint:noctx // returns at once
	if err != nil {
		return "", err
	}
	root := filepath.Dir(strings.TrimSpace(string(module)))
	file := filepath.Join(root, ".cache", "moto", "bin", "python")
	if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
		return "", errors.New("moto is not installed: run `.ci/run moto` once")
	}
	return file, nil
}
