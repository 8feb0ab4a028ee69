package tokencache_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tokenmint/tokenmint/internal/tokencache"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// limited is a Mapbox that takes a hundred calls a minute, and counts them.
type limited struct {
	*fleet
	resets time.Time
	used   int
	calls  int
}

func (l *limited) mint(ctx context.Context, expires time.Time) (tokens.Temporary, error) {
	now := time.Now()
	if !now.Before(l.resets) {
		l.resets, l.used = now.Truncate(time.Second).Add(time.Minute), 0
	}
	if l.calls++; l.used >= 100 {
		return tokens.Temporary{}, &tokens.Error{
			Status: 429, RateLimitReset: l.resets, Outcome: tokens.OutcomeDidNotHappen,
		}
	}
	l.used++
	return l.fleet.mint(ctx, expires)
}

// minutes has every instance asked once a minute, and returns the calls to Mapbox by the minute and
// how many got a token at last.
func (l *limited) minutes(crowd []*tokencache.Cache, n int) (calls []int, served int) {
	for range n {
		before := l.calls
		served = 0
		for _, c := range crowd {
			if _, err := c.Get(l.t.Context(), parent, spec, l.mint); err == nil {
				served++
			}
		}
		time.Sleep(time.Minute)
		calls = append(calls, l.calls-before)
	}
	return calls, served
}

// Without a table, as many instances as there may be mint no more than the budget together, a few
// at once and many one after another. Where nobody has said how many there are, each learns of
// Mapbox's limit by one refusal.
func TestWithoutATableInstancesMintWithinTheBudget(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		instances, known int
		first, later     int // calls a minute, at most
		served           int // after ten minutes, at least
	}{
		"a few":                {16, 16, 16, 0, 16},
		"a few, not known":     {16, 0, 16, 0, 16},
		"as many as mints":     {80, 80, 80, 0, 80},
		"many":                 {2000, 2000, 120, 120, 650},
		"many, but not known":  {2000, 0, 2000, 1000, 650},
		"fewer than there may": {16, 2000, 5, 5, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFleet(t)
				f.takes, f.table = 0, broken{f.table, 0}
				l := &limited{fleet: f}
				calls, served := l.minutes(f.crowd(c.instances, c.known), 10)
				t.Logf("calls by the minute %v, %d of %d served", calls, served, c.instances)
				for minute, n := range calls {
					if minute == 0 && n > c.first || minute > 0 && n > c.later {
						t.Errorf("minute %d: %d calls, want %d at most, and %d later",
							minute, n, c.first, c.later)
					}
				}
				if served < c.served {
					t.Errorf("%d are served, want %d at least", served, c.served)
				}
			})
		})
	}
}

// After a 429 an instance does not ask before the reset, and asks ever more rarely while Mapbox
// refuses.
func TestAloneAndRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		f.takes, f.table = 0, broken{f.table, 0}
		f.fail = refusedWith(429, 45*time.Second)
		c := f.instance(0)
		var asked []time.Time
		for len(asked) < 6 {
			before := f.mints.Load()
			_, err := c.Get(t.Context(), parent, spec, f.mint)
			if f.mints.Load() > before {
				asked = append(asked, time.Now())
			} else if unshared, ok := errors.AsType[*tokencache.UnsharedError](err); !ok ||
				!unshared.Until.After(time.Now()) {
				t.Fatalf("error is %v", err)
			}
			time.Sleep(time.Second)
		}
		for i := range asked[1:] {
			gap, least := asked[i+1].Sub(asked[i]), 45*time.Second
			if gap < least || gap > least+time.Second+4*time.Minute<<i {
				t.Errorf("after refusal %d asked again in %s", i+1, gap)
			}
		}
		f.fail = nil
		time.Sleep(3 * time.Hour)
		f.get(c, spec)
	})
}

// A table that does not answer holds one request up, and not each. When it is back, it is used
// within seconds.
func TestSilentTableHoldsOneRequestUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		living := f.table
		silent := &switched{Store: living, broken: broken{living, time.Hour}}
		silent.off = true
		f.table = silent
		c, start := f.instance(0), time.Now()
		for i := range 5 {
			f.get(c, scoped(i))
		}
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("five requests took %s", took)
		}
		silent.off = false
		time.Sleep(5 * time.Second)
		f.get(c, scoped(10))
		if got := f.get(f.instance(0), scoped(10)); got.Source != tokencache.FromTable {
			t.Errorf("the token came from %s", got.Source)
		}
	})
}

// A caller who waits for less than the table may take gets the token that is there, also a stale
// one.
func TestImpatientCallerGetsAStaleToken(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]func(f *fleet, s *switched){
		"silent table": func(_ *fleet, s *switched) { s.off = true },
		"slow Mapbox": func(f *fleet, _ *switched) {
			f.takes = 10 * time.Second
			c := f.instance(0)
			go func() { _, _ = c.Get(f.t.Context(), parent, spec, f.mint) }()
			time.Sleep(100 * time.Millisecond) // it has the lease
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFleet(t)
				table := &switched{Store: f.table, broken: broken{f.table, time.Hour}}
				f.table = table
				c := f.instance(0)
				f.get(c, spec)
				time.Sleep(spec.Reuse + time.Second)
				after(f, table)
				ctx, cancel := context.WithTimeout(t.Context(), 900*time.Millisecond)
				defer cancel()
				if got, err := c.Get(ctx, parent, spec, f.mint); err != nil || !got.Stale {
					t.Errorf("stale %t, %v", got.Stale, err)
				}
				time.Sleep(time.Minute) // until the other one gives up
			})
		})
	}
}

// switched is a table that can be off.
type switched struct {
	tokencache.Store
	broken broken
	off    bool
}

func (s *switched) Load(ctx context.Context, key string) (tokencache.Record, error) {
	if s.off {
		return s.broken.Load(ctx, key)
	}
	return s.Store.Load(ctx, key)
}

// One caller who asks for ever other scopes gets out of an instance what it allows itself, and no
// more for there being no table, one that throttles, or one that comes and goes.
func TestEverOtherScopesAlone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		known, most int // mints in ten minutes
		table       func(f *fleet) tokencache.Store
	}{
		"gone, not known": {0, 50, func(f *fleet) tokencache.Store { return broken{f.table, 0} }},
		"gone, one":       {1, 50, func(f *fleet) tokencache.Store { return broken{f.table, 0} }},
		"gone, many":      {2000, 1, func(f *fleet) tokencache.Store { return broken{f.table, 0} }},
		"throttled": {0, 0, func(f *fleet) tokencache.Store {
			return &throttling{Store: f.table, load: true, spend: true}
		}},
		"ledger gone": {0, 50, func(f *fleet) tokencache.Store { return noLedger{f.table} }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFleet(t)
				f.takes, f.table = 0, c.table(f)
				instance := f.crowd(1, c.known)[0]
				for i, start := 0, time.Now(); time.Since(start) < 10*time.Minute; i++ {
					ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
					own := scoped(i)
					own.Reuse *= time.Duration(i % 2) // every second one is not shared at all
					_, _ = instance.Get(ctx, parent, own, f.mint)
					cancel()
					time.Sleep(time.Second)
				}
				if n := f.mints.Load(); n > int64(c.most) {
					t.Errorf("%d mints, want %d at most", n, c.most)
				}
			})
		})
	}
}

// noLedger is a table of which the ledger fails.
type noLedger struct{ tokencache.Store }

func (noLedger) Spend(context.Context, tokencache.Spend) (int, error) {
	return 0, errors.New("ledger cannot be read")
}
