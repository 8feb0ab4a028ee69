package scale_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// scenario is a run that is about one thing, and what it is held to.
type scenario struct {
	name  string
	large bool // only with -scale.full
	model
	check func(t *testing.T, f *figures)
}

// requestLimit is how long the mint lets a request take.
const requestLimit = 10 * time.Second

// charted is the outage that is drawn.
const charted = "2,000, told"

// gone is the time without a table, or Mapbox, of most scenarios.
var gone = outage{0, 10 * time.Minute}

// crowds are many instances that want the same tokens at the same time: some that start, and some
// whose parent has changed.
var crowds = []scenario{
	{"1,000 start at the same moment", false, model{instances: 1000, together: true}, crowded},
	{"3,000 start within half a second", true, model{instances: 3000}, crowded},
	{"10,000 start at Lambda's rate", true, model{
		instances: 10_000, perSec: 100, lasts: 3 * time.Minute, every: 2 * time.Second,
	}, crowded},
	{"10,000 start at Lambda's rate, told", true, model{
		instances: 10_000, known: 10_000, perSec: 100, lasts: 3 * time.Minute,
		every: 2 * time.Second,
	}, crowded},
	{"10,000 start within half a second, told", true, model{
		instances: 10_000, known: 10_000,
	}, crowded},
	{"10,000 start at the same moment, told", true, model{
		instances: 10_000, known: 10_000, together: true,
	}, crowded},
	{"10,000 start at the same moment, not told", true, model{
		instances: 10_000, together: true,
	}, overcrowded},
	{"the parent is rotated under 10,000, told", true, model{
		instances: 10_000, known: 10_000, perSec: 100, reparent: 3 * time.Minute,
		lasts: 9 * time.Minute, every: 5 * time.Second,
	}, crowded},
	{"all 10,000 read the new parent at the same moment, told", true, model{
		instances: 10_000, known: 10_000, reparent: 30 * time.Second,
	}, crowded},
	{"1,000 run for two hours", true, model{
		instances: 1000, lasts: 2 * time.Hour, every: time.Minute,
	}, windows},
	{"10,000 run for two hours, told", true, model{
		instances: 10_000, known: 10_000, perSec: 100, lasts: 2 * time.Hour,
		every: 20 * time.Second,
	}, windows},
	{"Mapbox is gone, 200", false, model{
		instances: 200, noMapbox: outage{0, 2 * time.Minute},
		lasts: 4 * time.Minute, every: 2 * time.Second,
	}, returned},
	{"Mapbox is gone for 90 minutes, 10,000, told", true, model{
		instances: 10_000, known: 10_000, noMapbox: outage{time.Minute, 91 * time.Minute},
		lasts: 94 * time.Minute, every: 2 * time.Minute,
	}, returned},
}

// warm is an outage that begins when all instances have tokens.
var warm = outage{5 * time.Minute, 15 * time.Minute}

// outages are fleets without a table for ten minutes.
var outages = []scenario{
	{"16, not told", false, model{instances: 16}, allServed},
	{"16, told", false, model{instances: 16, known: 16}, allServed},
	{"100, told", false, model{instances: 100, known: 100}, bounded},
	{charted, true, model{instances: 2000, known: 2000}, bounded},
	{"2,000, told that they are 1,000", true, model{instances: 2000, known: 1000}, nearlyBounded},
	{"2,000, told, with tokens from before", true,
		model{instances: 2000, known: 2000, noTable: warm}, bounded},
	{"2,000, not told, with tokens from before", true, model{instances: 2000, noTable: warm},
		normalAgain},
	{"2,000, told, silent table", true, model{instances: 2000, known: 2000, silent: true}, bounded},
	{"10,000, told", true, model{instances: 10_000, known: 10_000}, bounded},
	{"100, not told", false, model{instances: 100}, normalAgain},
	{"2,000, not told", true, model{instances: 2000}, normalAgain},
}

func TestCrowds(t *testing.T) {
	skipIfShort(t)
	t.Parallel()
	for _, s := range crowds {
		s.every = max(s.every, 500*time.Millisecond)
		s.lasts = max(s.lasts, time.Minute)
		s.play(t, func(t *testing.T, f *figures) {
			t.Logf("%d calls to Mapbox, %d mints, %d of %d requests refused, longest wait %s",
				f.shared.asked, f.mints(), f.refused, f.requests, f.longestWait())
			t.Logf("%d reads and %d writes of a key in a second, %d calls throttled",
				f.keyPeak.reads, f.keyPeak.writes/2, f.throttled)
			if f.noMapbox != (outage{}) {
				t.Logf("calls by the minute: %v", f.shared.byMinute)
				return
			}
			checkRow(t, s.name, float64(f.shared.asked), float64(f.refused),
				f.longestWait().Seconds(), float64(f.keyPeak.reads), float64(f.keyPeak.writes/2),
				float64(f.throttled))
		})
	}
}

