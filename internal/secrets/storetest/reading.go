package storetest

import (
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
)

func describe(t *testing.T, f *parentSecret) {
	f.put(t, v2, two, secrets.Pending, "a")
	f.put(t, v3, three, "b")
	f.move(t, "b", v3, "") // without labels, v3 is deprecated
	d, err := f.store.Describe(t.Context(), parent)
	if err != nil {
		t.Fatal(err)
	}
	d.Created, d.Changed = time.Time{}, time.Time{} // a simulator may leave them out
	want := secrets.Description{Name: parent, ARN: d.ARN,
		Stages: stages{v1: {secrets.Current}, v2: {secrets.Pending, "a"}}}
	if d.ARN == "" || !reflect.DeepEqual(d, want) {
		t.Errorf("got %+v, want %+v and an ARN", d, want)
	}
	byARN, err := f.store.Describe(t.Context(), d.ARN)
	byARN.Created, byARN.Changed = d.Created, d.Changed
	if err != nil || !reflect.DeepEqual(byARN, d) {
		t.Errorf("by ARN: got %+v, %v, want %+v", byARN, err, d)
	}
}

func get(t *testing.T, f *parentSecret) {
	f.put(t, v2, two, "b", "a")
	f.put(t, v3, three, "c")
	f.move(t, "c", v3, "")
	for id, want := range map[string]secrets.Version{
		"": {ID: v1, Stages: []string{secrets.Current}, Created: created, Value: one},
		v1: {ID: v1, Stages: []string{secrets.Current}, Created: created, Value: one},
		v2: {ID: v2, Stages: []string{"a", "b"}, Created: created, Value: two},
		v3: {ID: v3, Created: created, Value: three}, // deprecated, still there
	} {
		t.Run("version "+id, func(t *testing.T) {
			got, err := f.store.Get(t.Context(), parent, id)
			if err != nil {
				t.Errorf("version %q: %v", id, err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("version %q: got %+v, want %+v (a difference may be in the value)",
					id, got,
					want)
			}
		})
	}
}

func notThere(t *testing.T, f *parentSecret) {
	ctx, missing := t.Context(), "tokenmint/missing"
	_, err := f.store.Describe(ctx, missing)
	refused(t, err, secrets.ErrNotFound)
	_, err = f.store.Get(ctx, missing, "")
	refused(t, err, secrets.ErrNotFound)
	_, err = f.store.Get(ctx, parent, v2)
	refused(t, err, secrets.ErrNotFound)
	refused(t, f.store.Put(ctx, missing, v1, one, secrets.Current), secrets.ErrNotFound)
	refused(t, f.store.MoveStage(ctx, missing, secrets.Current, v1, v2), secrets.ErrNotFound)
	refused(t, f.store.MoveStage(ctx, parent, secrets.Current, v1, v2), secrets.ErrNotFound)

	if err := f.service.Create(ctx, "tokenmint/empty", "", secrets.Value{}); err != nil {
		t.Fatal(err)
	}
	_, err = f.store.Get(ctx, "tokenmint/empty", "")
	refused(t, err, secrets.ErrNotFound)
	if d, err := f.store.Describe(ctx, "tokenmint/empty"); err != nil || len(d.Stages) != 0 {
		t.Errorf("a secret without versions: got %+v, %v", d, err)
	}
}

func nativeRotation(t *testing.T, f *parentSecret) {
	ctx := t.Context()
	if err := f.service.SetRotationEnabled(ctx, parent, true); err != nil {
		t.Fatal(err)
	}
	if err := f.service.BeginRotation(ctx, parent, v2); err != nil {
		t.Fatal(err)
	}
	d, err := f.store.Describe(ctx, parent)
	if err != nil || !d.RotationEnabled {
		t.Errorf("rotation is not shown as enabled: %+v, %v", d, err)
	}
	f.expect(t, stages{v1: {secrets.Current}, v2: {secrets.Pending}})
	_, err = f.store.Get(ctx, parent, v2) // registered, without a value
	refused(t, err, secrets.ErrNotFound)

	f.put(t, v2, two, secrets.Pending)
	if v, err := f.store.Get(ctx, parent, v2); err != nil || v.Value != two {
		t.Errorf("the pending version does not have the value put: %v", err)
	}
	f.move(t, secrets.Current, v1, v2)
	f.move(t, secrets.Pending, v2, "")
	f.expect(t, stages{v1: {secrets.Previous}, v2: {secrets.Current}})
}

func cancelled(t *testing.T, f *parentSecret) {
	f.put(t, v2, two, secrets.Pending)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := f.store.Describe(ctx, parent)
	refused(t, err, context.Canceled)
	_, err = f.store.Get(ctx, parent, "")
	refused(t, err, context.Canceled)
	refused(t, f.store.Put(ctx, parent, v3, three, secrets.Current), context.Canceled)
	refused(t, f.store.MoveStage(ctx, parent, secrets.Current, v1, v2), context.Canceled)
	f.expect(t, stages{v1: {secrets.Current}, v2: {secrets.Pending}})
}
