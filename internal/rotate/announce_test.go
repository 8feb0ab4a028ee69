package rotate_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/rotate"
	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// announcements collects what a rotator publishes.
type announcements struct {
	got    []rotate.Announcement
	broken error // what the bus answers; nil = it accepts
}

func (a *announcements) put(_ context.Context, said rotate.Announcement) error {
	if a.broken == nil {
		a.got = append(a.got, said)
	}
	return a.broken
}

// announcing is a rotated parent that was announced, and what is announced from now on.
func announcing(t *testing.T) (*testRotator, *announcements) {
	t.Helper()
	b, said := newTestRotator(t).rotated(), &announcements{}
	b.announce = said.put
	b.handler = b.newHandler(b.memory, tokens.Config{BaseURL: b.mapbox()})
	if got := b.steps(`{"action":"rotate","id":"announce"}`); got != "announce settled" {
		t.Fatalf("the first run with events: %s", got)
	}
	if len(said.got) != 1 || !b.isAnnounced() {
		t.Fatalf("announced: %+v", said.got)
	}
	said.got = nil
	return b, said
}

func (b *testRotator) isAnnounced() bool {
	current, _ := b.describe().VersionAt(secrets.Current)
	return b.describe().Has(current, "tokenmint:announced")
}

func TestPromotionAndDeletionAreAnnounced(t *testing.T) {
	t.Parallel()
	b, said := announcing(t)
	old := b.credential("")
	oldVersion, _ := b.describe().VersionAt(secrets.Current)
	if got := b.steps(`{"action":"rotate","id":"next","force":true}`); got !=
		"create promote drop date announce settled" {
		t.Errorf("steps of a rotation: %s", got)
	}
	dated := b.sim.Now()
	current, now := b.credential(""), b.describe()
	version, _ := now.VersionAt(secrets.Current)
	want := rotate.Announcement{Kind: "Token Promoted", Stack: "test", Name: "parent",
		SecretARN: now.ARN, Version: version, TokenID: current.ID, Hash: current.Token.Hash(),
		Deadline: dated.Add(retireAfter).UTC().Truncate(time.Second)}
	if len(said.got) != 1 || said.got[0] != want || !b.isAnnounced() {
		t.Errorf("announced %+v, want %+v", said.got, want)
	}
	if got := b.steps(`{"action":"rotate","id":"again"}`); got != "settled" {
		t.Errorf("steps at rest: %s", got)
	}
	b.sim.Advance(retireAfter)
	if got := b.steps(`{"action":"rotate","id":"over"}`); got !=
		"retire announce forget settled" {
		t.Errorf("steps of a retirement: %s", got)
	}
	want.Kind, want.Version, want.TokenID, want.Hash =
		"Token Deleted", oldVersion, old.ID, old.Token.Hash()
	if len(said.got) != 2 || said.got[1] != want {
		t.Errorf("announced %+v, want %+v", said.got[1:], want)
	}
	for _, a := range said.got {
		text, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		b.noLeak(string(text))
	}
}

// TestEventsThatFailForEver: each run fails, but tokens are created, dated and deleted as without
// events. Four deletions wait for their event, and later ones replace them.
func TestEventsThatFailForEver(t *testing.T) {
	t.Parallel()
	b, said := announcing(t)
	said.broken = errors.New("no bus")
	for i := range 7 {
		before := strings.Count(b.log.String(), `"ParentAge":`)
		_, err := b.run(fmt.Sprintf(`{"action":"rotate","id":"r%d","force":true}`, i))
		if err == nil || !strings.Contains(err.Error(), "announce: Token Promoted") {
			t.Fatalf("run %d: error is %v", i, err)
		}
		b.sim.Advance(retireAfter)
		if _, err := b.run(fmt.Sprintf(`{"action":"rotate","id":"d%d"}`, i)); err == nil ||
			!strings.Contains(err.Error(), "announce: Token Deleted") {
			t.Fatalf("run %d: error is %v", i, err)
		}
		if n := strings.Count(b.log.String(), `"ParentAge":`); n != before+2 {
			t.Fatalf("run %d: no ParentAge, though only events fail", i)
		}
		if ours := b.ours(); len(ours) != 1 || b.isAnnounced() {
			t.Fatalf("run %d: tokens %v are alive", i, ours)
		}
	}
	if dated := b.dated(); dated != 4 {
		t.Errorf("%d versions wait for the event of their deletion, want 4", dated)
	}
	said.broken = nil
	if got := b.steps(`{"action":"rotate","id":"back"}`); got !=
		"announce announce announce announce announce forget forget forget forget settled" {
		t.Errorf("steps once the bus is back: %s", got)
	}
	if len(said.got) != 5 || !b.isAnnounced() || b.dated() != 0 {
		t.Errorf("announced: %+v", said.got)
	}
}

// dated counts the versions with a date.
func (b *testRotator) dated() (n int) {
	for _, labels := range b.describe().Stages {
		for _, label := range labels {
			if strings.HasPrefix(label, "tokenmint:superseded:") {
				n++
			}
		}
	}
	return n
}

// TestASweptTokenHasNoEvent: a token that no version ever held is deleted silently.
func TestASweptTokenHasNoEvent(t *testing.T) {
	t.Parallel()
	b, said := announcing(t)
	if _, _, err := b.sim.AddToken(user, ourNotes+rotationToken, scopes); err != nil {
		t.Fatal(err)
	}
	b.sim.Advance(30 * time.Minute)
	if got := b.steps(`{"action":"rotate","id":"sweep"}`); got != "sweep settled" ||
		len(said.got) != 0 {
		t.Errorf("steps: %s, announced %+v", got, said.got)
	}
}

// TestARollbackIsAnnounced: consumers must know which token is current, whoever made it so.
func TestARollbackIsAnnounced(t *testing.T) {
	t.Parallel()
	b, said := announcing(t)
	before, _ := b.describe().VersionAt(secrets.Current)
	b.mustRun(`{"action":"rotate","id":"next","force":true}`)
	now, _ := b.describe().VersionAt(secrets.Current)
	b.move(secrets.Current, now, before)
	b.mustRun(`{"action":"rotate","id":"after"}`)
	if n := len(said.got); n != 2 || said.got[1].Version != before ||
		said.got[1].Kind != rotate.TokenPromoted {
		t.Errorf("announced %+v", said.got)
	}
}
