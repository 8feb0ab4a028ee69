package rotate_test

import (
	"encoding/json"
	"fmt"

	"github.com/tokenmint/tokenmint/internal/secrets"
)

const (
	// native is the id that Secrets Manager gives its rotation and the version that it registers
	// for it.
	native = "5a6b7c8d-0000-4000-8000-000000000001"
	// other is that of another rotation, and hand that of a version that a person stores.
	other = "5a6b7c8d-0000-4000-8000-000000000002"
	hand  = "5a6b7c8d-0000-4000-8000-000000000003"

	// rotationToken is in every step's event and must show nowhere.
	rotationToken = "rotation-token-that-shows-nowhere"
)

func stepEvent(step string) string { return stepEventOf(parentSecret, step) }

func stepEventOf(secretID, step string) string {
	return fmt.Sprintf(`{"Step":%q,"SecretId":%q,"ClientRequestToken":%q,"RotationToken":%q}`, step,
		secretID, native, rotationToken)
}

// begin does what Secrets Manager does before the first step.
func (b *testRotator) begin(id string) *testRotator {
	b.t.Helper()
	b.enable(true)
	b.must(b.service.BeginRotation(b.t.Context(), parentSecret, id))
	return b
}

func (b *testRotator) enable(enabled bool) {
	b.t.Helper()
	b.must(b.service.SetRotationEnabled(b.t.Context(), parentSecret, enabled))
}

// created has a rotation whose first step is done.
func (b *testRotator) created() *testRotator {
	b.t.Helper()
	b.rotated().begin(native).must(b.take(stepEvent("createSecret")))
	return b
}

// finished has one whose last step is done.
func (b *testRotator) finished() *testRotator {
	b.t.Helper()
	b.created().must(b.take(stepEvent("finishSecret")))
	return b
}

// bare is a token that a person has made.
func (b *testRotator) bare() string {
	b.t.Helper()
	_, value := b.issue(scopes...)
	return value
}

// take hands the handler an event, in states too in which the invariants of [testRotator.run] do
// not hold. What it says shows no token.
func (b *testRotator) take(event string) error {
	b.t.Helper()
	report, err := b.handler.Handle(b.t.Context(), json.RawMessage(event))
	said, marshalErr := json.Marshal(report)
	b.must(marshalErr)
	b.noLeak(fmt.Sprint(err), string(said))
	return err
}

// put stores a version of the parent's secret.
func (b *testRotator) put(text, id, label string) {
	b.t.Helper()
	b.must(b.store.Put(b.t.Context(), parentSecret, id, secrets.NewValue(text), label))
}

func (b *testRotator) move(label, from, to string) {
	b.t.Helper()
	b.must(b.store.MoveStage(b.t.Context(), parentSecret, label, from, to))
}

func (b *testRotator) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}
