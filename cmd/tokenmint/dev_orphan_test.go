package main

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestOrphanEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var parent atomic.Int64
		parent.Store(4711)
		ctx := untilParentChanges(t.Context(), func() int {
			return int(parent.Load())
		}, time.Second)
		time.Sleep(time.Hour)
		if ctx.Err() != nil {
			t.Error("the context ended although the parent runs")
		}
		parent.Store(1)
		time.Sleep(2 * time.Second)
		if ctx.Err() == nil {
			t.Error("the context goes on although the parent ended")
		}
	})
}

func TestProgramsOfGoRun(t *testing.T) {
	t.Parallel()
	digest := "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	for program, want := range map[string]bool{
		"/tmp/go-build2187787215/b001/exe/tokenmint":              true,
		"/home/ann/.cache/go-build/01/" + digest + "-d/tokenmint": true,
		"/cache/01/" + digest + "-d/tokenmint":                    true,
		"/usr/local/bin/tokenmint":                                false,
		"/home/ann/go/bin/tokenmint":                              false,
		"/home/ann/go-build/tokenmint":                            false,
	} {
		t.Run(program, func(t *testing.T) {
			if got := isOfGoRun(program); got != want {
				t.Errorf("%s: %t", program, got)
			}
		})
	}
}
