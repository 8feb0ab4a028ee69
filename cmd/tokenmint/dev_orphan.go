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

// untilOrphaned returns a context that also ends when the `go run` that started this program ends.
// `go run` does not pass a SIGTERM on to the program, so the program would keep its ports.
func untilOrphaned(ctx context.Context) context.Context {
	program, err := os.Executable()
	if err != nil || !isOfGoRun(program) || runtime.GOOS == "windows" {
		return ctx
	}
	return untilParentChanges(ctx, os.Getppid, 200*time.Millisecond)
}

// cached matches the path of a program in the build cache: below a digest of 64 digits.
var cached = regexp.MustCompile(`[/\\][0-9a-f]{64}-d[/\\][^/\\]+$`)

// isOfGoRun reports whether `go run` built the program. The program is then in the build cache or
// in a temporary build directory.
func isOfGoRun(program string) bool {
	return cached.MatchString(program) ||
		strings.Contains(program, "go-build") && filepath.Base(filepath.Dir(program)) == "exe"
}

// untilParentChanges returns a context that ends when the process has another parent than now. The
// system gives an orphan another parent. It looks at each interval.
func untilParentChanges(
	ctx context.Context, parent func() int, interval time.Duration,
) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	first := parent()
	go func() {
		defer cancel()
		tick := time.NewTicker(interval)
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
