package rotate_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/rotate"
	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
)

// hold makes a text the parent secret's first value.
func (b *testRotator) hold(text string) {
	b.t.Helper()
	b.must(b.service.Create(b.t.Context(), parentSecret, strings.Repeat("a", 32),
		secrets.NewValue(text)))
}

// tryEvent runs an event in states in which the invariants of [testRotator.run] need not hold.
func (b *testRotator) tryEvent(event string) (rotate.Report, error) {
	b.t.Helper()
	report, err := b.handler.Handle(b.t.Context(), json.RawMessage(event))
	said, marshalErr := json.Marshal(report)
	b.must(marshalErr)
	b.noLeak(fmt.Sprint(err), string(said))
	return report, err
}

// A delete that fails for ever keeps nothing that is due from being done.
func TestFailingDeleteDoesNotHoldUpARotation(t *testing.T) {
	t.Parallel()
	b := newTestRotator(t).rotated()
	b.mustRun(`{"action":"rotate","id":"one","force":true}`)
	b.sim.Advance(retireAfter)
	b.sim.Inject(mapbox.Fault{Op: mapbox.OpDelete, Kind: mapbox.Status, Status: 503, Hits: -1})
	before := b.credential("").ID
	report, err := b.run(`{"action":"rotate","id":"two","name":"parent","force":true}`)
	if err == nil || !strings.Contains(err.Error(), "retire") || b.credential("").ID == before {
		t.Errorf("%s: %v", stepsOf(report), err)
	}
	b.sim.Advance(rotateEvery)
	before = b.credential("").ID
	if _, err := b.run(`{"action":"rotate","id":"three"}`); err == nil ||
		b.credential("").ID == before {
		t.Errorf("due: %v", err)
	}
	b.sim.ClearFaults()
	b.sim.Advance(retireAfter)
	b.mustRun(`{"action":"rotate","id":"four"}`)
	if got := b.ours(); len(got) != 1 {
		t.Errorf("%d of our tokens live at the end", len(got))
	}
}

// An additional token's value is pasted into the parent's secret and rolled back: the token stays
// the additional secret's.
func TestTokenInTwoSecretsLivesWhereItIsInUse(t *testing.T) {
	t.Parallel()
	b := newTestRotator(t).rotated()
	wide := uploads()
	wide.Scopes = scopes
	b.withAdditional(wide)
	b.mustRun(`{"action":"rotate","id":"one"}`)
	x := b.stored("tokenmint/uploads")
	before, _ := b.describe().VersionAt(secrets.Current)
	b.put(x.Token.Reveal(), hand, secrets.Current)
	b.sim.Advance(2 * time.Minute)
	b.move(secrets.Current, hand, before)
	for i := range 8 {
		b.mustRun(fmt.Sprintf(`{"action":"rotate","id":"hour %d"}`, i))
		b.sim.Advance(time.Hour)
		if _, alive := b.live()[x.ID]; !alive || b.stored("tokenmint/uploads").ID != x.ID {
			t.Fatalf("hour %d: the additional token's current token was deleted or replaced", i)
		}
	}

	// The reverse: the parent is pasted into the additional secret, and later replaced in its own.
	// It has its whole grace period.
	parent := b.credential("")
	b.must(b.memory.Put(t.Context(), "tokenmint/uploads", other,
		secrets.NewValue(parent.Token.Reveal()), secrets.Current))
	for i := range 8 {
		b.mustRun(fmt.Sprintf(`{"action":"rotate","id":"reverse %d"}`, i))
		b.sim.Advance(time.Hour)
	}
	if got := b.stored("tokenmint/uploads"); got.ID == parent.ID {
		t.Error("the pasted parent was not replaced in the additional secret")
	}
	b.mustRun(`{"action":"rotate","id":"replaced","name":"parent","force":true}`)
	b.sim.Advance(retireAfter - time.Minute)
	b.mustRun(`{"action":"rotate","id":"in grace"}`)
	if _, alive := b.live()[parent.ID]; !alive {
		t.Fatal("the parent was deleted within its grace period")
	}
	b.sim.Advance(2 * time.Minute)
	b.mustRun(`{"action":"rotate","id":"over"}`)
	if _, alive := b.live()[parent.ID]; alive {
		t.Error("the parent lives after its grace period")
	}
}

// What a value says about itself is not believed.
func TestPastedDateIsNotTrusted(t *testing.T) {
	t.Parallel()
	for name, created := range map[string]string{"future": "2126-01-01T00:00:00Z",
		"past": "2001-01-01T00:00:00Z", "now": "2026-01-02T15:04:05Z"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newTestRotator(t).rotated()
			id, value, err := b.sim.AddToken(user, "tokenmint/other/parent/"+native, scopes)
			b.must(err)
			b.put(fmt.Sprintf(`{"token":%q,"scopes":["styles:read"],"created":%q,"rotation":%q}`,
				value, created, native), hand, secrets.Current)
			b.mustRun(heartbeat)
			if b.credential("").ID == id {
				t.Error("the pasted token was not replaced")
			}
			b.sim.Advance(retireAfter)
			b.mustRun(`{"action":"rotate","id":"later"}`)
			if _, alive := b.live()[id]; !alive {
				t.Error("another stack's token was deleted")
			}
		})
	}
}

