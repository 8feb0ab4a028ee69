package rotate_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/tokensim"
)

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// native is the id that Secrets Manager gives its rotation and the version that it registers for it.
const native = "5a6b7c8d-0000-4000-8000-000000000001"

func stepEvent(step string) string {
	return fmt.Sprintf(`{"Step":%q,"SecretId":%q,"ClientRequestToken":%q,"RotationToken":"x"}`, step, parentSecret, native)
}

// begin does what Secrets Manager does before the first step.
func (b *bench) begin() {
	b.t.Helper()
	if err := b.memory.SetRotationEnabled(b.t.Context(), parentSecret, true); err != nil {
		b.t.Fatal(err)
	}
	if err := b.memory.BeginRotation(b.t.Context(), parentSecret, native); err != nil {
		b.t.Fatal(err)
	}
}

func TestSecretsManagersOwnRotation(t *testing.T) {
	t.Parallel()
	b := newBench(t).rotated()
	before := b.credential("").ID
	b.begin()
	if got := b.steps(heartbeat); got != "wait" {
		t.Errorf("a heartbeat in between: %s", got)
	}
	for _, step := range []string{"createSecret", "createSecret", "setSecret", "testSecret", "testSecret", "finishSecret", "finishSecret", "createSecret"} {
		if _, err := b.run(stepEvent(step)); err != nil {
			t.Fatalf("%s: %v", step, err)
		}
	}
	current := b.credential("")
	if current.ID == before || current.Rotation != native {
		t.Errorf("current token is of rotation %q", current.Rotation)
	}
	if got := len(b.ours()); got != 2 {
		t.Errorf("%d of our tokens live, want the current one and the one before", got)
	}
	b.mustRun(heartbeat)
	b.sim.Advance(retireAfter)
	b.mustRun(heartbeat)
	if got := len(b.ours()); got != 1 {
		t.Errorf("%d of our tokens live after the grace", got)
	}
}

func TestStepsThatCannotBeTaken(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		prepare func(b *bench)
		event   string
		want    string
	}{
		"switched off":    {func(*bench) {}, stepEvent("createSecret"), "switched off"},
		"no such secret":  {func(*bench) {}, strings.Replace(stepEvent("createSecret"), parentSecret, "other", 1), "not found"},
		"unknown version": {(*bench).begin, strings.Replace(stepEvent("createSecret"), native, strings.Repeat("z", 32), 1), "has no version"},
		"another secret": {func(b *bench) {
			if err := b.memory.Create(b.t.Context(), "other", native, secrets.NewValue("x")); err != nil {
				b.t.Fatal(err)
			}
		}, strings.Replace(stepEvent("createSecret"), parentSecret, "other", 1), "not one that this function rotates"},
		"not pending": {func(b *bench) {
			b.begin()
			if err := b.memory.MoveStage(b.t.Context(), parentSecret, "kept", "", native); err != nil {
				b.t.Fatal(err)
			}
			if err := b.memory.MoveStage(b.t.Context(), parentSecret, secrets.Pending, native, ""); err != nil {
				b.t.Fatal(err)
			}
		}, stepEvent("createSecret"), "is not pending"},
		"test before create":   {(*bench).begin, stepEvent("testSecret"), "holds no value"},
		"finish before create": {(*bench).begin, stepEvent("finishSecret"), "holds no value"},
	} {
		b := newBench(t).rotated()
		tc.prepare(b)
		if _, err := b.run(tc.event); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: error = %v, want %q", name, err, tc.want)
		}
	}
}

// A lost answer of create must not become a second token while the first attempt may still be at work.
func TestCreateStepAfterALostAnswer(t *testing.T) {
	t.Parallel()
	b := newBench(t).rotated()
	b.begin()
	b.sim.Inject(tokensim.Fault{Op: tokensim.OpCreate, Kind: tokensim.LostAnswer})
	if _, err := b.run(stepEvent("createSecret")); err == nil {
		t.Fatal("the answer was not lost")
	}
	if _, err := b.run(stepEvent("createSecret")); err == nil || !strings.Contains(err.Error(), "may still be at work") {
		t.Errorf("at once: error = %v", err)
	}
	if got := len(b.ours()); got != 2 {
		t.Errorf("%d of our tokens live, want the current and the lost one", got)
	}
	b.sim.Advance(21 * time.Minute)
	for _, step := range []string{"createSecret", "setSecret", "testSecret", "finishSecret"} {
		if _, err := b.run(stepEvent(step)); err != nil {
			t.Fatalf("%s: %v", step, err)
		}
	}
	if got := len(b.ours()); got != 2 {
		t.Errorf("%d of our tokens live, want the current one and the one before", got)
	}
}

// A version that Secrets Manager registered and then gave up keeps AWSPENDING without a value for ever.
func TestStrandedLabelIsRemoved(t *testing.T) {
	t.Parallel()
	b := newBench(t).rotated()
	b.begin()
	if err := b.memory.SetRotationEnabled(t.Context(), parentSecret, false); err != nil {
		t.Fatal(err)
	}
	if got := b.steps(heartbeat); got != "unmark settled" {
		t.Errorf("steps: %s", got)
	}
}
