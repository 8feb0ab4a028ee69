package rotate_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/rotate"
)

// moved is the token uploads in a secret with another name.
func moved() rotate.Managed {
	m := uploads()
	m.SecretID = "tokenmint/prod/uploads"
	return m
}

// alive reports whether Mapbox lists the token.
func (b *testRotator) alive(id string) bool {
	for _, t := range b.sim.Tokens(user) {
		if t.ID == id {
			return true
		}
	}
	return false
}

// A secret cannot be renamed. If its value is copied to the secret with the new name first, the
// readers of the old one have the whole grace period: see docs/upgrade.md.
func TestTokenMovesToASecretWithAnotherName(t *testing.T) {
	t.Parallel()
	b := newTestRotator(t).rotated().withAdditional(uploads())
	b.mustRun(`{"action":"rotate","id":"before"}`)
	old := b.stored(uploads().SecretID)
	value, err := old.Encode()
	if err != nil {
		t.Fatal(err)
	}
	b.must(b.memory.Create(t.Context(), moved().SecretID, strings.Repeat("c", 32), value))
	b.withAdditional(moved())
	b.mustRun(`{"action":"rotate","id":"first"}`)
	if next := b.stored(moved().SecretID); next.ID == old.ID || !b.alive(next.ID) {
		t.Error("the copied token was not replaced")
	}
	b.sim.Advance(retireAfter - time.Minute)
	b.mustRun(`{"action":"rotate","id":"second"}`)
	if !b.alive(old.ID) {
		t.Error("the old token was deleted within its grace period")
	}
	b.sim.Advance(2 * time.Minute)
	b.mustRun(`{"action":"rotate","id":"third"}`)
	if b.alive(old.ID) {
		t.Error("the old token lives after its grace period")
	}
	b.noLeak()
}

// An empty new secret loses the old token: its note is ours, and no version holds it.
func TestTokenIsLostIfItsSecretIsNotCopied(t *testing.T) {
	t.Parallel()
	b := newTestRotator(t).rotated().withAdditional(uploads())
	b.mustRun(`{"action":"rotate","id":"before"}`)
	old := b.stored(uploads().SecretID)
	b.sim.Advance(time.Hour)
	report := b.withAdditional(moved()).mustRun(`{"action":"rotate","id":"first"}`)
	if b.alive(old.ID) || !slices.Contains(report.Tokens[1].Steps, "sweep") {
		t.Errorf("steps %v: docs/upgrade.md warns of a deletion", report.Tokens[1].Steps)
	}
}