func TestLabelsMovedManually(t *testing.T) {
	t.Parallel()
	for name, move := range map[string]func(b *testRotator){
		"AWSPREVIOUS on the current version": func(b *testRotator) {
			b.move(secrets.Previous, strings.Repeat("a", 32), b.rotation())
		},
		"AWSPREVIOUS on a version without a value": func(b *testRotator) {
			b.begin(native)
			b.move(secrets.Previous, strings.Repeat("a", 32), native)
			b.move(secrets.Pending, native, "")
		},
		"AWSPENDING on the current version": func(b *testRotator) {
			b.move(secrets.Pending, "", b.rotation())
		},
		"a date on another version": func(b *testRotator) {
			b.move("tokenmint:superseded:2026-01-01T00:00:00Z:"+native, "", b.rotation())
		},
		"a date in the future": func(b *testRotator) {
			a := strings.Repeat("a", 32)
			b.move("tokenmint:superseded:2126-01-01T00:00:00Z:"+a, "", a)
		},
		"a wait in the future": func(b *testRotator) {
			b.move("tokenmint:waiting:2126-01-01T00:00:00Z:"+native, "", b.rotation())
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newTestRotator(t).rotated()
			move(b)
			for i, event := range []string{heartbeat,
				`{"action":"retire","id":"r","name":"parent","now":true}`,
				`{"action":"rotate","id":"f","force":true}`} {
				if report, err := b.run(event); err != nil || len(report.Tokens[0].Steps) > 6 {
					t.Errorf("%d: %s, %v", i, stepsOf(report), err)
				}
			}
			b.sim.Advance(retireAfter)
			b.mustRun(`{"action":"rotate","id":"later"}`)
			b.sim.Advance(retireAfter)
			b.mustRun(`{"action":"rotate","id":"last"}`)
			if got := b.ours(); len(got) != 1 || strings.Contains(b.labels(), "tokenmint:") {
				t.Errorf("%d of our tokens live; labels are %s", len(got), b.labels())
			}
		})
	}
}

func (b *testRotator) rotation() string { return b.credential("").Rotation }

// Six tokens are due, and one run begins four rotations. All get their turn, and a forced run says
// what it left undone.
func TestMoreTokensThanOneRunMayCreate(t *testing.T) {
	t.Parallel()
	var six []rotate.Managed
	for i := range 6 {
		m := uploads()
		m.Name, m.SecretID, m.RotateEvery, m.RetireAfter = fmt.Sprint("t", i),
			fmt.Sprint("tokenmint/t", i), time.Hour, 2*time.Hour
		six = append(six, m)
	}
	b := newTestRotator(t).rotated().withAdditional(six...)
	for i := range 3 {
		b.mustRun(fmt.Sprintf(`{"action":"rotate","id":"hour %d"}`, i))
		b.sim.Advance(time.Hour)
	}
	for _, m := range six {
		if _, err := b.memory.Get(t.Context(), m.SecretID, ""); err != nil {
			t.Errorf("%s never got a value", m.Name)
		}
	}
	before := map[string]string{}
	for _, m := range six {
		before[m.Name] = b.stored(m.SecretID).ID
	}
	const event = `{"action":"rotate","id":"leak","force":true}`
	if _, err := b.run(event); err == nil || !strings.Contains(err.Error(), "is not done") {
		t.Errorf("first delivery: %v", err)
	}
	b.mustRun(event)
	for _, m := range six {
		if b.stored(m.SecretID).ID == before[m.Name] {
			t.Errorf("%s was not rotated", m.Name)
		}
	}
}

// Between two heartbeats somebody rolls back and forward again. The labels look as before.
func TestUndoneRollbackRestartsTheGrace(t *testing.T) {
	t.Parallel()
	b := newTestRotator(t).rotated()
	old := b.credential("")
	b.mustRun(`{"action":"rotate","id":"one","force":true}`)
	now := b.rotation()
	b.sim.Advance(retireAfter - 55*time.Minute)
	b.move(secrets.Current, now, old.Rotation)
	b.sim.Advance(50 * time.Minute)
	b.move(secrets.Current, old.Rotation, now)
	b.sim.Advance(5 * time.Minute)
	b.mustRun(heartbeat)
	if _, alive := b.live()[old.ID]; !alive {
		t.Fatal("the token was deleted 5 minutes after it was current")
	}
	b.sim.Advance(retireAfter)
	b.mustRun(`{"action":"rotate","id":"later"}`)
	if _, alive := b.live()[old.ID]; alive {
		t.Error("the token lives after its grace period")
	}
}
