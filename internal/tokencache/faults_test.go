package tokencache_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tokenmint/tokenmint/internal/tokencache"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// dying is a table that a process cannot reach any more once it has the lease.
type dying struct{ tokencache.Store }

func (d dying) Save(ctx context.Context, _, _ string, _ tokencache.Record) error {
	<-ctx.Done()
	return ctx.Err()
}

func (d dying) Release(ctx context.Context, _, _ string) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestLeaseOfADeadInstanceIsTakenOver(t *testing.T) {
	t.Parallel()
	for _, skew := range []time.Duration{0, 30 * time.Second, -30 * time.Second} {
		t.Run(skew.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFleet(t)
				living := f.table
				f.table = dying{living}
				dead := f.instance(skew)
				f.table = living
				go func() { _, _ = dead.Get(t.Context(), parent, spec, f.mint) }()
				time.Sleep(50 * time.Millisecond) // it has the lease and mints
				start := time.Now()
				var wg sync.WaitGroup
				for range 10 {
					c := f.instance(0)
					wg.Go(func() { f.get(c, spec) })
				}
				wg.Wait()
				if took := time.Since(start); took < 3*time.Second || took > 6*time.Second {
					t.Errorf("taken over after %s", took)
				}
				if n := f.mints.Load(); n != 2 {
					t.Errorf("%d mints, want the dead one's and one more", n)
				}
				time.Sleep(10 * time.Second) // until the dead one gives up too
			})
		})
	}
}

// A panic does not end the instance. No request may wait for the one that panicked.
func TestPanicHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		c := f.instance(0)
		var wg sync.WaitGroup
		wg.Go(func() {
			defer func() { _ = recover() }()
			mint := func(context.Context, time.Time) (tokens.Temporary, error) {
				time.Sleep(f.takes)
				panic("a defect")
			}
			_, _ = c.Get(t.Context(), parent, spec, mint)
		})
		// While it mints, and after.
		for _, at := range []time.Duration{50 * time.Millisecond, time.Second} {
			wg.Go(func() {
				time.Sleep(at)
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				if _, err := c.Get(ctx, parent, spec, f.mint); err != nil {
					t.Errorf("asked after %s: %v", at, err)
				}
			})
		}
		wg.Wait()
	})
}

func TestLeaseThatWasLeftBehindLongAgoHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		living := f.table
		f.table = dying{living}
		dead := f.instance(0)
		f.table = living
		_, _ = dead.Get(t.Context(), parent, spec, f.mint)
		time.Sleep(2 * time.Minute)
		start := time.Now()
		f.get(f.instance(0), spec)
		if took := time.Since(start); took > time.Second {
			t.Errorf("a lease of two minutes ago held a request up for %s", took)
		}
	})
}

// broken is a table that does not answer, slowly or at once.
type broken struct {
	tokencache.Store
	after time.Duration
}

func (b broken) wait(ctx context.Context) error {
	select {
	case <-time.After(b.after):
		return errors.New("table: throttled")
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (b broken) Load(ctx context.Context, _ string) (tokencache.Record, error) {
	return tokencache.Record{}, b.wait(ctx)
}

func (b broken) Spend(ctx context.Context, _ tokencache.Spend) (int, error) {
	return 0, b.wait(ctx)
}

func TestWithoutATableAnInstanceGoesOnAloneWithinBounds(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]time.Duration{"throttled": 0, "slow": time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFleet(t)
				f.table = broken{f.table, after}
				c := f.instance(0)
				for range 100 {
					if got := f.get(c, spec); got.Token.Token.IsZero() {
						t.Fatal("no token")
					}
				}
				if n := f.mints.Load(); n != 1 {
					t.Errorf("%d mints for one key", n)
				}
				var spent int
				for i := range 100 {
					o := spec
					o.Scopes = []string{fmt.Sprintf("scope-%d:read", i)}
					if _, err := c.Get(t.Context(), parent, o, f.mint); err != nil {
						spent++
					}
				}
				// A sixteenth of 80 a minute, for as long as a slow table makes this take.
				if n := f.mints.Load(); n > 5*6 {
					t.Errorf("%d mints alone", n)
				}
				if spent == 0 {
					t.Error("nothing was refused")
				}
			})
		})
	}
}

