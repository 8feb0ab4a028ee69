package main

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"
)

// untilOrphaned returns a context that also ends when `go run`, which has built and started this program, is gone. A
// SIGTERM ends `go run` without reaching what it runs, and the ports would stay taken.
func untilOrphaned(ctx context.Context) context.Context {
	program, err := os.Executable()
	if err != nil || !isOfGoRun(program) || runtime.GOOS == "windows" {
		return ctx
	}
	return untilParentChanges(ctx, os.Getppid, 200*time.Millisecond)
}

// cached is where the build cache keeps a program: under a digest of 64 digits.
var cached = regexp.MustCompile(`[/\\][0-9a-f]{64}-d[/\\][^/\\]+$`)

// isOfGoRun recognises a program by its place: the build cache, or a build's own directory.
func isOfGoRun(program string) bool {
	return cached.MatchString(program) ||
		strings.Contains(program, "go-build") && filepath.Base(filepath.Dir(program)) == "exe"
}

// untilParentChanges looks every so often whether the process has another parent than at first: the system gives an
// orphan one.
func untilParentChanges(ctx context.Context, parent func() int, every time.Duration) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	first := parent()
	go func() {
		defer cancel()
		tick := time.NewTicker(every)
		defer tick.Stop()
		for parent() == first {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
	return ctx
}
