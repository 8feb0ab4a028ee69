package lambda

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/tokenmint/tokenmint/internal/testkit/program"
)

// Build compiles a main package with the flags of template.yaml and returns the path of the
// program. The path of the package is relative to the module's root, for example ./functions/mint.
// A failure ends the test.
func Build(tb testing.TB, root, path string) string {
	tb.Helper()
	dir := tb.TempDir()
	if err := Compile(tb.Context(), root, dir, path); err != nil {
		tb.Fatal(err)
	}
	return filepath.Join(dir, filepath.Base(path))
}

// Compile compiles main packages outside a test. Each program is a file in dir with the name of its
// package.
func Compile(ctx context.Context, root, dir string, paths ...string) error {
	for _, path := range paths {
		if err := compile(ctx, root, dir, path); err != nil {
			return err
		}
	}
	return nil
}

// Edit changes the text of a source file for one build.
type Edit func(text string) string

// BuildEdited is Build with edited source files. A key of edits is a path from root. A test in real
// time needs shorter times than a deployment. An edit that changes nothing ends the test.
func BuildEdited(tb testing.TB, root, path string, edits map[string]Edit) string {
	tb.Helper()
	dir := tb.TempDir()
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	for name, edit := range edits {
		file, err := filepath.Abs(filepath.Join(root, name))
		if err != nil {
			tb.Fatal(err)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		edited := edit(string(text))
		if edited == string(text) {
			tb.Fatalf("the edit of %s changes nothing", name)
		}
		overlay.Replace[file] = filepath.Join(dir, filepath.Base(name))
		if err := os.WriteFile(overlay.Replace[file], []byte(edited), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	text, err := json.Marshal(overlay)
	if err != nil {
		tb.Fatal(err)
	}
	file := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		tb.Fatal(err)
	}
	if err := compile(tb.Context(), root, dir, path, "-overlay="+file); err != nil {
		tb.Fatal(err)
	}
	return filepath.Join(dir, filepath.Base(path))
}

func compile(ctx context.Context, root, dir, path string, flags ...string) error {
	flags = append(flags, "-tags=lambda.norpc", "-trimpath", "-buildvcs=false", "-ldflags=-s -w")
	return program.Build(ctx, root, dir, path, []string{"CGO_ENABLED=0"}, flags...)
}
