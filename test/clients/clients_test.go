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

const root = "../.."

// TestSDK runs Mapbox's own SDK. `.ci/run clients` installs it in test/sdk.
func TestSDK(t *testing.T) {
	t.Parallel()
	sdk := exec.CommandContext(t.Context(), "npm", "test")
	sdk.Dir = filepath.Join(root, "test/sdk")
	sdk.Env = append(os.Environ(), dev.Start(t, root, "--mapbox-rate", "0")...)
	if out, err := sdk.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, dev.Show(out))
	}
}

// TestSchemathesis runs an independent fuzzer with docs/openapi.yaml. `.ci/run clients` installs
// it. Any finding fails the test. test/schemathesis.toml has the seed, the number of examples,
// and the checks that are off, with the reasons.
func TestSchemathesis(t *testing.T) {
	t.Parallel()
	here, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	shipped, err := os.ReadFile(filepath.Join(here, "config/tokenmint.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	// The shipped mint budget would turn most requests into 429.
	config := strings.Replace(string(shipped),
		"\nparent:\n", "\nparent:\n  mints_per_minute: 1000000\n", 1)
	if config == string(shipped) {
		t.Fatal("config/tokenmint.yaml has no line parent:")
	}
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	api := unsigned(t, here)
	// The document's examples are of the account acme.
	lines := dev.Start(t, root, "--config", file, "--user", "acme", "--mapbox-rate", "0")
	for name, args := range map[string][]string{
		"the caller of dev": {"examples,coverage,fuzzing,stateful"},
		"a user of no rule": {"coverage,fuzzing",
			"-H", `X-Dev-Authorizer: {"iam":{"userArn":"arn:aws:iam::123456789012:user/eve"}}`},
		"no caller": {"coverage,fuzzing", "-H", "X-Dev-Authorizer: null"},
	} {
		t.Run(name, func(t *testing.T) {
			fuzz := exec.CommandContext(t.Context(), here+"/.cache/schemathesis/bin/st",
				append([]string{"--config-file", here + "/test/schemathesis.toml", "--no-color",
					"run", api, "--url", dev.Value(lines, "MINT_URL"),
					"--phases"}, args...)...)
			fuzz.Dir = t.TempDir() // it leaves files there
			fuzz.Env = append(os.Environ(), "SCHEMATHESIS_HOOKS=schemathesis_hooks",
				"PYTHONPATH="+here+"/test", "PYTHONDONTWRITEBYTECODE=1")
			if out, err := fuzz.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, dev.Show(out))
			}
		})
	}
}

// unsigned writes a copy of docs/openapi.yaml whose IAM routes demand no signature, since `dev`
// names their caller itself. It returns the file.
func unsigned(t *testing.T, root string) string {
	t.Helper()
	document, err := os.ReadFile(filepath.Join(root, "docs/openapi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(document), "security: [{iam: []}]", "security: []")
	if text == string(document) {
		t.Fatal("docs/openapi.yaml has no route with IAM")
	}
	file := filepath.Join(t.TempDir(), "openapi.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
