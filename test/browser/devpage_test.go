//go:build browser

package browser_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/tokenmint/tokenmint/test/dev"
)

// TestDevPage presses each button of the page of dev, and looks at each panel.
func TestDevPage(t *testing.T) { //nolint:paralleltest // one browser at a time
	policy := filepath.Join(t.TempDir(), "tokenmint.yaml")
	shipped, err := os.ReadFile("../../config/tokenmint.yaml")
	if err == nil {
		err = os.WriteFile(policy, shipped, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	node := exec.CommandContext(t.Context(), "node", "devpage.mjs")
	node.Env = append(os.Environ(), dev.Start(t, "../..", "--config", policy)...)
	node.Env = append(node.Env, "POLICY="+policy, "SHOTS="+*shot)
	node.Stdout, node.Stderr = os.Stdout, os.Stderr
	if err := node.Run(); err != nil {
		t.Error(err)
	}
}
