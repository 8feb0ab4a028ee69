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

// race runs do for every number below n at once, and returns the errors.
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

// winner fails the test unless one has won and all others have lost.
func winner(t *testing.T, errs []error) int {
	t.Helper()
	won := -1
	for i, err := range errs {
		switch {
		case err != nil:
			lost(t, err)
		case won >= 0:
			t.Fatalf("both %d and %d have won", won, i)
		default:
			won = i
		}
	}
	if won < 0 {
		t.Fatal("nobody has won")
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

// raceNext: the token is there, a holder has died, and all have seen both.
func raceNext(t *testing.T, s tokencache.Store) {
	mint(t, s, key, one)
	must(t, s.Lease(t.Context(), key, one, "dead", two.Minted, keep))
	seen, now := load(t, s, key), two.Minted.Add(10*time.Second)
	won := winner(t, race(racers, func(i int) error {
		return s.Lease(t.Context(), key, seen, leaseOf(i), now, keep)
	}))
	expect(t, s, key, leased(one, leaseOf(won), now))
}

// raceSave: the holder saves, while those who think it dead take the lease over. Either way one
// token comes of it.
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

// raceSpend returns what each spend that succeeded has left, in order; every other must have found
// the budget spent.
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
			t.Errorf("spend %d: %v, want a budget that is spent until %v", i, err, next)
		}
	}
	slices.Sort(lefts)
	return lefts
}
