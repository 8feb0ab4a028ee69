// Package scale_test runs a fleet of instances of the mint through two hours of virtual time: the
// cache that the mint runs, unchanged, over one table and one Mapbox, both of which take their
// time. docs/internals/scale.md says what the model assumes and what came out.
package scale_test

import (
	"flag"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

var (
	full = flag.Bool("scale.full", false,
		"up to 10,000 instances and 20,000 requests a second: minutes instead of seconds")
	outageChart = flag.String("scale.outage.svg", "",
		"draw the upstream requests of an outage of the table into this `file`")
	chart = flag.String("scale.svg", "",
		"draw the upstream requests of the run in which clocks agree into this `file`")
)

// small is a run that every `go test` can afford: as long, so that it has as many windows, but with
// few instances.
var small = model{instances: 100, every: 2 * time.Second, batch: 1, lasts: 2 * time.Hour, seed: 1}

// large is the run that docs/internals/scale.md reports.
var large = model{instances: 2000, every: 500 * time.Millisecond, batch: 5,
	lasts: 2 * time.Hour, seed: 1}

// largeApart has as many instances with a tenth of the requests: how often an instance asks hardly
// matters to the others.
var largeApart = model{
	instances: 2000, every: time.Second, batch: 1, lasts: 2 * time.Hour, seed: 1,
	clocksApart: 30 * time.Second,
}

func skipIfShort(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("seconds of a processor")
	}
}

func TestScale(t *testing.T) {
	skipIfShort(t)
	t.Parallel()
	agree, apart := small, small
	apart.clocksApart = largeApart.clocksApart
	if *full {
		agree, apart = large, largeApart
	}
	var runs []figures
	for _, m := range []model{agree, apart} {
		t.Run(m.clocks(), func(t *testing.T) {
			var f figures
			synctest.Test(t, func(t *testing.T) { f = m.run(t) })
			f.check(t)
			runs = append(runs, f)
		})
	}
	if len(runs) < 2 {
		return // -run has chosen one of them
	}
	t.Logf("\n%s\n%s", besides(&runs[0]), details(runs))
	if *chart == "" {
		return
	}
	if err := os.WriteFile(*chart, []byte(draw(&runs[0])), 0o600); err != nil {
		t.Error(err)
	}
}

// check holds a run to what the mint promises.
func (f *figures) check(t *testing.T) {
	t.Helper()
	for i, p := range profiles {
		// Clocks that differ shorten a window by as much: the first to see its end renews. If its
		// clock is ahead of Mapbox's, the token is asked for a minute shorter besides.
		shorter := f.clocksApart
		if shorter > 0 {
			shorter += time.Minute
		}
		most := 1.02 * float64(reuse) / float64(reuse-shorter)
		if got := f.mintsPerWindow(i); got < 0.98 || got > most {
			t.Errorf("%s: %.3f mints a window, want 0.98 to %.3f", p.spec.Profile, got, most)
		}
	}
	calls := 1 // for a mint; a clock that is ahead of Mapbox's costs another
	if f.clocksApart > 0 {
		calls = 2
	}
	if f.shared.asked > calls*f.mints() {
		t.Errorf("%d upstream requests for %d tokens", f.shared.asked, f.mints())
	}
	if peak := slices.Max(f.shared.byMinute); peak > budget {
		t.Errorf("%d mints in a minute, the budget is %d", peak, budget)
	}
	if f.shared.refused != 0 || f.refused != 0 {
		t.Errorf("Mapbox refused %d mints, and the cache %d requests", f.shared.refused, f.refused)
	}
	if w := f.waits[otherMint][tokenThere]; w.count != 0 {
		t.Errorf("%d requests waited for more than the table, up to %s, while a token was there",
			w.count, w.longest)
	}
	if w := f.waits[lookUp][tokenThere]; w.longest > longestLookUp {
		t.Errorf("a look at the table took %s", w.longest)
	}
	w := f.waits[ownMint][tokenThere]
	if w.longest > time.Duration(calls)*slowestMint+longestLookUp {
		t.Errorf("a renewal took %s", w.longest)
	}
	if least := lifetime - reuse - f.clocksApart; f.shortest < least || f.longest > lifetime {
		t.Errorf("tokens had %s to %s left, want %s to %s", f.shortest, f.longest, least, lifetime)
	}
	if f.shared.asked >= f.own.asked || f.own.asked >= f.each.asked || f.each.asked != f.requests {
		t.Errorf("upstream requests: shared %d, per instance %d, each %d", f.shared.asked,
			f.own.asked, f.each.asked)
	}
}
