// Package overlay takes guards out of source files, for tests that must fail without them.
package overlay

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Without returns a file for the flag -overlay of go test. With it, the source file in the folder
// of the test has the text instead in the place of the guard, which must be in it once.
func Without(t *testing.T, file, guard, instead string) string {
	t.Helper()
	path, err := filepath.Abs(file)
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(path) //nolint:gosec // G304: the test names the file
	if err != nil || strings.Count(string(source), guard) != 1 {
		t.Fatalf("%s does not have %q once: %v", file, guard, err)
	}
	dir := t.TempDir()
	edited, overlay := filepath.Join(dir, file), filepath.Join(dir, "overlay.json")
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{path: edited}})
	if err != nil {
		t.Fatal(err)
	}
	for path, content := range map[string]string{
		edited:  strings.Replace(string(source), guard, instead, 1),
		overlay: string(replace),
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return overlay
}
