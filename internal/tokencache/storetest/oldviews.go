package storetest

import (
	"reflect"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/tokencache"
)

// life leads a record through its states: nothing, a lease, a token, a lease on it, none again,
// another lease, another token, and a lease whose holder is thought dead. It returns each of them,
// as a Load that is late may.
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

// same tells whether two views are of one state: there is no other way to be given the lease.
func same(a, b tokencache.Record) bool { return a.Minted.Equal(b.Minted) && a.Lease == b.Lease }

// oldViews: in every state, whoever has seen any state before it loses, and changes nothing. So a
// read may be late: the worst that comes of it is a lease that is not given.
func oldViews(t *testing.T, s tokencache.Store) {
	lose := func(states []tokencache.Record) {
		now := states[len(states)-1]
		for _, old := range states {
			if same(old, now) {
				continue
			}
			lost(t, s.Lease(t.Context(), key, old, "late", keep, keep))
			if got := load(t, s, key); !reflect.DeepEqual(got, now) {
				t.Fatal("a late view has changed the record")
			}
		}
	}
	if states := life(t, s, key, lose); len(states) != 8 {
		t.Fatalf("%d states", len(states))
	}
}

// raceOldViews: of many who have seen anything from the first state to the last, one gets the
// lease, and has seen the last.
func raceOldViews(t *testing.T, s tokencache.Store) {
	states := life(t, s, key, func([]tokencache.Record) {})
	last := states[len(states)-1]
	view := func(i int) tokencache.Record { return states[i%len(states)] }
	now := two.Minted.Add(time.Hour)
	won := winner(t, race(racers, func(i int) error {
		return s.Lease(t.Context(), key, view(i), leaseOf(i), now, keep)
	}))
	if !same(view(won), last) {
		t.Errorf("the lease went to somebody who has seen state %d", won%len(states))
	}
	expect(t, s, key, leased(two, leaseOf(won), now))
}
