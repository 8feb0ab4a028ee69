package tokencache_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tokenmint/tokenmint/internal/tokencache"
)

// late is a table whose reads return what any of its writes has left, at random, and whose keys it
// counts.
type late struct {
	tokencache.Store
	mu   sync.Mutex
	past map[string][]tokencache.Record
	uses map[string]int
}

func newLate(s tokencache.Store) *late {
	return &late{Store: s, past: map[string][]tokencache.Record{}, uses: map[string]int{}}
}

func (l *late) note(ctx context.Context, key string, err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.uses[key]++
	if err == nil {
		record, _ := l.Store.Load(ctx, key)
		l.past[key] = append(l.past[key], record)
	}
	return err
}

func (l *late) Load(_ context.Context, key string) (tokencache.Record, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.uses[key]++
	versions := l.past[key]
	if n := rand.IntN(len(versions) + 1); n < len(versions) {
		return versions[n], nil
	}
	return tokencache.Record{}, nil
}

func (l *late) Lease(
	ctx context.Context, key string, seen tokencache.Record, lease string, now, keep time.Time,
) error {
	return l.note(ctx, key, l.Store.Lease(ctx, key, seen, lease, now, keep))
}

func (l *late) Save(ctx context.Context, key, lease string, r tokencache.Record) error {
	return l.note(ctx, key, l.Store.Save(ctx, key, lease, r))
}

func (l *late) Release(ctx context.Context, key, lease string) error {
	return l.note(ctx, key, l.Store.Release(ctx, key, lease))
}

// crowd is many instances, which know how many they are.
func (f *fleet) crowd(n, known int) []*tokencache.Cache {
	f.t.Helper()
	var crowd []*tokencache.Cache
	for range n {
		c, err := tokencache.New(tokencache.Config{
			Store: f.table, Budget: 80, Instances: known, Now: time.Now,
			Logger: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			f.t.Fatal(err)
		}
		crowd = append(crowd, c)
	}
	return crowd
}

// However old what is read is, nobody mints a second token: who would, finds the lease taken.
func TestLateReadsMintNothing(t *testing.T) {
	t.Parallel()
	for _, known := range []int{0, 10_000} {
		t.Run(fmt.Sprint(known), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFleet(t)
				f.table = newLate(f.table)
				crowd := f.crowd(50, known)
				for window := range 3 {
					var wg sync.WaitGroup
					for _, c := range crowd {
						wg.Go(func() { f.get(c, spec) })
					}
					wg.Wait()
					if n := f.mints.Load(); n != int64(window)+1 {
						t.Fatalf("%d mints in %d windows", n, window+1)
					}
					time.Sleep(spec.Reuse + time.Second)
				}
			})
		})
	}
}

// Each key is used by a part of the crowd only, and the record's own by fewer still.
func TestCrowdReadsDifferentKeys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		table := newLate(f.table)
		f.table = inTime{table}
		var wg sync.WaitGroup
		for _, c := range f.crowd(1000, 10_000) {
			wg.Go(func() { f.get(c, spec) })
		}
		wg.Wait()
		if f.mints.Load() != 1 || len(table.uses) != 21 {
			t.Errorf("%d mints, %d keys, want 1 and 21", f.mints.Load(), len(table.uses))
		}
		for key, n := range table.uses {
			most := 400 // the fiftieth part of them looks some times
			if !strings.Contains(key, "#") {
				most = 120 // twenty
			}
			if n > most {
				t.Errorf("key %s was used %d times", key, n)
			}
		}
	})
}

// inTime reads what the last write left, and counts.
type inTime struct{ *late }

func (i inTime) Load(ctx context.Context, key string) (tokencache.Record, error) {
	_, _ = i.late.Load(ctx, key)
	return i.Store.Load(ctx, key)
}

// throttling is a table that throttles until a time, and for good what it is told to.
type throttling struct {
	tokencache.Store
	until             time.Time
	load, save, spend bool // for ever
	takes             time.Duration
	saves             int
}

func (s *throttling) isBusy(always bool) error {
	if always || time.Now().Before(s.until) {
		return fmt.Errorf("load: %w", tokencache.ErrThrottled)
	}
	return nil
}

func (s *throttling) Load(ctx context.Context, key string) (tokencache.Record, error) {
	if err := s.isBusy(s.load); err != nil {
		return tokencache.Record{}, err
	}
	return s.Store.Load(ctx, key)
}

func (s *throttling) Lease(
	ctx context.Context, key string, seen tokencache.Record, lease string, now, keep time.Time,
) error {
	if err := s.isBusy(false); err != nil {
		return err
	}
	return s.Store.Lease(ctx, key, seen, lease, now, keep)
}

func (s *throttling) Save(ctx context.Context, key, lease string, r tokencache.Record) error {
	if s.saves++; s.save && s.saves <= 3 {
		return tokencache.ErrThrottled
	}
	return s.Store.Save(ctx, key, lease, r)
}

func (s *throttling) Spend(ctx context.Context, spend tokencache.Spend) (int, error) {
	select {
	case <-time.After(s.takes):
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	if err := s.isBusy(s.spend); err != nil {
		return 0, err
	}
	return s.Store.Spend(ctx, spend)
}

// A table that has too much to do is there: everybody waits, and one mints.
func TestThrottledIsNotGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		f.table = &throttling{Store: f.table, until: time.Now().Add(3 * time.Second), save: true}
		start := time.Now()
		var wg sync.WaitGroup
		for _, c := range f.crowd(50, 0) {
			wg.Go(func() { f.get(c, spec) })
		}
		wg.Wait()
		if n, took := f.mints.Load(), time.Since(start); n != 1 || took > 8*time.Second {
			t.Errorf("%d mints after %s", n, took)
		}
	})
}

func TestThrottledForLongerThanACallerWaits(t *testing.T) {
	t.Parallel()
	for name, table := range map[string]throttling{
		"reads":       {load: true},
		"ledger":      {spend: true},
		"slow ledger": {spend: true, takes: 350 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFleet(t)
				table.Store = f.table
				f.table = &table
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				start := time.Now()
				_, err := f.instance(0).Get(ctx, parent, spec, f.mint)
				if took := time.Since(start); took < 9*time.Second {
					t.Errorf("gave up after %s", took)
				}
				unshared, ok := errors.AsType[*tokencache.UnsharedError](err)
				if !ok || !errors.Is(err, tokencache.ErrThrottled) || f.mints.Load() != 0 {
					t.Fatalf("%d mints, %v", f.mints.Load(), err)
				}
				if left := time.Until(unshared.Until); left <= 0 || left > 10*time.Second {
					t.Errorf("come again in %s", left)
				}
			})
		})
	}
}

// Whoever has a token serves it while the table is busy, and waits for nothing.
func TestThrottledServesWhatIsThere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		table := &throttling{Store: f.table}
		f.table = table
		c := f.instance(0)
		f.get(c, spec)
		table.load = true
		for _, after := range []time.Duration{spec.Reuse - 5*time.Second, time.Minute} {
			time.Sleep(after)
			start, stale := time.Now(), after == time.Minute
			got := f.get(c, spec)
			if got.Stale != stale || time.Since(start) > 0 || f.mints.Load() != 1 {
				t.Errorf("stale %t, want %t, after %s and %d mints",
					got.Stale, stale, time.Since(start), f.mints.Load())
			}
		}
	})
}
