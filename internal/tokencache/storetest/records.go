package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/tokencache"
)

func loadNothing(t *testing.T, s tokencache.Store) {
	expect(t, s, key, tokencache.Record{})
}

func firstLease(t *testing.T, s tokencache.Store) {
	must(t, s.Lease(t.Context(), key, tokencache.Record{}, "a", start, keep))
	expect(t, s, key, leased(tokencache.Record{}, "a", start))
}

// save checks that Save stores the token and ends the lease. The next lease keeps the token, so all
// instances can still use it.
func save(t *testing.T, s tokencache.Store) {
	must(t, s.Lease(t.Context(), key, tokencache.Record{}, "a", start, keep))
	must(t, s.Save(t.Context(), key, "a", one))
	expect(t, s, key, stored(one))

	must(t, s.Lease(t.Context(), key, load(t, s, key), "b", two.Minted, keep))
	expect(t, s, key, leased(one, "b", two.Minted))
	must(t, s.Save(t.Context(), key, "b", two))
	expect(t, s, key, stored(two))
}

// saveAgain leases with a record that the instance has minted and not loaded. Its times are more
// precise than those in the store.
func saveAgain(t *testing.T, s tokencache.Store) {
	mint(t, s, key, one)
	must(t, s.Lease(t.Context(), key, one, "b", two.Minted, keep))
	must(t, s.Save(t.Context(), key, "b", two))
	expect(t, s, key, stored(two))
}

func savedBytes(t *testing.T, s tokencache.Store) {
	r := token(sentinel, start)
	mint(t, s, key, r)
	r.Sealed[0]++
	load(t, s, key).Sealed[1]++
	expect(t, s, key, stored(token(sentinel, start)))
}

func keysApart(t *testing.T, s tokencache.Store) {
	mint(t, s, key, one)
	must(t, s.Lease(t.Context(), other, tokencache.Record{}, "a", start, keep))
	lost(t, s.Save(t.Context(), key, "a", two))
	must(t, s.Release(t.Context(), key, "a"))
	expect(t, s, key, stored(one))
	expect(t, s, other, leased(tokencache.Record{}, "a", start))
}

// leaseLost checks that Lease fails unless the caller has seen the latest token and lease.
func leaseLost(t *testing.T, s tokencache.Store) {
	for name, c := range map[string]struct{ there, seen tokencache.Record }{
		"a lease came": {leased(tokencache.Record{}, "a", start), tokencache.Record{}},
		"another lease came": {leased(tokencache.Record{}, "a", start),
			leased(tokencache.Record{}, "b", start)},
		"the lease went":           {tokencache.Record{}, leased(tokencache.Record{}, "b", start)},
		"a token came":             {stored(one), tokencache.Record{}},
		"the lease became a token": {stored(one), leased(tokencache.Record{}, "a", start)},
		"the token went":           {tokencache.Record{}, stored(one)},
		"another token came":       {stored(two), stored(one)},
		"another token came, a ms apart": {stored(one),
			token("", one.Minted.Add(time.Millisecond))},
		"a lease on the token came": {leased(one, "a", two.Minted), stored(one)},
		"another lease on the token came": {leased(one, "a", two.Minted),
			leased(one, "b", two.Minted)},
		"the lease on the token went": {stored(one), leased(one, "a", two.Minted)},
		"the token under a lease went": {leased(tokencache.Record{}, "a", start),
			leased(one, "a", start)},
		"another token under the lease": {leased(two, "a", two.Minted),
			leased(one, "a", two.Minted)},
		"a token came, and the same lease": {leased(one, "a", start),
			leased(tokencache.Record{}, "a", start)},
	} {
		t.Run(name, func(t *testing.T) {
			if !c.there.Minted.IsZero() {
				mint(t, s, name, c.there)
			}
			if c.there.Lease != "" {
				must(t, s.Lease(t.Context(), name, load(t, s, name), c.there.Lease, c.there.Leased,
					keep))
			}
			expect(t, s, name, c.there)
			lost(t, s.Lease(t.Context(), name, c.seen, "late", start.Add(time.Second), keep))
			expect(t, s, name, c.there)
		})
	}
}

