package rotate_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
)

// orders are sequences of steps, a "!" after those that must be refused. Each ends with the
// rotation done.
var orders = map[string]string{
	"as the service has it":     "create set test finish",
	"each step delivered twice": "create create set set test test finish finish",
	"all delivered again later": "create set test finish create set test finish",
	"all again after a failure": "create set create set test create set test finish",
	"no value yet":              "set! test! finish! create set test finish",
	"finish proves for itself":  "create finish set test create",
	"backwards after create":    "create test set test finish test set",
	"heartbeats between any two": "heartbeat create heartbeat set heartbeat test heartbeat " +
		"finish heartbeat",
}

func TestStepsInAnyOrder(t *testing.T) {
	t.Parallel()
	tryOrders(t, newTestRotator)
}

// tryOrders also lets a heartbeat fall between any two steps, of a parent that is due and of one
// that is not.
func tryOrders(t *testing.T, open func(*testing.T) *testRotator) {
	all := maps.Clone(orders)
	steps := strings.Fields("create set test finish")
	for i := range len(steps) + 1 {
		all[fmt.Sprintf("heartbeat after %d steps", i)] = strings.Join(
			slices.Insert(slices.Clone(steps), i, "heartbeat"), " ")
	}
	for name, order := range all {
		for _, due := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/due %t", name, due), func(t *testing.T) {
				t.Parallel()
				b := open(t).rotated()
				before := b.credential("").ID
				if due {
					b.sim.Advance(rotateEvery)
				}
				b.begin(native)
				creates := b.called(mapbox.OpCreate)
				b.follow(order)
				if got := b.credential(""); got.ID == before || got.Rotation != native {
					t.Errorf("current is token %s of rotation %q", got.ID, got.Rotation)
				}
				if got := b.called(mapbox.OpCreate) - creates; got != 1 {
					t.Errorf("%d tokens were created", got)
				}
				if _, alive := b.live()[before]; !alive {
					t.Error("the token before is not in its grace")
				}
				b.settles()
			})
		}
	}
}

// follow takes the steps in order.
func (b *testRotator) follow(order string) {
	b.t.Helper()
	for move := range strings.FieldsSeq(order) {
		step, refused := strings.CutSuffix(move, "!")
		event := stepEvent(step + "Secret")
		if step == "heartbeat" {
			event = heartbeat
		}
		if _, err := b.run(event); (err != nil) != refused {
			b.t.Fatalf("%s: error is %v", move, err)
		}
	}
}

// settles lets heartbeats follow, after which the current token is the only one of ours, and no
// label is left behind.
func (b *testRotator) settles() {
	b.t.Helper()
	for range 3 {
		b.sim.Advance(retireAfter)
		b.mustRun(heartbeat)
	}
	current := b.credential("")
	if got := b.ours(); !slices.Equal(got, []string{current.ID}) {
		b.t.Errorf("%d of our tokens live, want the current one", len(got))
	}
	if labels := b.labels(); strings.Contains(labels, secrets.Pending) ||
		strings.Contains(labels, "dated") {
		b.t.Errorf("labels are left behind: %s", labels)
	}
}

// AWSCURRENT moves after finishSecret has looked: the compare-and-swap refuses, and what a person
// has stored stays.
func TestFinishWhenAWSCURRENTMovesMeanwhile(t *testing.T) {
	t.Parallel()
	for _, before := range []string{"GetSecretValue", "UpdateSecretVersionStage"} {
		b := newTestRotator(t).created()
		b.sim.Advance(time.Minute)
		value := b.bare()
		b.aws.ambush(before, func() {
			if err := b.store.Put(t.Context(), parentSecret, hand, secrets.NewValue(value),
				secrets.Current); err != nil {
				t.Error(err)
			}
		})
		if _, err := b.run(stepEvent("finishSecret")); !errors.Is(err, secrets.ErrConflict) {
			t.Errorf("before %s: error is %v, want %v", before, err, secrets.ErrConflict)
		}
		b.follow("finish!")
		if got, want := b.labels(),
			"first=AWSPREVIOUS hand=AWSCURRENT native=AWSPENDING"; got != want {
			t.Errorf("before %s: labels are %s, want %s", before, got, want)
		}
		b.settles()
	}
}

// A step may read a copy of the secret that does not have the value yet which createSecret has
// stored.
func TestStepsWaitForTheValue(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"setSecret", "testSecret", "finishSecret"} {
		for reads, want := range map[int]string{1: "", 5: "", 1000: "holds no value yet"} {
			t.Run(fmt.Sprintf("%s after %d reads", step, reads), func(t *testing.T) {
				b := newTestRotator(t).created()
				b.aws.behind = map[string]int{native: reads}
				before := b.sim.Now()
				err := b.take(stepEvent(step))
				if (err == nil) != (want == "") ||
					err != nil && !strings.Contains(err.Error(), want) {
					t.Errorf("%s after %d reads: error is %v", step, reads, err)
				}
				if waited := b.sim.Now().Sub(before); waited < time.Second/2 ||
					waited > time.Minute {
					t.Errorf("%s after %d reads: waited for %s", step, reads, waited)
				}
			})
		}
	}
}

