// Package storetest is the conformance suite for implementations of tokencache.Store. Memory and
// the adapter for DynamoDB pass the same cases, so a cache that works with one of them works with
// the other.
//
// The suite needs a store whose Load returns the latest state. In production a Load may return an
// older state. The cases with old views show that an older state is harmless.
package storetest

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/tokencache"
)

// Run runs each case with a new store. open returns it, and it is empty.
func Run(t *testing.T, open func(*testing.T) tokencache.Store) {
	cases := map[string]func(*testing.T, tokencache.Store){
		"load what is not there":      loadNothing,
		"first lease":                 firstLease,
		"save":                        save,
		"save again":                  saveAgain,
		"saved bytes are the store's": savedBytes,
		"keys are apart":              keysApart,
		"lease of what has changed":   leaseLost,
		"lease taken over":            takenOver,
		"save without the lease":      saveLost,
		"release":                     release,
		"release another's":           releaseOthers,
		"race for the first lease":    raceFirst,
		"race for the next lease":     raceNext,
		"race to save":                raceSave,
		"spend":                       spend,
		"spend by profile":            spendProfile,
		"spend minute by minute":      spendMinutes,
		"spend nothing":               spendNothing,
		"profiles of any name":        profileNames,
		"race for the budget":         raceBudget,
		"race for a profile's share":  raceProfile,
		"closed budget":               closed,
		"closed over minutes":         closedMinutes,
		"closed to the minute":        closedToMinute,
		"closed and spent":            closedSpent,
		"close again":                 closeAgain,
		"close for too long":          closeTooLong,
		"close in the past":           closePast,
		"lease by an old view":        oldViews,
		"race by old views":           raceOldViews,
		"cancelled context":           cancelled,
	}
	for name, run := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t, open(t))
		})
	}
}

const (
	key   = "c0ffee"
	other = "decade"
)

// start is in the future, so that no store drops a record because of its age. It has nanoseconds
// and a time zone, which no store keeps.
var start = time.Date(2100, 1, 2, 15, 4, 5, 678_901_234, time.FixedZone("CET", 3600))

// keep is the time after which a store may drop a leased record.
var keep = start.Add(time.Hour)

// sentinel is part of each sealed token and of nothing else. So a text with it shows a token.
const sentinel = "SENTINEL"

var (
	one = token(sentinel+"-1", start)
	two = token(sentinel+"-2", start.Add(30*time.Minute))
)

func token(sealed string, minted time.Time) tokencache.Record {
	return tokencache.Record{Sealed: []byte(sealed), Minted: minted,
		Expires: minted.Add(59*time.Minute + 59*time.Second)}
}

// stored returns the record as a store does: in whole milliseconds and UTC.
func stored(r tokencache.Record) tokencache.Record {
	for _, at := range []*time.Time{&r.Minted, &r.Expires, &r.Leased} {
		*at = at.UTC().Truncate(time.Millisecond)
	}
	return r
}

// leased returns the record with a lease.
func leased(r tokencache.Record, lease string, at time.Time) tokencache.Record {
	r.Lease, r.Leased = lease, at
	return stored(r)
}

func load(t *testing.T, s tokencache.Store, key string) tokencache.Record {
	t.Helper()
	r, err := s.Load(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// expect fails the test unless the stored record equals want.
func expect(t *testing.T, s tokencache.Store, key string, want tokencache.Record) {
	t.Helper()
	if got := load(t, s, key); !reflect.DeepEqual(got, want) {
		sameToken := string(got.Sealed) == string(want.Sealed)
		got.Sealed, want.Sealed = nil, nil
		t.Errorf("record %s is %+v, want %+v; its token is the right one: %t", key, got, want,
			sameToken)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// mint takes the lease of the stored record and saves a token.
func mint(t *testing.T, s tokencache.Store, key string, r tokencache.Record) {
	t.Helper()
	must(t, s.Lease(t.Context(), key, load(t, s, key), "minter", r.Minted, keep))
	must(t, s.Save(t.Context(), key, "minter", r))
}

// lost fails the test unless err is ErrLost: the record has changed. It also fails if err contains
// a sealed token.
func lost(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, tokencache.ErrLost) {
		t.Errorf("error is %v, want %v", err, tokencache.ErrLost)
	}
	if strings.Contains(errorText(err), sentinel) {
		t.Error("the error contains a sealed token")
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
