//go:build moto

package rotate_test

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/testkit/moto"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// newMotoRotator is a testRotator over somebody else's double of Secrets Manager. Its clock is the
// machine's, which the rotator, whose clock tests move, does not read but to see what a person has
// done during a rotation. Package moto lists the double's known errors.
func newMotoRotator(t *testing.T) *testRotator {
	t.Helper()
	b := newAccount(t)
	endpoint, account := moto.Endpoint(t), moto.Account()
	b.store, b.service = moto.Secrets(endpoint, account)
	service, err := url.Parse(endpoint)
	b.must(err)
	b.aws = &faultyWire{next: httputil.NewSingleHostReverseProxy(service)}
	manager := httptest.NewServer(b.aws)
	t.Cleanup(manager.Close)
	store, _ := moto.Secrets(manager.URL, account)
	b.handler = b.newHandler(store, tokens.Config{BaseURL: b.mapbox(), MaxAttempts: 1})
	return b
}

// motoErrs names the states of the protocol's table that are left out.
var motoErrs = map[string]string{
	"token not among the versions": "rotation cannot be switched on without a " +
		"version that is registered",
	"no AWSCURRENT": "no version is registered in a secret that has none",
	"made current manually, version with value": "after a promotion, a version that is put as " +
		"current takes the label from the wrong one; and times are in seconds",
}

func TestMotoStepsByTheProtocol(t *testing.T) {
	t.Parallel()
	tryCells(t, newMotoRotator, motoErrs)
}

func TestMotoStepsInAnyOrder(t *testing.T) {
	t.Parallel()
	tryOrders(t, newMotoRotator)
}

func TestMotoPastedParent(t *testing.T) {
	t.Parallel()
	newMotoRotator(t).replacesPasted()
}

func TestMotoForcedRotation(t *testing.T) {
	t.Parallel()
	newMotoRotator(t).rotated().forcesOnce()
}

// Whatever call to Secrets Manager breaks, before or after its effect, once or from there on.
func TestMotoConvergesAfterAnyInterruption(t *testing.T) {
	t.Parallel()
	for _, all := range []bool{false, true} {
		for _, effect := range []bool{false, true} {
			t.Run(fmt.Sprintf("all=%t effect=%t", all, effect), func(t *testing.T) {
				t.Parallel()
				interrupted := 0
				for interrupt(newMotoRotator(t), "aws", interrupted, all, effect) {
					interrupted++
				}
				if interrupted < 10 {
					t.Errorf("%d calls were met", interrupted)
				}
			})
		}
	}
}

// AWSCURRENT moves after a run has looked: the compare-and-swap refuses.
func TestMotoConflict(t *testing.T) {
	t.Parallel()
	b := newMotoRotator(t).created()
	b.put(b.bare(), hand, "kept")
	current, _ := b.describe().VersionAt(secrets.Current)
	b.aws.ambush("UpdateSecretVersionStage", func() {
		if err := b.store.MoveStage(t.Context(), parentSecret, secrets.Current,
			current, hand); err != nil {
			t.Error(err)
		}
	})
	if _, err := b.run(stepEvent("finishSecret")); !errors.Is(err, secrets.ErrConflict) {
		t.Errorf("error is %v, want %v", err, secrets.ErrConflict)
	}
	if got, want := b.labels(),
		"first=AWSPREVIOUS hand=AWSCURRENT+kept native=AWSPENDING"; got != want {
		t.Errorf("labels are %s, want %s", got, want)
	}
}

// A version is put again with the same value, as after a lost answer: nothing changes.
func TestMotoPutAgain(t *testing.T) {
	t.Parallel()
	b := newMotoRotator(t).created()
	before, v := b.look(), b.credential(native)
	value, err := v.Encode()
	b.must(err)
	b.must(b.store.Put(t.Context(), parentSecret, native, value, secrets.Pending))
	b.expect(before, done)
}
