package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestOneDevPerDirectory: a second dev would overwrite the tokens of the first one.
func TestOneDevPerDirectory(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "state")
	m := startDev(t, dev{state: dir})
	second := dev{state: dir, addresses: addresses{mint: ":0", mapbox: ":0", aws: ":0"},
		getenv: nothingSet, backend: backendOptions{user: "dev"}}
	err := second.run(t.Context(), io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), dir) ||
		!strings.Contains(err.Error(), fmt.Sprintf("process %d", os.Getpid())) {
		t.Errorf("the second dev: %v", err)
	}
	if got := m.mint(); got == "" {
		t.Error("the first dev no longer works")
	}
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	startDev(t, dev{state: dir})
}

// TestStaleLockFile: the lock file of a killed dev does not stop the next dev.
func TestStaleLockFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "lock"), []byte("1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	startDev(t, dev{state: dir})
}
