package rotate_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
)

// The service names a secret by its ARN, and the configuration by either.
func TestStepsNameTheSecretByItsARN(t *testing.T) {
	t.Parallel()
	byARN := uploads()
	b := newTestRotator(t).rotated()
	b.must(b.service.Create(t.Context(), byARN.SecretID, "", secrets.Value{}))
	d, err := b.store.Describe(t.Context(), byARN.SecretID)
	b.must(err)
	byARN.SecretID = d.ARN
	b.withAdditional(byARN).mustRun(heartbeat)
	for _, arn := range []string{b.describe().ARN, d.ARN} {
		b.must(b.memory.SetRotationEnabled(t.Context(), arn, true))
		b.must(b.memory.BeginRotation(t.Context(), arn, native))
		for _, step := range []string{"createSecret", "setSecret", "testSecret", "finishSecret"} {
			b.must(b.take(stepEventOf(arn, step)))
		}
		if got := b.stored(arn).Rotation; got != native {
			t.Errorf("%s: current token is of rotation %q", arn, got)
		}
	}
}

// A additional token is created with the parent, which must be readable.
func TestStepsOfAnAdditionalToken(t *testing.T) {
	t.Parallel()
	b := newTestRotator(t).rotated().withAdditional(uploads())
	b.mustRun(heartbeat)
	parent, before, secretID := b.credential("").ID, b.stored(uploads().SecretID).ID,
		uploads().SecretID
	b.must(b.memory.SetRotationEnabled(t.Context(), secretID, true))
	b.must(b.memory.BeginRotation(t.Context(), secretID, native))
	for _, step := range []string{"createSecret", "createSecret", "setSecret", "testSecret",
		"finishSecret", "finishSecret"} {
		b.mustRun(heartbeatOf("parent"))
		if _, err := b.run(stepEventOf(secretID, step)); err != nil {
			t.Fatalf("%s: %v", step, err)
		}
	}
	if got := b.stored(secretID); got.ID == before || got.Rotation != native {
		t.Errorf("current is token %s of rotation %q", got.ID, got.Rotation)
	}
	b.sim.Advance(retireAfter)
	b.mustRun(heartbeat)
	b.sim.Advance(retireAfter)
	b.mustRun(heartbeat)
	if _, alive := b.live()[before]; alive || b.credential("").ID != parent {
		t.Error("the token before lives after its grace, or the parent is another")
	}

	b.must(b.memory.BeginRotation(t.Context(), secretID, other))
	b.put("oops", hand, secrets.Current)
	if err := b.take(strings.Replace(stepEventOf(secretID, "createSecret"),
		native, other, 1)); err == nil || !strings.Contains(err.Error(), "parent: ") {
		t.Errorf("without a parent: error is %v", err)
	}
}

// By the protocol AWSCURRENT must exist. The first token of a secret is the heartbeat's to make,
// which does not wait for a rotation that cannot go on.
func TestStepsOfAnAdditionalTokenThatIsNotThereYet(t *testing.T) {
	t.Parallel()
	b := newTestRotator(t).rotated().withAdditional(uploads())
	secretID := uploads().SecretID
	b.must(b.memory.SetRotationEnabled(t.Context(), secretID, true))
	b.must(b.memory.BeginRotation(t.Context(), secretID, native))
	creates := b.called(mapbox.OpCreate)
	for _, step := range []string{"createSecret", "setSecret", "testSecret", "finishSecret"} {
		if err := b.take(stepEventOf(secretID, step)); err == nil ||
			!strings.Contains(err.Error(), "has no current version") {
			t.Errorf("%s: error is %v", step, err)
		}
	}
	if got := b.called(mapbox.OpCreate) - creates; got != 0 {
		t.Errorf("%d tokens were created", got)
	}
	if got := stepsOf(b.mustRun(heartbeat)); got != "parent[settled] uploads[drop create "+
		"promote drop settled]" {
		t.Errorf("heartbeat: %s", got)
	}
	b.must(b.memory.BeginRotation(t.Context(), secretID, other))
	for _, step := range []string{"createSecret", "setSecret", "testSecret", "finishSecret"} {
		b.must(b.take(strings.Replace(stepEventOf(secretID, step), native, other, 1)))
	}
	if got := b.stored(secretID).Rotation; got != other {
		t.Errorf("current is of rotation %q", got)
	}
}

func heartbeatOf(name string) string {
	return fmt.Sprintf(`{"action":"rotate","id":"2026-01-02T16:00:00Z","name":%q}`, name)
}
