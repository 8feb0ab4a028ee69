package tokencache_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tokenmint/tokenmint/internal/tokencache"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

func refusedWith(status int, reset time.Duration) func(context.Context) error {
	return func(context.Context) error {
		return &tokens.Error{Op: "create temporary token", Status: status,
			Outcome: tokens.OutcomeDidNotHappen, RateLimitReset: time.Now().Add(reset)}
	}
}

func scoped(i int) tokencache.Spec {
	o := spec
	o.Scopes = []string{fmt.Sprintf("scope-%d:read", i)}
	return o
}

func TestBudgetOfAMinuteIsSharedByAllInstances(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		f.takes = 0
		var spent int
		for i := range 200 {
			_, err := f.instance(0).Get(t.Context(), parent, scoped(i), f.mint)
			if s, ok := errors.AsType[*tokencache.SpentError](err); ok {
				spent++
				if left := time.Until(s.Until); left <= 0 || left > time.Minute {
					t.Errorf("more in %s", left)
				}
			}
		}
		if f.mints.Load() != 80 || spent != 120 {
			t.Errorf("%d mints and %d refusals", f.mints.Load(), spent)
		}
		time.Sleep(time.Minute)
		f.get(f.instance(0), scoped(500))
	})
}

func TestGreedyProfileLeavesTheOthersTheirShare(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		f.takes = 0
		c := f.instance(0)
		for i := range 50 {
			greedy := scoped(i)
			greedy.Profile, greedy.Limit = "greedy", 20
			_, err := c.Get(t.Context(), parent, greedy, f.mint)
			if _, spent := errors.AsType[*tokencache.SpentError](err); spent != (i >= 20) {
				t.Fatalf("mint %d: %v", i, err)
			}
		}
		for i := range 60 {
			f.get(c, scoped(i))
		}
	})
}

func TestMapboxsLimitIsTheWholeFleets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		f.fail = refusedWith(429, 40*time.Second)
		if _, err := f.instance(0).Get(t.Context(), parent, scoped(1), f.mint); err == nil {
			t.Fatal("no error")
		}
		f.fail = nil
		_, err := f.instance(0).Get(t.Context(), parent, scoped(2), f.mint)
		s, ok := errors.AsType[*tokencache.SpentError](err)
		if !ok || time.Until(s.Until) > 40*time.Second || time.Until(s.Until) < 30*time.Second {
			t.Errorf("another instance: %v", err)
		}
		time.Sleep(41 * time.Second)
		f.get(f.instance(0), scoped(3))
	})
}

// What fails is bridged with a token past its time of use, as long as it lives a minute.
func TestStaleTokenIsServedWhileNoOtherIsToBeHad(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(ctx context.Context) error{
		"Mapbox fails":     refusedWith(500, 0),
		"Mapbox is slow":   func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
		"budget is closed": refusedWith(429, time.Minute),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFleet(t)
				c := f.instance(0)
				first := f.get(c, spec)
				f.fail = fail
				stale := 0
				for {
					time.Sleep(20 * time.Second)
					got, err := c.Get(t.Context(), parent, spec, f.mint)
					left := time.Until(first.Token.Expires)
					if err != nil {
						if left > 2*time.Minute {
							t.Fatalf("%s before the end: %v", left, err)
						}
						break
					}
					if !got.Token.Token.Equal(first.Token.Token) {
						t.Fatal("another token")
					}
					if left < time.Minute {
						t.Fatalf("handed out with %s left", left)
					}
					if got.Stale {
						stale++
					}
				}
				if stale < 50 {
					t.Errorf("%d stale answers", stale)
				}
				f.fail = nil
				time.Sleep(time.Minute)
				f.get(c, spec)
			})
		})
	}
}

// Another instance that holds nothing finds the stale token in the table.
func TestStaleTokenOfAnotherInstance(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		first := f.get(f.instance(0), spec)
		time.Sleep(spec.Reuse + time.Minute)
		f.fail = refusedWith(500, 0)
		got := f.get(f.instance(0), spec)
		if !got.Stale || !got.Token.Token.Equal(first.Token.Token) {
			t.Errorf("stale: %t", got.Stale)
		}
	})
}

