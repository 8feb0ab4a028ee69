package tokencache_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/tokencache"
	"github.com/tokenmint/tokenmint/internal/tokencache/storetest"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestMemoryConforms(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) tokencache.Store { return tokencache.NewMemory() })
}

// TestMemoryHoldsSoMany: a caller who always asks for other scopes costs the store a fixed number
// of records. The records that last longest stay.
func TestMemoryHoldsSoMany(t *testing.T) {
	if testing.Short() {
		t.Skip("thousands of records")
	}
	t.Parallel()
	const bound, more = 4096, 1000
	m, ctx, now := tokencache.NewMemory(), t.Context(), noon
	lasting := make([]string, bound+more)
	for i := range lasting {
		lasting[i] = fmt.Sprint("key-", i)
		keep := now.Add(time.Minute + time.Duration(i)*time.Second)
		if i == 7 {
			keep = now.Add(24 * time.Hour)
		}
		must(t, m.Lease(ctx, lasting[i], tokencache.Record{}, "a", now, keep))
	}
	for i, key := range lasting {
		r, err := m.Load(ctx, key)
		if want := i > more || i == 7; err != nil || (r.Lease == "a") != want {
			t.Fatalf("record %d is there: %t, %v, want %t", i, r.Lease == "a", err, want)
		}
	}
	// What is there needs no more room.
	held := tokencache.Record{Lease: "a"}
	must(t, m.Lease(ctx, lasting[7], held, "b", now, now.Add(24*time.Hour)))
	minted := tokencache.Record{Sealed: []byte("x"), Minted: now, Expires: now.Add(48 * time.Hour)}
	must(t, m.Save(ctx, lasting[7], "b", minted))
	r, err := m.Load(ctx, lasting[more+1])
	if err != nil || r.Lease != "a" {
		t.Errorf("the record that ends first is gone, %v", err)
	}
}

// TestMemoryDropsWhatEnded: when the lease of another key is taken, the store drops a lease after
// its keep and a token after its end.
func TestMemoryDropsWhatEnded(t *testing.T) {
	t.Parallel()
	m, ctx := tokencache.NewMemory(), t.Context()
	must(t, m.Lease(ctx, "leased", tokencache.Record{}, "a", noon, noon.Add(10*time.Second)))
	must(t, m.Lease(ctx, "minted", tokencache.Record{}, "a", noon, noon.Add(10*time.Second)))
	minted := tokencache.Record{Sealed: []byte("x"), Minted: noon, Expires: noon.Add(time.Minute)}
	must(t, m.Save(ctx, "minted", "a", minted))
	for _, c := range []struct {
		after          time.Duration
		leased, minted bool
	}{
		{10 * time.Second, true, true},
		{11 * time.Second, false, true},
		{time.Minute, false, true},
		{61 * time.Second, false, false},
	} {
		now := noon.Add(c.after)
		must(t, m.Lease(ctx, c.after.String(), tokencache.Record{}, "b", now, now))
		leased, err := m.Load(ctx, "leased")
		must(t, err)
		minted, err := m.Load(ctx, "minted")
		must(t, err)
		if got := leased.Lease == "a"; got != c.leased {
			t.Errorf("after %v the leased record is there: %t, want %t", c.after, got, c.leased)
		}
		if got := len(minted.Sealed) > 0; got != c.minted {
			t.Errorf("after %v the minted record is there: %t, want %t", c.after, got, c.minted)
		}
	}
}

// TestMemoryForgetsMinutes: an instance that lives for a year keeps the ledgers of a few minutes.
func TestMemoryForgetsMinutes(t *testing.T) {
	t.Parallel()
	m := tokencache.NewMemory()
	spend := func(now time.Time) int {
		left, err := m.Spend(t.Context(), tokencache.Spend{Now: now, Limit: 10})
		must(t, err)
		return left
	}
	spend(noon)
	spend(noon.Add(5 * time.Minute))
	if left := spend(noon); left != 8 {
		t.Errorf("5 minutes later %d are left, want 8", left)
	}
	spend(noon.Add(6 * time.Minute))
	if left := spend(noon); left != 9 {
		t.Errorf("6 minutes later %d are left, want 9: the ledger is kept for ever", left)
	}
}
