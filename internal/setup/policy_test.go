package setup_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tokenmint/tokenmint/internal/setup"
)

// own is a policy that differs from the embedded one.
const own = "profiles:\n  own:\n    scopes: [styles:read]\n" +
	"    allow: [{iam: \"arn:aws:iam::*:role/own\"}]\n"

// start reads the environment of a function whose policy is in file.
func start(file string) (setup.Parts, error) {
	return setup.FromEnvironment(func(name string) string {
		if name == "CONFIG_FILE" {
			return file
		}
		return onLambda[name]
	}, io.Discard)
}

func TestPolicyComesFromTheFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "tokenmint.yaml")
	if err := os.WriteFile(file, []byte(own), 0o600); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{"": "web-map", file: "own"} {
		t.Run(want, func(t *testing.T) {
			parts, err := start(file)
			if err != nil || parts.Config.Profiles[0].Name != want {
				t.Errorf("%v, %+v", err, parts.Config)
			}
		})
	}
}

// TestNoPolicyButThatOfTheFile: the embedded policy may grant what the deployer has removed, so a
// function with a wrong policy does not start.
func TestNoPolicyButThatOfTheFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, tc := range map[string]struct{ text, says string }{
		"missing.yaml": {"", "no such file"},
		"empty.yaml":   {"# nothing\n", "empty.yaml: the file is empty"},
		"key.yaml": {own + "    lifetyme: 1h\n",
			"key.yaml:5: profiles.own.lifetyme: unknown key"},
		"value.yaml": {own + "    reuse: 2h\n",
			"value.yaml:3: profiles.own.reuse: 2h0m0s must be"},
		"syntax.yaml": {own + "\treuse: 1m\n",
			"syntax.yaml:5: the character '\\t' is not allowed"},
		"300KB.yaml": {own + strings.Repeat("# comment\n", 30_000),
			"300KB.yaml: the file is larger than 256 KiB"},
		"list.yaml": {"- iam\n", "list.yaml:1: must be a mapping"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(dir, name)
			if tc.text != "" {
				if err := os.WriteFile(file, []byte(tc.text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			parts, err := start(file)
			if err == nil || !strings.HasPrefix(err.Error(), "CONFIG_FILE: ") ||
				!strings.Contains(err.Error(), tc.says) {
				t.Errorf("no %q: %v", tc.says, err)
			}
			if parts.Config != nil {
				t.Error("there is a policy nevertheless")
			}
		})
	}
	t.Run("directory", func(t *testing.T) {
		if _, err := start(dir); err == nil || !strings.Contains(err.Error(), "is a directory") {
			t.Error(err)
		}
	})
}