func TestWithoutTheTable(t *testing.T) {
	skipIfShort(t)
	t.Parallel()
	for _, s := range outages {
		if s.noTable == (outage{}) {
			s.noTable = gone
		}
		s.every, s.lasts = 10*time.Second, s.noTable.to+3*time.Minute
		s.rotates = s.noTable.to - 270*time.Second
		s.play(t, func(t *testing.T, f *figures) {
			var minutes strings.Builder
			for minute := range int(s.lasts / time.Minute) {
				fmt.Fprintf(&minutes, " %d (%.1f %%)",
					f.shared.byMinute[minute], 100*f.served(minute))
			}
			t.Logf("%d calls to Mapbox, %d refused, %d of %d requests refused, rotation in %s",
				f.shared.asked, f.shared.refused, f.refused, f.requests, f.rotation)
			t.Logf("longest wait %s, calls and served by the minute:%s", f.longestWait(), &minutes)
			out := f.shared.byMinute[s.noTable.from/time.Minute : s.noTable.to/time.Minute]
			checkRow(t, s.name, float64(out[0]), float64(slices.Max(out[1:])),
				float64(f.shared.refused), 100-100*float64(f.refused)/float64(f.requests))
			if s.name == charted {
				checkMinutes(t, f)
			}
		})
	}
}

// checkMinutes prints the outage minute by minute, compares it with docs/internals/scale.md, and
// draws it.
func checkMinutes(t *testing.T, f *figures) {
	t.Helper()
	t.Logf("\n%s", byTheMinute(f))
	for minute := range int(f.noTable.to/time.Minute) + 1 {
		checkRow(t, fmt.Sprint(minute+1), float64(before.calls[minute]),
			float64(f.shared.byMinute[minute]), 100*before.served[minute], 100*f.served(minute),
			100*possible(f, minute))
	}
	if *outageChart != "" {
		if err := os.WriteFile(*outageChart, []byte(drawOutage(f)), 0o600); err != nil {
			t.Error(err)
		}
	}
}

func (s scenario) play(t *testing.T, report func(t *testing.T, f *figures)) {
	t.Run(s.name, func(t *testing.T) {
		if s.large && !*full {
			t.Skip("only with -scale.full")
		}
		s.patience, s.seed, s.steady, s.batch = requestLimit, 1, true, 1
		var f figures
		synctest.Test(t, func(t *testing.T) { f = s.run(t) })
		report(t, &f)
		s.check(t, &f)
	})
}

// crowded: one mint for each key, no limit is reached, and nobody waits for long.
func crowded(t *testing.T, f *figures) {
	t.Helper()
	overcrowded(t, f)
	if f.longestWait() > 2*time.Second {
		t.Errorf("a request waited %s", f.longestWait())
	}
	most := use{2 * partitionReads, 2 * partitionWrites}
	if f.throttled > 0 || f.keyPeak.reads > most.reads || f.keyPeak.writes > most.writes {
		t.Errorf("%d calls throttled; at most %d half units of reads of a key, %d of writes",
			f.throttled, f.keyPeak.reads, f.keyPeak.writes)
	}
}

// windows: one mint for each key and window.
func windows(t *testing.T, f *figures) {
	t.Helper()
	for i, p := range profiles {
		if got := f.mintsPerWindow(i); got > 1.05 {
			t.Errorf("%s: %.3f mints a window", p.spec.Profile, got)
		}
	}
	if f.refused+f.shared.refused+f.throttled > 0 || f.longestWait() > 2*time.Second {
		t.Errorf("%d requests refused, %d by Mapbox, longest wait %s, %d throttled",
			f.refused, f.shared.refused, f.longestWait(), f.throttled)
	}
}

// overcrowded: limits are reached, and yet nothing is refused nor minted twice.
func overcrowded(t *testing.T, f *figures) {
	t.Helper()
	keys := len(profiles)
	if f.reparent > 0 {
		keys *= 2
	}
	if f.shared.asked != keys || f.refused > 0 {
		t.Errorf("%d calls to Mapbox for %d keys, %d requests refused: %v",
			f.shared.asked, keys, f.refused, f.refusal)
	}
}

// returned: once Mapbox is back, everybody has a token in the next minute.
func returned(t *testing.T, f *figures) {
	t.Helper()
	back := int(f.noMapbox.to / time.Minute)
	for minute, calls := range f.shared.byMinute[back:] {
		if calls > 120 {
			t.Errorf("minute %d after the return: %d calls", minute, calls)
		}
	}
	if got := f.served(back + 1); got < 1 {
		t.Errorf("%.3f of the requests are served in the second minute after the return", got)
	}
}

func allServed(t *testing.T, f *figures) {
	t.Helper()
	normalAgain(t, f)
	if f.refused > 0 || f.shared.refused > 0 {
		t.Errorf("%d requests refused, and %d by Mapbox: %v",
			f.refused, f.shared.refused, f.refusal)
	}
}

// bounded: Mapbox has little more to do than it allows, and a rotation finds room.
func bounded(t *testing.T, f *figures) {
	t.Helper()
	nearlyBounded(t, f)
	if most := slices.Max(f.shared.byMinute[1:]); most > 120 {
		t.Errorf("%d calls to Mapbox in a later minute", most)
	}
	if f.rotation == 0 || f.rotation > 3*time.Minute {
		t.Errorf("the rotation took %s", f.rotation)
	}
}

// nearlyBounded: the mint has half the number of its instances. Mapbox refuses, but is not flooded.
func nearlyBounded(t *testing.T, f *figures) {
	t.Helper()
	normalAgain(t, f)
	if most := slices.Max(f.shared.byMinute); most > 300 {
		t.Errorf("%d calls to Mapbox in a minute", most)
	}
}

// normalAgain: a minute after the table is back, everybody is served.
func normalAgain(t *testing.T, f *figures) {
	t.Helper()
	if got := f.served(int(f.noTable.to/time.Minute) + 1); got < 1 {
		t.Errorf("%.3f of the requests are served in the second minute after the return", got)
	}
}