// takenOver takes the lease from a slow holder. The slow holder then saves and releases, which
// changes nothing.
func takenOver(t *testing.T, s tokencache.Store) {
	mint(t, s, key, one)
	must(t, s.Lease(t.Context(), key, load(t, s, key), "dead", two.Minted, keep))
	later := two.Minted.Add(10 * time.Second)
	must(t, s.Lease(t.Context(), key, load(t, s, key), "next", later, keep))
	expect(t, s, key, leased(one, "next", later))

	lost(t, s.Save(t.Context(), key, "dead", two))
	must(t, s.Release(t.Context(), key, "dead"))
	expect(t, s, key, leased(one, "next", later))

	must(t, s.Save(t.Context(), key, "next", two))
	lost(t, s.Save(t.Context(), key, "dead", one))
	expect(t, s, key, stored(two))
}

func saveLost(t *testing.T, s tokencache.Store) {
	lost(t, s.Save(t.Context(), key, "a", one))
	lost(t, s.Save(t.Context(), key, "", one))
	expect(t, s, key, tokencache.Record{})

	must(t, s.Lease(t.Context(), key, tokencache.Record{}, "a", start, keep))
	lost(t, s.Save(t.Context(), key, "", one))
	lost(t, s.Save(t.Context(), key, "A", one))
	expect(t, s, key, leased(tokencache.Record{}, "a", start))

	must(t, s.Release(t.Context(), key, "a"))
	lost(t, s.Save(t.Context(), key, "a", one))
	expect(t, s, key, tokencache.Record{})

	mint(t, s, key, one)
	lost(t, s.Save(t.Context(), key, "minter", two)) // the first Save has ended the lease
	lost(t, s.Save(t.Context(), key, "", two))
	expect(t, s, key, stored(one))
}

// release checks that Release restores the record as it was before the lease.
func release(t *testing.T, s tokencache.Store) {
	for range 2 {
		must(t, s.Lease(t.Context(), key, tokencache.Record{}, "a", start, keep))
		must(t, s.Release(t.Context(), key, "a"))
		expect(t, s, key, tokencache.Record{})
	}
	mint(t, s, key, one)
	for range 2 {
		must(t, s.Lease(t.Context(), key, stored(one), "b", two.Minted, keep))
		must(t, s.Release(t.Context(), key, "b"))
		expect(t, s, key, stored(one))
	}
}

func releaseOthers(t *testing.T, s tokencache.Store) {
	must(t, s.Release(t.Context(), key, "a"))
	expect(t, s, key, tokencache.Record{})
	must(t, s.Lease(t.Context(), key, tokencache.Record{}, "a", start, keep))
	must(t, s.Release(t.Context(), key, "b"))
	must(t, s.Release(t.Context(), key, "A"))
	expect(t, s, key, leased(tokencache.Record{}, "a", start))
}

// cancelled checks that a call with a cancelled context changes nothing.
func cancelled(t *testing.T, s tokencache.Store) {
	must(t, s.Lease(t.Context(), key, tokencache.Record{}, "a", start, keep))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, load := s.Load(ctx, key)
	_, spend := s.Spend(ctx, tokencache.Spend{Now: start, Limit: 1})
	for name, err := range map[string]error{
		"load":    load,
		"lease":   s.Lease(ctx, other, tokencache.Record{}, "b", start, keep),
		"save":    s.Save(ctx, key, "a", one),
		"release": s.Release(ctx, key, "a"),
		"spend":   spend,
		"close":   s.CloseBudget(ctx, start, start.Add(time.Minute)),
	} {
		t.Run(name, func(t *testing.T) {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%s: error is %v, want %v", name, err, context.Canceled)
			}
		})
	}
	expect(t, s, key, leased(tokencache.Record{}, "a", start))
	expect(t, s, other, tokencache.Record{})
	take(t, s, tokencache.Spend{Now: start, Limit: 1}, 0)
}
