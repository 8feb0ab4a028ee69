package storetest

import (
	"reflect"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/tokencache"
)

// life takes a record through eight states, calls each after every change, and returns the states:
// empty, leased, token, leased again, released, leased again, another token, leased by a dead
// holder. A late Load may return any of the earlier ones.
func life(
	t *testing.T, s tokencache.Store, key string, each func(states []tokencache.Record),
) (states []tokencache.Record) {
	t.Helper()
	note := func() {
		states = append(states, load(t, s, key))
		each(states)
	}
	lease := func(name string, at time.Time) {
		t.Helper()
		must(t, s.Lease(t.Context(), key, states[len(states)-1], name, at, keep))
		note()
	}
	note()
	lease("first", start)
	must(t, s.Save(t.Context(), key, "first", one))
	note()
	lease("failed", start.Add(time.Minute))
	must(t, s.Release(t.Context(), key, "failed"))
	note()
	lease("second", two.Minted)
	must(t, s.Save(t.Context(), key, "second", two))
	note()
	lease("dead", two.Minted.Add(time.Minute))
	return states
}

// same reports whether two records show the same state. Lease compares the same two fields.
func same(a, b tokencache.Record) bool { return a.Minted.Equal(b.Minted) && a.Lease == b.Lease }

// oldViews checks, in each state, that a Lease with an earlier state fails and changes nothing. So
// a late read is harmless: at worst, the lease is refused.
func oldViews(t *testing.T, s tokencache.Store) {
	lose := func(states []tokencache.Record) {
		now := states[len(states)-1]
		for _, old := range states {
			if same(old, now) {
				continue
			}
			lost(t, s.Lease(t.Context(), key, old, "late", keep, keep))
			if got := load(t, s, key); !reflect.DeepEqual(got, now) {
				t.Fatal("a lease by an old state has changed the record")
			}
		}
	}
	if states := life(t, s, key, lose); len(states) != 8 {
		t.Fatalf("%d states", len(states))
	}
}

// raceOldViews races for the lease with all states, the first to the last. One caller gets the
// lease: one that has seen the last state.
func raceOldViews(t *testing.T, s tokencache.Store) {
	states := life(t, s, key, func([]tokencache.Record) {})
	last := states[len(states)-1]
	view := func(i int) tokencache.Record { return states[i%len(states)] }
	now := two.Minted.Add(time.Hour)
	won := winner(t, race(racers, func(i int) error {
		return s.Lease(t.Context(), key, view(i), leaseOf(i), now, keep)
	}))
	if !same(view(won), last) {
		t.Errorf("a caller that has seen state %d got the lease", won%len(states))
	}
	expect(t, s, key, leased(two, leaseOf(won), now))
}