// counting counts the calls to a table.
type counting struct {
	tokencache.Store
	leases, spends atomic.Int64
}

func (c *counting) Lease(
	ctx context.Context, key string, seen tokencache.Record, lease string, now, keep time.Time,
) error {
	c.leases.Add(1)
	return c.Store.Lease(ctx, key, seen, lease, now, keep)
}

func (c *counting) Spend(ctx context.Context, s tokencache.Spend) (int, error) {
	c.spends.Add(1)
	return c.Store.Spend(ctx, s)
}

// One caller who always asks for other scopes uses up the budget of its profile. It does not fill
// memory or the table.
func TestEverOtherScopesOfOneCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		f.takes = 0
		table := &counting{Store: f.table}
		f.table = table
		c := f.instance(0)
		for i := range 20_000 {
			o := scoped(i)
			o.Profile, o.Limit = "greedy", 10
			if _, err := c.Get(t.Context(), parent, o, f.mint); (err == nil) != (i < 10) {
				t.Fatalf("spec %d: %v", i, err)
			}
		}
		if f.mints.Load() != 10 || c.Held() > 10 || table.leases.Load() > 11 ||
			table.spends.Load() > 11 {
			t.Errorf("%d mints, %d tokens held, %d leases, %d questions to the ledger",
				f.mints.Load(), c.Held(), table.leases.Load(), table.spends.Load())
		}
		f.get(c, spec) // the others have theirs
	})
}

func TestWhatMapboxRefusedIsNotAskedForAgainAtOnce(t *testing.T) {
	t.Parallel()
	for _, reuse := range []time.Duration{0, 30 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			f := newFleet(t)
			c := f.instance(0)
			f.fail = refusedWith(422, 0)
			o := spec
			o.Reuse = reuse
			for range 100 {
				if _, err := c.Get(t.Context(), parent, o, f.mint); err == nil {
					t.Fatal("no error")
				}
			}
			if n := f.mints.Load(); n != 1 {
				t.Errorf("reuse %s: Mapbox was asked %d times", reuse, n)
			}
			f.fail = nil
			if _, err := c.Get(t.Context(), other, o, f.mint); err != nil {
				t.Errorf("reuse %s: another parent: %v", reuse, err)
			}
			time.Sleep(31 * time.Second)
			f.get(c, o)
		})
	}
}

func TestHeldTokensAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		f.takes = 0
		c, err := tokencache.New(tokencache.Config{Store: f.table, Budget: 1 << 30, Now: time.Now,
			Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 1200 {
			f.get(c, scoped(i))
		}
		if n := c.Held(); n > 1024 {
			t.Errorf("%d tokens are held", n)
		}
		f.fail = refusedWith(422, 0)
		for i := range 1200 {
			if _, err := c.Get(t.Context(), parent, scoped(10_000+i), f.mint); err == nil {
				t.Fatal("no error")
			}
		}
	})
}

func TestARequestThatLeavesDoesNotTakeTheOthersWithIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		c := f.instance(0)
		hasty, leave := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			_, err := c.Get(hasty, parent, spec, f.mint)
			done <- err
		}()
		time.Sleep(10 * time.Millisecond)
		patient := make(chan tokencache.Result)
		go func() { patient <- f.get(c, spec) }()
		synctest.Wait()
		leave()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("the hasty one: %v", err)
		}
		if got := <-patient; got.Token.Token.IsZero() {
			t.Error("the patient one has no token")
		}
		waiting, giveUp := context.WithTimeout(t.Context(), time.Millisecond)
		defer giveUp()
		go func() { _, _ = c.Get(t.Context(), parent, scoped(1), f.mint) }()
		synctest.Wait()
		_, err := c.Get(waiting, parent, scoped(1), f.mint)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("one whose time is over: %v", err)
		}
		time.Sleep(time.Second)
	})
}

func TestNewNeedsEverything(t *testing.T) {
	t.Parallel()
	if _, err := tokencache.New(tokencache.Config{}); err == nil {
		t.Error("a cache was made of nothing")
	}
}
