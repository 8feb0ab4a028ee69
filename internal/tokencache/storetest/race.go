package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/tokencache"
)

const racers = 64

// race runs do(0) to do(n-1) at the same time and returns their errors.
func race(n int, do func(int) error) []error {
	errs := make([]error, n)
	var running sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		running.Go(func() {
			<-start
			errs[i] = do(i)
		})
	}
	close(start)
	running.Wait()
	return errs
}

// winner returns the index of the only call that succeeded. It fails the test unless all other
// calls return ErrLost.
func winner(t *testing.T, errs []error) int {
	t.Helper()
	won := -1
	for i, err := range errs {
		switch {
		case err != nil:
			lost(t, err)
		case won >= 0:
			t.Fatalf("calls %d and %d both succeeded", won, i)
		default:
			won = i
		}
	}
	if won < 0 {
		t.Fatal("no call succeeded")
	}
	return won
}

func leaseOf(i int) string { return fmt.Sprintf("lease-%d", i) }

func raceFirst(t *testing.T, s tokencache.Store) {
	won := winner(t, race(racers, func(i int) error {
		return s.Lease(t.Context(), key, tokencache.Record{}, leaseOf(i), start, keep)
	}))
	expect(t, s, key, leased(tokencache.Record{}, leaseOf(won), start))
}

// raceNext races for a lease whose holder has died. All callers have seen the token and that lease.
func raceNext(t *testing.T, s tokencache.Store) {
	mint(t, s, key, one)
	must(t, s.Lease(t.Context(), key, one, "dead", two.Minted, keep))
	seen, now := load(t, s, key), two.Minted.Add(10*time.Second)
	won := winner(t, race(racers, func(i int) error {
		return s.Lease(t.Context(), key, seen, leaseOf(i), now, keep)
	}))
	expect(t, s, key, leased(one, leaseOf(won), now))
}

// raceSave lets the holder save while others take its lease over. Exactly one of them succeeds.
func raceSave(t *testing.T, s tokencache.Store) {
	must(t, s.Lease(t.Context(), key, tokencache.Record{}, leaseOf(0), start, keep))
	seen, now := load(t, s, key), start.Add(10*time.Second)
	won := winner(t, race(8, func(i int) error {
		if i == 0 {
			return s.Save(t.Context(), key, leaseOf(0), one)
		}
		return s.Lease(t.Context(), key, seen, leaseOf(i), now, keep)
	}))
	if won == 0 {
		expect(t, s, key, stored(one))
	} else {
		expect(t, s, key, leased(tokencache.Record{}, leaseOf(won), now))
	}
}

func raceBudget(t *testing.T, s tokencache.Store) {
	const limit = 80
	lefts := raceSpend(t, s, 200, func(i int) tokencache.Spend {
		return tokencache.Spend{Now: start, Limit: limit, Profile: fmt.Sprintf("profile-%d", i%3)}
	})
	for i, left := range lefts {
		if left != i {
			t.Fatalf("what was left: %v, want each number below %d once", lefts, limit)
		}
	}
	if len(lefts) != limit {
		t.Errorf("%d spends succeeded, want %d", len(lefts), limit)
	}
}

func raceProfile(t *testing.T, s tokencache.Store) {
	lefts := raceSpend(t, s, 100, func(i int) tokencache.Spend {
		if i%2 == 0 {
			return tokencache.Spend{Now: start, Limit: 80, Profile: "greedy", ProfileLimit: 20}
		}
		return tokencache.Spend{Now: start, Limit: 80, Profile: "modest", ProfileLimit: 40}
	})
	if len(lefts) != 60 {
		t.Errorf("%d spends succeeded, want 20 and 40", len(lefts))
	}
}

// raceSpend returns, sorted, how many mints each successful Spend left. It fails the test unless
// all other calls found the budget used up.
func raceSpend(t *testing.T, s tokencache.Store, n int, of func(int) tokencache.Spend) []int {
	t.Helper()
	left := make([]int, n)
	errs := race(n, func(i int) (err error) {
		left[i], err = s.Spend(t.Context(), of(i))
		return err
	})
	var lefts []int
	for i, err := range errs {
		if err == nil {
			lefts = append(lefts, left[i])
		} else if spent, ok := errors.AsType[*tokencache.SpentError](err); !ok ||
			!spent.Until.Equal(next) {
			t.Errorf("spend %d: %v, want a budget that is used up until %v", i, err, next)
		}
	}
	slices.Sort(lefts)
	return lefts
}
