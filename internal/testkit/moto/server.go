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

// start starts the server once. The server ends when its standard input closes, and that happens
// when this process ends.
var start = sync.OnceValues(func() (string, error) {
	python, err := python()
	if err != nil {
		return "", err
	}
	var log bytes.Buffer
	//nolint:gosec // G204: our own script; it ends with this process
	cmd := exec.Command(python, "-c", server)
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
	go func() { _ = cmd.Wait() }() // keeps the pipes in use: the garbage collector would close them
	return fmt.Sprintf("http://127.0.0.1:%d", port), nil
})

// python returns the path of the Python that has moto. `.ci/run moto` installs both.
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
