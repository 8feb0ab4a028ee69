package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestOneDevForADirectory: a second dev would overwrite the tokens of the first.
func TestOneDevForADirectory(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "state")
	m := startDev(t, dev{state: dir})
	second := dev{state: dir, mint: ":0", mapbox: ":0", aws: ":0", getenv: nothingSet, world: worldOptions{user: "dev"}}
	err := second.run(t.Context(), io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), fmt.Sprintf("process %d", os.Getpid())) {
		t.Errorf("the second dev: %v", err)
	}
	if got := m.mint(); got == "" {
		t.Error("the first dev suffered")
	}
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	startDev(t, dev{state: dir})
}

// TestALockOfTheDead: what a dev that was killed leaves behind holds nobody up.
func TestALockOfTheDead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "lock"), []byte("1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	startDev(t, dev{state: dir})
}