// A second delivery of createSecret while the first has created and not yet stored.
func TestTwoDeliveriesOfCreateAtOnce(t *testing.T) {
	t.Parallel()
	b := newTestRotator(t).rotated().begin(native)
	creates := b.called(mapbox.OpCreate)
	b.aws.ambush("PutSecretValue", func() {
		_, err := b.handler.Handle(t.Context(), json.RawMessage(stepEvent("createSecret")))
		if err == nil || !strings.Contains(err.Error(), "may still be at work") {
			t.Errorf("second delivery: error is %v", err)
		}
	})
	b.follow("create set test finish")
	if got := b.called(mapbox.OpCreate) - creates; got != 1 {
		t.Errorf("%d tokens were created", got)
	}
	b.settles()
}

// A lost answer of create must not become a second token while the first attempt may still be at
// work.
func TestCreateStepAfterALostAnswer(t *testing.T) {
	t.Parallel()
	b := newTestRotator(t).rotated().begin(native)
	b.sim.Inject(mapbox.Fault{Op: mapbox.OpCreate, Kind: mapbox.LostAnswer})
	if _, err := b.run(stepEvent("createSecret")); err == nil {
		t.Fatal("the answer was not lost")
	}
	before := b.look()
	if _, err := b.run(stepEvent("createSecret")); err == nil ||
		!strings.Contains(err.Error(), "may still be at work") {
		t.Errorf("at once: error = %v", err)
	}
	b.expect(before, done)
	b.sim.Advance(21 * time.Minute)
	b.follow("create set test finish")
	if got := len(b.ours()); got != 2 {
		t.Errorf("%d of our tokens live, want the current one and the one before", got)
	}
	b.settles()
}

// A version that Secrets Manager registered and then gave up keeps AWSPENDING without a value for
// ever. While the service's rotation is on it is waited for, for a day since a heartbeat first saw
// it.
func TestStrandedRotationIsTakenOver(t *testing.T) {
	t.Parallel()
	const rotates = "create promote drop date settled"
	for name, tc := range map[string]struct {
		meanwhile func(b *testRotator)
		event     string
		want      string
	}{
		"within a day": {func(b *testRotator) {
			b.sim.Advance(24*time.Hour - time.Minute)
		}, heartbeat, "wait"},
		"after a day": {func(b *testRotator) {
			b.sim.Advance(24 * time.Hour)
		}, heartbeat, "drop unwatch settled"},
		"overdue": {func(b *testRotator) {
			b.sim.Advance(rotateEvery)
		}, heartbeat, "drop unwatch " + rotates},
		"forced": {func(*testRotator) {},
			`{"action":"rotate","id":"operator","force":true}`, "drop unwatch " + rotates},
		"switched off": {func(b *testRotator) {
			b.enable(false)
		}, heartbeat, "drop unwatch settled"},
		"label taken off": {func(b *testRotator) {
			b.move(secrets.Pending, native, "")
		}, heartbeat, "unwatch settled"},
		"value comes": {func(b *testRotator) {
			b.must(b.take(stepEvent("createSecret")))
		}, heartbeat, "promote drop unwatch date settled"},
		"another has begun": {func(b *testRotator) {
			b.sim.Advance(24 * time.Hour)
			b.move(secrets.Pending, native, "")
			b.begin(other)
		}, heartbeat, "unwatch watch wait"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newTestRotator(t).rotated().begin(native)
			if got := b.steps(heartbeat); got != "watch wait" {
				t.Fatalf("at first sight: %s", got)
			}
			tc.meanwhile(b)
			if got := b.steps(tc.event); got != tc.want {
				t.Errorf("steps: %s, want %s", got, tc.want)
			}
		})
	}
}

func TestEventsThatAreNoStep(t *testing.T) {
	t.Parallel()
	without := func(field string) string {
		return strings.Replace(stepEvent("createSecret"), field, "X"+field, 1)
	}
	for _, tc := range []struct{ event, want string }{
		{stepEvent("createsecret"), "unknown rotation step"},
		{stepEvent("CreateSecret"), "unknown rotation step"},
		{stepEvent("create_secret"), "unknown rotation step"},
		{stepEvent("CREATESECRET"), "unknown rotation step"},
		{stepEvent(" createSecret"), "unknown rotation step"},
		{stepEvent("create"), "unknown rotation step"},
		{stepEvent("setsecret"), "unknown rotation step"},
		{stepEvent("test_secret"), "unknown rotation step"},
		{stepEvent("FinishSecret"), "unknown rotation step"},
		{stepEvent("dropSecret"), "unknown rotation step"},
		{stepEvent(""), "neither an action nor a Step"},
		{without("Step"), "neither an action nor a Step"},
		{without("SecretId"), "without SecretId"},
		{without("ClientRequestToken"), "without SecretId or ClientRequestToken"},
		{strings.TrimSuffix(stepEvent("createSecret"), `"}`), "not a JSON object"},
		{strings.Replace(stepEvent("createSecret"), `"createSecret"`, `["createSecret"]`, 1),
			"not a JSON object"},
		{stepEventOf("tokenmint/none", "createSecret"), "not found"},
		{stepEventOf("tokenmint/strange", "createSecret"), "not one that this function rotates"},
	} {
		t.Run(strings.ReplaceAll(tc.event, rotationToken, "…"), func(t *testing.T) {
			b := newTestRotator(t).rotated().begin(native)
			b.must(b.service.Create(t.Context(), "tokenmint/strange", native,
				secrets.NewValue("x")))
			before := b.look()
			if err := b.take(tc.event); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error = %v, want %q", err, tc.want)
			}
			b.expect(before, done)
		})
	}
}
