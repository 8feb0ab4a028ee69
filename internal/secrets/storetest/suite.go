// Package storetest is the conformance suite for implementations of secrets.Store. The simulator
// and the adapter for Secrets Manager pass the same cases, so a rotation that works with one of
// them works with the other.
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

// Service does what no function may do: it creates secrets and starts rotations. [aws.Memory]
// implements it.
type Service interface {
	Create(ctx context.Context, name, versionID string, v secrets.Value) error
	BeginRotation(ctx context.Context, id, versionID string) error
	SetRotationEnabled(ctx context.Context, id string, enabled bool) error
}

// Run runs each case with a new store. open returns a store with the secrets of the given Memory.
func Run(t *testing.T, open func(*testing.T, *aws.Memory) secrets.Store) {
	RunExcept(t, nil, func(t *testing.T) (secrets.Store, Service) {
		mem := aws.NewMemory(func() time.Time { return created })
		return open(t, mem), mem
	})
}

// RunExcept is Run with another simulator of Secrets Manager. It leaves out the cases in which that
// simulator is wrong. wrong maps the name of each such case to the reason.
func RunExcept(
	t *testing.T, wrong map[string]string, open func(*testing.T) (secrets.Store, Service),
) {
	cases := map[string]func(*testing.T, *parentSecret){
		"describe":                  describe,
		"get":                       get,
		"get what does not exist":   notThere,
		"put pending":               putPending,
		"put current":               putCurrent,
		"put the first version":     putFirst,
		"put takes labels away":     putTakesLabels,
		"put again":                 putAgain,
		"put another value":         putOther,
		"put what is invalid":       putInvalid,
		"promote":                   promote,
		"roll back":                 rollBack,
		"remove a label":            remove,
		"custom labels":             custom,
		"move again":                moveAgain,
		"move from elsewhere":       moveConflict,
		"move what is invalid":      moveInvalid,
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
			f := &parentSecret{service: service, store: store}
			if err := service.Create(t.Context(), parent, v1, one); err != nil {
				t.Fatal(err)
			}
			run(t, f)
		})
	}
}

// parent is the secret of each case. At first its version v1 is current and has the value one.
const parent = "tokenmint/parent"

// Version ids have 32 to 64 characters. Rotations use UUIDs.
const (
	v1 = "11111111-1111-4111-8111-111111111111"
	v2 = "22222222-2222-4222-8222-222222222222"
	v3 = "33333333-3333-4333-8333-333333333333"
)

// sentinel is part of each value and of nothing else. So a text with it shows a value.
const sentinel = "SENTINEL"

var (
	created = time.Date(2026, 1, 2, 15, 4, 5, 678_000_000, time.UTC)
	one     = secrets.NewValue(sentinel + "-1")
	two     = secrets.NewValue(sentinel + "-2")
	three   = secrets.NewValue(sentinel + "-3")
)

// parentSecret is the secret parent in the store under test.
type parentSecret struct {
	service Service
	store   secrets.Store
}

// stages are the labels of versions, by version id.
type stages = map[string][]string

// expect fails the test unless the secret has exactly these labels.
func (f *parentSecret) expect(t *testing.T, want stages) {
	t.Helper()
	d, err := f.store.Describe(t.Context(), parent)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(d.Stages, want) {
		t.Errorf("labels are %v, want %v", d.Stages, want)
	}
}

func (f *parentSecret) put(t *testing.T, id string, v secrets.Value, labels ...string) {
	t.Helper()
	if err := f.store.Put(t.Context(), parent, id, v, labels...); err != nil {
		t.Fatal(err)
	}
}

func (f *parentSecret) move(t *testing.T, label, from, to string) {
	t.Helper()
	if err := f.store.MoveStage(t.Context(), parent, label, from, to); err != nil {
		t.Fatal(err)
	}
}

// refused fails the test unless err is target and names the secret. It also fails if err contains a
// secret value.
func refused(t *testing.T, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("error is %v, want %v", err, target)
		return
	}
	if text := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(text, sentinel) {
		t.Error("the error contains a secret value")
	}
	if !strings.Contains(err.Error(), "secret tokenmint/") {
		t.Errorf("error %v does not name the secret", err)
	}
}
