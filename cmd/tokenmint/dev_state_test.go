package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

func TestDevStateSurvivesARestart(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "state")
	m := startDev(t, dev{state: dir})
	m.do("POST", m.lines["MINT_URL"]+"/_dev/rotate?force=true", "")
	version, token := m.currentVersion(), m.lines["MAPBOX_ACCESS_TOKEN"]
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	again := startDev(t, dev{state: dir})
	if again.currentVersion() != version || again.lines["MAPBOX_ACCESS_TOKEN"] != token {
		t.Error("the restart changed the secret or the token")
	}
	if got := again.mint(); got != tokens.VerdictValid {
		t.Errorf("the simulator says %s", got)
	}
	if err := again.stop(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, "state.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the state may be read by others: %v, %v", info.Mode(), err)
	}
	other := dev{state: dir, addresses: addresses{mint: ":0", mapbox: ":0", aws: ":0"},
		getenv: nothingSet, backend: backendOptions{user: "other"}}
	if err := other.run(t.Context(), io.Discard, io.Discard); err == nil ||
		!strings.Contains(err.Error(), "belongs to user dev") {
		t.Errorf("another user: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "state.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := dev{state: dir, backend: backendOptions{user: "dev"}}
	if err := broken.run(t.Context(), io.Discard, io.Discard); err == nil ||
		!strings.Contains(err.Error(), "state.json") {
		t.Errorf("a broken file: %v", err)
	}
}
