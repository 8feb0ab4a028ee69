package tokencache_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tokenmint/tokenmint/internal/tokencache"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

var (
	parent = tokens.NewToken("sk.parent-of-all.signature")
	other  = tokens.NewToken("sk.parent-of-none.signature")

	spec = tokencache.Spec{Digest: "digest", Profile: "web-map",
		Scopes: []string{"fonts:read", "styles:read"}, Lifetime: time.Hour, Reuse: 30 * time.Minute}
)

// fleet is instances of the mint over one table, and a Mapbox that counts.
type fleet struct {
	t     *testing.T
	table tokencache.Store
	mints atomic.Int64
	takes time.Duration                   // how long a mint takes
	fail  func(ctx context.Context) error // what a mint ends with, if not nil
}

func newFleet(t *testing.T) *fleet {
	return &fleet{t: t, table: tokencache.NewMemory(), takes: 100 * time.Millisecond}
}

// instance is one instance, with a clock that differs by skew.
func (f *fleet) instance(skew time.Duration) *tokencache.Cache {
	f.t.Helper()
	c, err := tokencache.New(tokencache.Config{
		Store: f.table, Budget: 80, Logger: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return time.Now().Add(skew) },
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return c
}

func (f *fleet) mint(ctx context.Context, expires time.Time) (tokens.Temporary, error) {
	n := f.mints.Add(1)
	select {
	case <-time.After(f.takes):
	case <-ctx.Done():
		return tokens.Temporary{}, ctx.Err()
	}
	if f.fail != nil {
		if err := f.fail(ctx); err != nil {
			return tokens.Temporary{}, err
		}
	}
	return tokens.Temporary{Token: tokens.NewToken(fmt.Sprintf("tk.number-%d.signature", n)),
		IssuedAt: time.Now(), Expires: expires}, nil
}

func (f *fleet) get(c *tokencache.Cache, o tokencache.Spec) tokencache.Result {
	f.t.Helper()
	got, err := c.Get(f.t.Context(), parent, o, f.mint)
	if err != nil {
		f.t.Fatal(err)
	}
	return got
}

func TestOneMintForAllWhoAskAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		var wg sync.WaitGroup
		seen := make([]tokencache.Result, 64)
		for i := range 8 {
			c := f.instance(0)
			for k := range 8 {
				wg.Go(func() { seen[8*i+k] = f.get(c, spec) })
			}
		}
		wg.Wait()
		for _, got := range seen {
			if !got.Token.Token.Equal(seen[0].Token.Token) {
				t.Error("two callers have two tokens")
			}
		}
		if n := f.mints.Load(); n != 1 {
			t.Errorf("%d mints", n)
		}
	})
}

// Only the request that minted says so, and only it knows the budget.
func TestWaitingRequestsAreServedFromMemory(t *testing.T) {
	t.Parallel()
	for _, reuse := range []time.Duration{spec.Reuse, time.Second} {
		synctest.Test(t, func(t *testing.T) {
			f := newFleet(t)
			c := f.instance(0)
			o := spec
			o.Reuse = reuse
			seen := make([]tokencache.Result, 16)
			var wg sync.WaitGroup
			for i := range seen {
				wg.Go(func() { seen[i] = f.get(c, o) })
			}
			wg.Wait()
			minted := 0
			for _, got := range seen {
				switch {
				case got.Source == tokencache.FromMint && got.BudgetKnown:
					minted++
				case got.Source != tokencache.FromMemory || got.BudgetKnown || got.BudgetLeft != 0:
					t.Errorf("source %s, budget known %t: %d", got.Source, got.BudgetKnown,
						got.BudgetLeft)
				}
			}
			if minted != 1 || f.mints.Load() != 1 {
				t.Errorf("%d results say minted, for %d mints", minted, f.mints.Load())
			}
		})
	}
}

// A request that waited for a mint that failed knows no budget either.
func TestWaitingRequestsShareARefusalWithoutItsBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		f.fail = func(context.Context) error { return errors.New("upstream fails") }
		c := f.instance(0)
		o := spec
		o.Expires = time.Now().Add(30 * time.Minute)
		var budgets atomic.Int64
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				got, err := c.Get(t.Context(), parent, o, f.mint)
				if err == nil {
					t.Error("no error")
				}
				if got.BudgetKnown {
					budgets.Add(1)
				}
			})
		}
		wg.Wait()
		if n := budgets.Load(); n > f.mints.Load() {
			t.Errorf("%d requests know a budget, for %d mints", n, f.mints.Load())
		}
	})
}

func TestSpecsThatDifferShareNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		c := f.instance(0)
		specs := []func(o *tokencache.Spec){
			func(*tokencache.Spec) {},
			func(o *tokencache.Spec) { o.Digest = "another" },
			func(o *tokencache.Spec) { o.Profile = "another" },
			func(o *tokencache.Spec) { o.Scopes = []string{"fonts:read"} },
			func(o *tokencache.Spec) { o.Scopes = []string{"fonts:readstyles:read"} },
			func(o *tokencache.Spec) { o.Expires = time.Now().Add(10 * time.Minute) },
			func(o *tokencache.Spec) { o.Expires = time.Now().Add(20 * time.Minute) },
		}
		for _, change := range specs {
			o := spec
			change(&o)
			f.get(c, o)
		}
		if n := f.mints.Load(); n != int64(len(specs)) {
			t.Errorf("%d mints for %d specs", n, len(specs))
		}
		own := spec
		own.Reuse = 0
		for range 3 {
			f.get(c, own)
		}
		if n := f.mints.Load(); n != int64(len(specs))+3 {
			t.Errorf("with reuse 0, %d mints for 3 requests", n-int64(len(specs)))
		}
	})
}

// Instances come and go, ask every second, and their clocks differ. Only the request that renews
// waits, and each window has one mint.
func TestRenewalIsAheadAndAlone(t *testing.T) {
	t.Parallel()
	for _, apart := range []time.Duration{0, 30 * time.Second} {
		t.Run(apart.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFleet(t)
				var waited, asked atomic.Int64
				f.get(f.instance(0), spec)
				ctx, cancel := context.WithTimeout(t.Context(), 4*spec.Reuse)
				defer cancel()
				var wg sync.WaitGroup
				for i := range 20 {
					wg.Go(func() {
						c := f.instance(apart * time.Duration(i) / 19)
						for n := 1; ctx.Err() == nil; n++ {
							if n%997 == 0 {
								// a new instance takes its place
								c = f.instance(apart * time.Duration(i) / 19)
							}
							start := time.Now()
							f.get(c, spec)
							asked.Add(1)
							if time.Since(start) > 0 {
								waited.Add(1)
							}
							time.Sleep(time.Second)
						}
					})
				}
				wg.Wait()
				// Tokens are renewed ahead of time, and clocks differ. So each window is a
				// little shorter.
				step := spec.Reuse - spec.Reuse/64 - apart
				if got, most := f.mints.Load(), int64(4*spec.Reuse/step)+1; got > most {
					t.Errorf("%d mints in four windows, want %d at most", got, most)
				}
				if got, most := waited.Load(), f.mints.Load(); got > most {
					t.Errorf("%d of %d requests waited for %d mints", got, asked.Load(), most)
				}
			})
		})
	}
}
