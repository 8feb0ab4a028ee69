// Package storetest is the conformance suite of stores of versioned secrets. Memory and the adapter
// to AWS Secrets Manager pass the same cases, so a rotation that works over one works over the
// other.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/sim/aws"
)

// Service does what only the service can. A [aws.Memory] does.
type Service interface {
	Create(ctx context.Context, name, versionID string, v secrets.Value) error
	BeginRotation(ctx context.Context, id, versionID string) error
	SetRotationEnabled(ctx context.Context, id string, enabled bool) error
}

// Run runs every case over a store of its own. The function open returns a store whose secrets are
// those of the Memory, through which a case does what only the service can.
func Run(t *testing.T, open func(*testing.T, *aws.Memory) secrets.Store) {
	RunExcept(t, nil, func(t *testing.T) (secrets.Store, Service) {
		mem := aws.NewMemory(func() time.Time { return created })
		return open(t, mem), mem
	})
}

// RunExcept is Run over another double of the service, without the cases that the double is wrong
// about. They are named with the reason.
func RunExcept(t *testing.T, wrong map[string]string,
	open func(*testing.T) (secrets.Store, Service)) {
	cases := map[string]func(*testing.T, *fixture){
		"describe":                  describe,
		"get":                       get,
		"get what is not there":     notThere,
		"put pending":               putPending,
		"put current":               putCurrent,
		"put the first version":     putFirst,
		"put takes labels away":     putTakesLabels,
		"put again":                 putAgain,
		"put another value":         putOther,
		"put what cannot be":        putInvalid,
		"promote":                   promote,
		"roll back":                 rollBack,
		"remove a label":            remove,
		"custom labels":             custom,
		"move again":                moveAgain,
		"move from elsewhere":       moveConflict,
		"move what cannot be":       moveInvalid,
		"native rotation":           nativeRotation,
		"cancelled context":         cancelled,
		"concurrent moves":          concurrentMoves,
		"concurrent puts of one id": concurrentPuts,
	}
	for name := range wrong {
		if cases[name] == nil {
			t.Errorf("there is no case %q to leave out", name)
		}
		delete(cases, name)
	}
	for name, run := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, service := open(t)
			f := &fixture{service: service, store: store}
			if err := service.Create(t.Context(), parent, v1, one); err != nil {
				t.Fatal(err)
			}
			run(t, f)
		})
	}
}

// parent is the secret of every case; its version v1, of value one, is current at first.
const parent = "tokenmint/parent"

// Version ids have 32 to 64 characters; rotations use UUIDs.
const (
	v1 = "11111111-1111-4111-8111-111111111111"
	v2 = "22222222-2222-4222-8222-222222222222"
	v3 = "33333333-3333-4333-8333-333333333333"
)

// sentinel is part of every value, and of nothing else.
const sentinel = "SENTINEL"

var (
	created = time.Date(2026, 1, 2, 15, 4, 5, 678_000_000, time.UTC)
	one     = secrets.NewValue(sentinel + "-1")
	two     = secrets.NewValue(sentinel + "-2")
	three   = secrets.NewValue(sentinel + "-3")
)

type fixture struct {
	service Service
	store   secrets.Store
}

type stages = map[string][]string

// expect fails the test unless the labels are these and no others.
func (f *fixture) expect(t *testing.T, want stages) {
	t.Helper()
	d, err := f.store.Describe(t.Context(), parent)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(d.Stages, want) {
		t.Errorf("labels are %v, want %v", d.Stages, want)
	}
}

func (f *fixture) put(t *testing.T, id string, v secrets.Value, labels ...string) {
	t.Helper()
	if err := f.store.Put(t.Context(), parent, id, v, labels...); err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) move(t *testing.T, label, from, to string) {
	t.Helper()
	if err := f.store.MoveStage(t.Context(), parent, label, from, to); err != nil {
		t.Fatal(err)
	}
}

// refused fails the test unless err is target, names the secret, and holds no secret text.
func refused(t *testing.T, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("error is %v, want %v", err, target)
		return
	}
	if text := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(text, sentinel) {
		t.Error("the error holds secret text")
	}
	if !strings.Contains(err.Error(), "secret tokenmint/") {
		t.Errorf("error %v does not name the secret", err)
	}
}
