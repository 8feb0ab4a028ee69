//go:build clients

package clients_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tokenmint/tokenmint/test/dev"
)

// TestDay runs the JavaScript client against dev for 24 hours of virtual time, on tokens of
// 15 minutes: sleeps, outages of half an hour, a rotation of the parent and a change of the policy.
func TestDay(t *testing.T) {
	t.Parallel()
	shipped, err := os.ReadFile(filepath.Join(root, "config/tokenmint.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	const before = "styles:tiles]\n    reuse: 30m\n    allow:\n      - {anyone: true"
	policy := strings.Replace(string(shipped), before,
		strings.Replace(before, "reuse: 30m", "lifetime: 15m\n    reuse: 5m", 1), 1)
	if policy == string(shipped) {
		t.Fatal("config/tokenmint.yaml has no profile public-map that reuses tokens for 30m")
	}
	file := filepath.Join(t.TempDir(), "tokenmint.yaml")
	if err := os.WriteFile(file, []byte(policy), 0o600); err != nil {
		t.Fatal(err)
	}
	day := exec.CommandContext(t.Context(), "node", "day.mjs")
	day.Env = append(os.Environ(), dev.Start(t, root, "--config", file, "--mapbox-rate", "0")...)
	day.Env = append(day.Env, "POLICY="+file)
	out, err := day.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, dev.Show(out))
	}
	t.Logf("%s", dev.Show(out))
}
