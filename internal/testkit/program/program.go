// Package program builds this module's programs for tests.
package program

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
)

// Build compiles a main package and puts the program into dir. The name of the program is the last
// part of path, which is relative to the module's root, for example ./functions/mint. The variables
// of env, NAME=value, are added to those of the test. flags are flags of go build.
//
// `go run` keeps a linked program in Go's build cache and `go build` links it each time. So Build
// lets `go run` execute cp instead of the program: cp PROGRAM DIR.
func Build(ctx context.Context, root, dir, path string, env []string, flags ...string) error {
	args := slices.Concat([]string{"run", "-exec=cp"}, flags,
		[]string{path, dir + string(filepath.Separator)})
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = root
	cmd.Env = append(cmd.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", path, err, out)
	}
	return nil
}

// Command compiles tokenmint, the command, and returns the path of the program in dir.
func Command(ctx context.Context, root, dir string) (string, error) {
	err := Build(ctx, root, dir, "./cmd/tokenmint", nil, "-ldflags=-s -w")
	return filepath.Join(dir, "tokenmint"), err
}
