package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/tokenmint/tokenmint/internal/secrets"
)

// promote checks that AWSPREVIOUS moves with AWSCURRENT.
func promote(t *testing.T, f *parentSecret) {
	f.put(t, v2, two, secrets.Pending)
	f.move(t, secrets.Current, v1, v2)
	f.expect(t, stages{v1: {secrets.Previous}, v2: {secrets.Current, secrets.Pending}})
	f.put(t, v3, three, "a")
	f.move(t, secrets.Current, v2, v3)
	f.expect(t, stages{v2: {secrets.Pending, secrets.Previous}, v3: {secrets.Current, "a"}})
}

func rollBack(t *testing.T, f *parentSecret) {
	f.put(t, v2, two, secrets.Current)
	f.move(t, secrets.Current, v2, v1)
	f.expect(t, stages{v1: {secrets.Current}, v2: {secrets.Previous}})
	if v, err := f.store.Get(t.Context(), parent, ""); err != nil || v.Value != one {
		t.Errorf("the first value is not current again: %v", err)
	}
}

func remove(t *testing.T, f *parentSecret) {
	f.put(t, v2, two, secrets.Pending)
	f.move(t, secrets.Pending, v2, "")
	f.expect(t, stages{v1: {secrets.Current}})
	f.move(t, secrets.Pending, "", v2) // a deprecated version can get a label again
	f.expect(t, stages{v1: {secrets.Current}, v2: {secrets.Pending}})
}

// custom moves a label that tokenmint defines: the rotator dates replaced versions with such
// labels.
func custom(t *testing.T, f *parentSecret) {
	const label = "tokenmint:superseded:2026-01-02T15:04:05Z"
	f.put(t, v2, two, secrets.Current)
	f.move(t, label, "", v1)
	f.expect(t, stages{v1: {secrets.Previous, label}, v2: {secrets.Current}})
	f.move(t, label, v1, v2)
	f.expect(t, stages{v1: {secrets.Previous}, v2: {secrets.Current, label}})
}

// moveAgain checks that a move can be repeated after its answer was lost.
func moveAgain(t *testing.T, f *parentSecret) {
	f.put(t, v2, two, secrets.Pending)
	for range 2 {
		f.move(t, secrets.Current, v1, v2)
	}
	for range 2 {
		f.move(t, secrets.Pending, v2, "")
	}
	for range 2 {
		f.move(t, "a", "", v1)
	}
	f.move(t, "a", v1, v1)
	f.expect(t, stages{v1: {secrets.Previous, "a"}, v2: {secrets.Current}})
}

func moveConflict(t *testing.T, f *parentSecret) {
	f.put(t, v2, two, secrets.Pending)
	f.put(t, v3, three, "a")
	for name, c := range map[string]struct{ label, from, to string }{
		"current is elsewhere":            {secrets.Current, v2, v3},
		"current is somewhere":            {secrets.Current, "", v2},
		"current is elsewhere, to remove": {secrets.Current, v2, ""},
		"pending is elsewhere":            {secrets.Pending, v1, v3},
		"pending is elsewhere, to remove": {secrets.Pending, v1, ""},
		"pending is somewhere":            {secrets.Pending, "", v1},
		"pending is somewhere, to stay":   {secrets.Pending, v1, v1},
		"custom label is nowhere":         {"b", v1, v2},
		"unknown versions":                {secrets.Current, "no such version", "nor this"},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, f.store.MoveStage(t.Context(), parent, c.label, c.from, c.to),
				secrets.ErrConflict)
			f.expect(t, stages{v1: {secrets.Current}, v2: {secrets.Pending}, v3: {"a"}})
		})
	}
}

func moveInvalid(t *testing.T, f *parentSecret) {
	f.put(t, v2, two, labels(20)...)
	want := stages{v1: {secrets.Current}, v2: labels(20)}

	// a secret always has AWSCURRENT
	refused(t, f.store.MoveStage(t.Context(), parent, secrets.Current, v1, ""), secrets.ErrInvalid)
	f.expect(t, want)
	refused(t, f.store.MoveStage(t.Context(), parent, "a", "", v2), secrets.ErrInvalid) // it has 20
	f.expect(t, want)
	f.move(t, "label-00", v2, "")
	f.move(t, "a", "", v2)
}

func concurrentMoves(t *testing.T, f *parentSecret) {
	const racers = 8
	ids := make([]string, racers)
	for i := range ids {
		ids[i] = fmt.Sprintf("%036d", i)
		f.put(t, ids[i], two, fmt.Sprintf("racer-%d", i))
	}
	errs := make([]error, racers)
	var race sync.WaitGroup
	for i, id := range ids {
		race.Go(func() {
			errs[i] = f.store.MoveStage(t.Context(), parent, secrets.Current, v1, id)
		})
	}
	race.Wait()

	winner := ""
	for i, err := range errs {
		switch {
		case err != nil:
			refused(t, err, secrets.ErrConflict)
		case winner != "":
			t.Errorf("two moves succeeded: to %s and to %s", winner, ids[i])
		default:
			winner = ids[i]
		}
	}
	d, err := f.store.Describe(t.Context(), parent)
	if err != nil {
		t.Fatal(err)
	}
	if !d.Has(winner, secrets.Current) || !d.Has(v1, secrets.Previous) {
		t.Errorf("AWSCURRENT moved to %q, but the labels are %v", winner, d.Stages)
	}
}

// concurrentPuts checks that only one of several values is stored under one id, and that all other
// Puts return ErrExists.
func concurrentPuts(t *testing.T, f *parentSecret) {
	values := []secrets.Value{one, two, three}
	errs := make([]error, len(values))
	var race sync.WaitGroup
	for i, v := range values {
		race.Go(func() { errs[i] = f.store.Put(t.Context(), parent, v2, v, secrets.Pending) })
	}
	race.Wait()
	stored, err := f.store.Get(t.Context(), parent, v2)
	if err != nil {
		t.Fatal(err)
	}
	for i, err := range errs {
		won := stored.Value == values[i]
		if won != (err == nil) || !won && !errors.Is(err, secrets.ErrExists) {
			t.Errorf("put %d: its value is stored: %t; error is %v", i, won, err)
		}
	}
}
