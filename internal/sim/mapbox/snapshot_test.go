package mapbox_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
)

func TestSnapshotOutlivesTheSimulator(t *testing.T) {
	t.Parallel()
	before := newTestSimulator(t, mapbox.Config{Seed: 1, TemporaryDiesWithParent: true})
	parentID, parent := before.issue("alice", "tokens:write", "styles:read")
	child := before.temporary(parent, time.Hour, "styles:read")
	if err := before.sim.Revoke("bob", before.sim.Tokens("bob")[0].ID); err != nil {
		t.Fatal(err)
	}
	before.sim.Advance(time.Minute)
	lastID, _ := before.issue("alice", "styles:read")
	list := before.do("GET", "/tokens/v2/alice", before.all, "")
	snapshot, err := before.sim.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(snapshot), "contains the signing key") {
		t.Error("the snapshot does not say that it is secret")
	}

	after := newTestSimulator(t, mapbox.Config{Seed: 2, TemporaryDiesWithParent: true})
	if err := after.sim.Restore(snapshot); err != nil {
		t.Fatal(err)
	}
	if string(after.do("GET", "/tokens/v2/alice", before.all, "").raw) != string(list.raw) {
		t.Error("the list differs")
	}
	if len(after.sim.Tokens("bob")) != 0 || after.sim.AddAccount("bob") == nil {
		t.Error("an account without tokens is lost")
	}
	if got := after.verdict(after.all); got != "TokenInvalid" {
		t.Errorf("a token of the replaced state is %s", got)
	}
	if got, want := after.sim.Now(), birth.Add(time.Minute); !got.Equal(want) {
		t.Errorf("the clock is at %s, want %s", got, want)
	}
	after.all = before.all
	if id := after.create(`{"scopes":[]}`).text("id"); id <= lastID {
		t.Error("ids do not go on where they were")
	}
	if got := after.verdict(child); got != "TokenValid" {
		t.Errorf("the temporary token is %s", got)
	}
	if err := after.sim.Revoke("alice", parentID); err != nil {
		t.Fatal(err)
	}
	if got := after.verdict(child); got != "TokenRevoked" {
		t.Errorf("after its parent's end the temporary token is %s", got)
	}
}

func TestRestoreForgetsTheRateLimit(t *testing.T) {
	t.Parallel()
	b := newTestSimulator(t, mapbox.Config{RateLimit: 1})
	snapshot, err := b.sim.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	b.do("GET", "/tokens/v2/alice", b.all, "")
	if err := b.sim.Restore(snapshot); err != nil {
		t.Fatal(err)
	}
	b.want(b.do("GET", "/tokens/v2/alice", b.all, ""), http.StatusOK, "")
}

func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	const key = `"key":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="`
	for name, tc := range map[string]struct{ snapshot, want string }{
		"nothing":      {``, "the snapshot is not the JSON of a simulator"},
		"another file": {`[]`, "the snapshot is not the JSON of a simulator"},
		"no key":       {`{}`, "the snapshot has no signing key"},
		"a short key":  {`{"key":"AAAA"}`, "the snapshot has no signing key"},
		"an id cut short": {`{` + key + `,"accounts":{"alice":[{"id":"c","usage":"sk"}]}}`,
			`the snapshot's account "alice" has a damaged token`},
		"a wrong usage": {`{` + key +
			`,"accounts":{"alice":[{"id":"c123456789012345678901234",` +
			`"usage":"tk"}]}}`, `the snapshot's account "alice" has a damaged token`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newTestSimulator(t, mapbox.Config{})
			if err := b.sim.Restore([]byte(tc.snapshot)); err == nil || err.Error() != tc.want {
				t.Errorf("got %v, want %s", err, tc.want)
			}
			if b.verdict(b.all) != "TokenValid" {
				t.Error("the state was changed")
			}
		})
	}
}
