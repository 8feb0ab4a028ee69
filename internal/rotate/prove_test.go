package rotate_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
	"github.com/tokenmint/tokenmint/internal/testkit/log"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

func TestPendingTokenThatDoesNotWorkIsGivenUp(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(b *testRotator, pending secrets.Credential){
		"revoked": func(b *testRotator, c secrets.Credential) {
			if err := b.sim.Revoke(user, c.ID); err != nil {
				b.t.Fatal(err)
			}
		},
		"proof refused": func(b *testRotator, _ secrets.Credential) {
			b.sim.Inject(mapbox.Fault{Op: mapbox.OpCreateTemporary, Kind: mapbox.Status,
				Status: http.StatusUnprocessableEntity})
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newTestRotator(t).rotated()
			before := b.credential("").ID
			// The run dies after it has stored the pending version: all calls of the proof fail.
			b.sim.Inject(mapbox.Fault{Op: mapbox.OpRetrieve, Hits: -1, Kind: mapbox.NoAnswer})
			if _, err := b.run(`{"action":"rotate","id":"one","force":true}`); err == nil {
				t.Fatalf("%s: the proof did not fail", name)
			}
			b.sim.ClearFaults()
			pendingID, ok := b.describe().VersionAt(secrets.Pending)
			if !ok {
				t.Fatalf("%s: nothing is pending after an unknown outcome", name)
			}
			spoil(b, b.credential(pendingID))
			if _, err := b.run(`{"action":"rotate","id":"two"}`); err == nil ||
				!strings.Contains(err.Error(), "unfit") {
				t.Errorf("%s: error = %v", name, err)
			}
			if b.credential("").ID != before {
				t.Errorf("%s: the current token was replaced", name)
			}
			if _, ok := b.describe().VersionAt(secrets.Pending); ok {
				t.Errorf("%s: AWSPENDING is left", name)
			}
			b.sim.Advance(time.Hour)
			b.mustRun(`{"action":"rotate","id":"three"}`)
			b.sim.Advance(retireAfter) // whether it was ever current, nobody knows
			b.mustRun(`{"action":"rotate","id":"four"}`)
			if got := b.ours(); len(got) != 1 {
				t.Errorf("%s: %d of our tokens live after the grace", name, len(got))
			}
		})
	}
}

// What a person has stored as AWSPENDING and cannot take the current token's place is given up like
// any other that fails its proof, and does not stop the rotation. Nothing of it is deleted at
// Mapbox.
func TestPendingValueThatCannotServeIsGivenUp(t *testing.T) {
	t.Parallel()
	text := func(text string) func(*testRotator) string {
		return func(*testRotator) string { return text }
	}
	stored := func(scopes ...string) func(*testRotator) string {
		return func(b *testRotator) string {
			_, value := b.issue(scopes...)
			return fmt.Sprintf(`{"token":%q,"scopes":["%s"]}`, value, strings.Join(scopes, `","`))
		}
	}
	for name, value := range map[string]func(*testRotator) string{
		"no token":       text("oops"),
		"no field token": text(`{"username":"acme"}`),
		"another's id": text(`{"token":"sk.eyJ1IjoiYWNtZSIsImEiOiJ4In0.c2lnbmF0dXJl",` +
			`"id":"y"}`),
		"binary":            text("YmluYXJ5"),
		"public":            stored("styles:read"),
		"cannot list":       stored("styles:write", "tokens:write"),
		"cannot mint":       stored("styles:write", "tokens:read"),
		"without its scope": func(b *testRotator) string { return b.bare() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newTestRotator(t).rotated()
			b.aws.binary = map[bool]string{true: hand}[name == "binary"]
			before := b.credential("").ID
			b.put(value(b), hand, secrets.Pending)
			live := len(b.live())
			if _, err := b.run(heartbeat); err == nil ||
				!strings.Contains(err.Error(), "token is unfit") {
				t.Errorf("error is %v", err)
			}
			if got, want := b.labels(), "first=AWSCURRENT pasted=AWSPREVIOUS"; got != want ||
				b.credential("").ID != before || len(b.live()) != live {
				t.Errorf("labels are %s, want %s; %d tokens live, want %d", got, want,
					len(b.live()), live)
			}
			if got := b.steps(heartbeat); got != "settled" {
				t.Errorf("afterwards: %s", got)
			}
		})
	}
}

// Mapbox takes a moment until a new token is known everywhere. The wait is in virtual time.
func TestProofWaitsForATokenToBeListed(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		lag  time.Duration
		want string
	}{
		"ten seconds": {10 * time.Second, ""},
		"for ever":    {time.Hour, "is not among the account's tokens"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sim, err := mapbox.New(mapbox.Config{Seed: 3, ListLag: tc.lag})
				if err != nil {
					t.Fatal(err)
				}
				if err := sim.AddAccount(user); err != nil {
					t.Fatal(err)
				}
				b := (&testRotator{t: t, sim: sim, log: &log.Buffer{}}).inMemory()
				b.handler = b.newHandler(b.memory,
					tokens.Config{HTTPClient: &http.Client{Transport: inProcess{sim}}})
				b.paste(scopes...)
				_, err = b.run(heartbeat)
				if (err == nil) != (tc.want == "") ||
					(err != nil && !strings.Contains(err.Error(), tc.want)) {
					t.Errorf("error = %v", err)
				}
			})
		})
	}
}