func TestRecordsThatDoNotOpenAreAsGoodAsNone(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(r *tokencache.Record){
		"garbage":   func(r *tokencache.Record) { r.Sealed = []byte("garbage") },
		"empty":     func(r *tokencache.Record) { r.Sealed = []byte{} },
		"a bit off": func(r *tokencache.Record) { r.Sealed[len(r.Sealed)-1] ^= 1 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFleet(t)
				f.get(f.instance(0), spec)
				f.table = changing{f.table, func(r tokencache.Record) tokencache.Record {
					change(&r)
					return r
				}}
				if got := f.get(f.instance(0), spec); got.Source != tokencache.FromMint {
					t.Errorf("the token came from %s", got.Source)
				}
			})
		})
	}
}

// changing is a table that somebody has been at.
type changing struct {
	tokencache.Store
	change func(tokencache.Record) tokencache.Record
}

func (c changing) Load(ctx context.Context, key string) (tokencache.Record, error) {
	r, err := c.Store.Load(ctx, key)
	if r.Sealed == nil {
		return r, err
	}
	return c.change(r), err
}

// spying notes what goes into the table.
type spying struct {
	tokencache.Store
	mu   sync.Mutex
	keys []string
	last tokencache.Record
}

func (s *spying) Save(ctx context.Context, key, lease string, r tokencache.Record) error {
	s.mu.Lock()
	s.keys, s.last = append(s.keys, key), r
	s.mu.Unlock()
	return s.Store.Save(ctx, key, lease, r)
}

func TestTheTableAloneIsWorthNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		spy := &spying{Store: f.table}
		f.table = spy
		got := f.get(f.instance(0), spec)
		text := string(spy.last.Sealed) + spy.keys[0]
		for _, secret := range []string{got.Token.Token.Reveal(), "web-map", "styles"} {
			if strings.Contains(text, secret) {
				t.Error("the table tells a token or what it is for")
			}
		}
		// Another parent has another name for the same spec, and cannot open it under either.
		if _, err := f.instance(0).Get(t.Context(), other, spec, f.mint); err != nil {
			t.Fatal(err)
		}
		if f.mints.Load() != 2 || spy.keys[0] == spy.keys[1] {
			t.Error("a rotated parent uses what the one before has stored")
		}
		// A record that is moved under another key does not open there.
		moved := spec
		moved.Scopes = []string{"uploads:write"}
		f.table = changing{spy, func(tokencache.Record) tokencache.Record { return spy.last }}
		if got := f.get(f.instance(0), moved); got.Source != tokencache.FromMint {
			t.Error("a token was handed out for a spec that it does not fit")
		}
	})
}

// A refusal of an end that one caller asked for is not remembered. Otherwise it would refuse all
// callers.
func TestRefusedEndIsOnlyItsOwn(t *testing.T) {
	t.Parallel()
	for message, others := range map[string]bool{
		"expires is in the past": true, "": true, "scopes are invalid": false,
	} {
		for _, reuse := range []time.Duration{0, 30 * time.Minute} {
			synctest.Test(t, func(t *testing.T) {
				f := newFleet(t)
				c := f.instance(0)
				f.fail = func(context.Context) error {
					return &tokens.Error{Op: "create temporary token", Status: 422,
						Message: message, Outcome: tokens.OutcomeDidNotHappen}
				}
				o := spec
				o.Reuse, o.Expires = reuse, time.Now().Add(time.Millisecond)
				if _, err := c.Get(t.Context(), parent, o, f.mint); err == nil {
					t.Fatal("no error")
				}
				f.fail = nil
				o.Expires = time.Time{}
				if _, err := c.Get(t.Context(), parent, o, f.mint); (err == nil) != others {
					t.Errorf("%q, reuse %s: for others: %v", message, reuse, err)
				}
			})
		}
	}
}
