//go:build clients

package clients_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/tokenmint/tokenmint/test/dev"
	"github.com/tokenmint/tokenmint/test/docs/fence"
)

// TestSimulatorPage runs the tests on docs/simulator.md as printed, against dev. `.ci/run clients`
// installs Mapbox's SDK in test/sdk.
func TestSimulatorPage(t *testing.T) {
	t.Parallel()
	const page = "docs/simulator.md"
	lines := dev.Start(t, root)
	dir := t.TempDir()
	modules, err := filepath.Abs(filepath.Join(root, "test/sdk/node_modules"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	for kind, run := range map[string][]string{
		"js simulator": {filepath.Join(dir, "page.test.mjs"), "node", "--test"},
		"go simulator": {filepath.Join(dir, "shop_test.go"), "go", "test", "-count=1"},
	} {
		blocks, err := fence.Of(root, page, kind)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range blocks {
			if err := os.WriteFile(run[0], []byte(block.Text), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), run[1], append(run[2:], run[0])...)
			cmd.Dir, cmd.Env = root, append(os.Environ(), lines...)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s:%d: %v\n%s", page, block.Line, err, dev.Show(out))
			}
		}
	}
}
