package rotate_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tokenmint/tokenmint/internal/logtest"
	"github.com/tokenmint/tokenmint/internal/rotate"
	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/tokensim"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

const heartbeat = `{"action":"rotate","id":"2026-01-02T15:00:00Z"}`

func TestPastedParentIsReplacedAtTheFirstHeartbeatAndRetired(t *testing.T) {
	t.Parallel()
	newBench(t).replacesPasted()
}

func (b *bench) replacesPasted() {
	t := b.t
	pasted := b.paste(scopes...)
	bystander, _ := b.issue("styles:list")

	if got := b.steps(heartbeat); got != "create promote unmark supersede settled" {
		t.Errorf("first heartbeat: %s", got)
	}
	current := b.credential("")
	if current.ID == pasted || current.Username != user || !slices.Equal(current.Scopes, scopes) || current.Created.IsZero() {
		t.Errorf("current = %+v", current)
	}
	if note := b.live()[current.ID].Note; note != ourNotes+current.Rotation {
		t.Errorf("note = %q, rotation = %q", note, current.Rotation)
	}
	if got := b.describe(); !slices.Contains(got.Stages[strings.Repeat("a", 32)], secrets.Previous) {
		t.Errorf("labels = %v", got.Stages)
	}

	b.sim.Advance(retireAfter - time.Minute)
	if got := b.steps(heartbeat); got != "settled" {
		t.Errorf("in grace: %s", got)
	}
	if _, alive := b.live()[pasted]; !alive {
		t.Error("the pasted token was deleted in its grace")
	}
	b.sim.Advance(2 * time.Minute)
	if got := b.steps(heartbeat); got != "retire forget settled" {
		t.Errorf("after grace: %s", got)
	}
	if _, alive := b.live()[pasted]; alive {
		t.Error("the pasted token lives after its grace")
	}
	if _, alive := b.live()[bystander]; !alive {
		t.Error("a token that is none of ours was deleted")
	}
	if got := b.steps(heartbeat); got != "settled" {
		t.Errorf("at rest: %s", got)
	}
}

func TestDueIsReadFromTheSecret(t *testing.T) {
	t.Parallel()
	b := newBench(t).rotated()
	first := b.credential("").ID
	b.sim.Advance(rotateEvery - retireAfter - time.Minute)
	if got := b.steps(`{"action":"rotate","id":"x"}`); got != "settled" {
		t.Errorf("before it is due: %s", got)
	}
	b.sim.Advance(2 * time.Minute)
	if got := b.steps(`{"version":"0","id":"y","source":"aws.events","detail-type":"Scheduled Event","detail":{}}`); got != "create promote unmark supersede settled" {
		t.Errorf("when it is due: %s", got)
	}
	if b.credential("").ID == first {
		t.Error("the current token is the same")
	}
}

func TestForcedRotationDeliveredTwiceIsOne(t *testing.T) {
	t.Parallel()
	newBench(t).rotated().forcesOnce()
}

func (b *bench) forcesOnce() {
	t := b.t
	const event = `{"action":"rotate","id":"operator-1","name":"parent","force":true}`
	if got := b.steps(event); got != "create promote unmark supersede settled" {
		t.Errorf("first delivery: %s", got)
	}
	current := b.credential("").ID
	if got := b.steps(event); got != "settled" || b.credential("").ID != current {
		t.Errorf("second delivery: %s", got)
	}
	b.mustRun(`{"action":"rotate","id":"operator-2","force":true}`)
	if b.credential("").ID == current {
		t.Error("another event did not rotate")
	}
	if got := b.steps(event); got != "settled" {
		t.Errorf("third delivery, late: %s", got)
	}
	// Two versions are in grace now: the second rotation has pushed the first one's off AWSPREVIOUS.
	b.sim.Advance(retireAfter)
	b.mustRun(heartbeat)
	if got := b.ours(); len(got) != 1 {
		t.Errorf("%d of our tokens live after the grace, want 1", len(got))
	}
}

func TestTooManyLiveTokensStopRotation(t *testing.T) {
	t.Parallel()
	b := newBench(t).rotated()
	var err error
	for i := range 10 {
		if _, err = b.run(fmt.Sprintf(`{"action":"rotate","id":"force-%d","force":true}`, i)); err != nil {
			break
		}
	}
	if err == nil || !strings.Contains(err.Error(), "tokens of this name are alive") {
		t.Errorf("error = %v", err)
	}
	if got := len(b.ours()); got != 8 {
		t.Errorf("%d of our tokens live", got)
	}
}

// Whatever call breaks, before or after its effect, once or from there on: later runs converge, the current token always
// works, and nothing of ours is left behind.
func TestConvergesAfterAnyInterruption(t *testing.T) {
	t.Parallel()
	const positions = 40 // more than a rotation and a retirement have calls; see the check below
	for _, wire := range []string{"mapbox", "aws"} {
		for _, all := range []bool{false, true} {
			for _, effect := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s all=%t effect=%t", wire, all, effect), func(t *testing.T) {
					t.Parallel()
					interrupted := 0
					for skip := range positions {
						if interrupt(newBench(t), wire, skip, all, effect) {
							interrupted++
						}
					}
					// net/http itself repeats a GET whose connection is closed, so a single fault shows only in what must not be repeated.
					if interrupted < 3 || interrupted == positions {
						t.Errorf("%d of %d positions met a call", interrupted, positions)
					}
				})
			}
		}
	}
}

// interrupt rotates with one fault, then lets heartbeats follow. It reports whether the fault was met.
func interrupt(b *bench, wire string, skip int, all, effect bool) bool {
	t := b.t
	pasted := b.paste(scopes...)
	bystander, _ := b.issue("styles:list")
	fault := tokensim.Fault{Skip: skip, Hits: 1, Kind: tokensim.NoAnswer}
	if all {
		fault.Hits = -1
	}
	if effect {
		fault.Kind = tokensim.LostAnswer
	}
	if wire == "mapbox" {
		b.sim.Inject(fault)
	} else {
		b.aws.arm(skip, all, effect)
	}
	_, err := b.run(heartbeat)
	b.sim.ClearFaults()
	b.aws.disarm()

	for hour := range 8 {
		if hour > 0 {
			b.sim.Advance(time.Hour)
		}
		if _, err := b.run(fmt.Sprintf(`{"action":"rotate","id":"hour-%d"}`, hour)); err != nil && hour > 0 {
			t.Errorf("position %d: hour %d: %v", skip, hour, err)
		}
		if n := len(b.ours()); n > 3 {
			t.Errorf("position %d: hour %d: %d of our tokens live", skip, hour, n)
		}
	}
	current := b.credential("").ID
	if got := b.ours(); !slices.Equal(got, []string{current}) || current == pasted {
		t.Errorf("position %d: at the end %d of our tokens live, current pasted: %t", skip, len(got), current == pasted)
	}
	if _, alive := b.live()[pasted]; alive {
		t.Errorf("position %d: the pasted token lives on", skip)
	}
	if _, alive := b.live()[bystander]; !alive {
		t.Errorf("position %d: a token that is none of ours was deleted", skip)
	}
	if _, pending := b.describe().VersionAt(secrets.Pending); pending {
		t.Errorf("position %d: AWSPENDING is left behind", skip)
	}
	return err != nil
}

func TestStoreThatRefusesUndoesTheCreate(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.paste(scopes...)
	id := strings.Repeat("b", 40)
	// Somebody else has taken the version that this rotation would store.
	if err := b.memory.Put(t.Context(), parentSecret, id, secrets.NewValue("taken"), "other"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.run(`{"action":"rotate","id":"` + id + `"}`); err == nil {
		t.Error("no error")
	}
	if n := len(b.ours()); n != 0 {
		t.Errorf("%d created tokens are left", n)
	}
}

func TestPendingTokenThatDoesNotWorkIsGivenUp(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(b *bench, pending secrets.Credential){
		"revoked": func(b *bench, c secrets.Credential) {
			if err := b.sim.Revoke(user, c.ID); err != nil {
				b.t.Fatal(err)
			}
		},
		"proof refused": func(b *bench, _ secrets.Credential) {
			b.sim.Inject(tokensim.Fault{Op: tokensim.OpCreateTemporary, Kind: tokensim.Status, Status: http.StatusUnprocessableEntity})
		},
	} {
		b := newBench(t).rotated()
		before := b.credential("").ID
		// The run dies after it has stored the pending version: all calls of the proof fail.
		b.sim.Inject(tokensim.Fault{Op: tokensim.OpRetrieve, Hits: -1, Kind: tokensim.NoAnswer})
		if _, err := b.run(`{"action":"rotate","id":"one","force":true}`); err == nil {
			t.Fatalf("%s: the proof did not fail", name)
		}
		b.sim.ClearFaults()
		pendingID, ok := b.describe().VersionAt(secrets.Pending)
		if !ok {
			t.Fatalf("%s: nothing is pending after an unknown outcome", name)
		}
		spoil(b, b.credential(pendingID))
		if _, err := b.run(`{"action":"rotate","id":"two"}`); err == nil || !strings.Contains(err.Error(), "unfit") {
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
	}
}

// What a person has stored as AWSPENDING and cannot take the current token's place is given up like any other that fails its proof, and
// does not stop the rotation. Nothing of it is deleted at Mapbox.
func TestPendingValueThatCannotServeIsGivenUp(t *testing.T) {
	t.Parallel()
	text := func(text string) func(*bench) string { return func(*bench) string { return text } }
	stored := func(scopes ...string) func(*bench) string {
		return func(b *bench) string {
			_, value := b.issue(scopes...)
			return fmt.Sprintf(`{"token":%q,"scopes":["%s"]}`, value, strings.Join(scopes, `","`))
		}
	}
	for name, value := range map[string]func(*bench) string{
		"no token":          text("oops"),
		"no field token":    text(`{"username":"acme"}`),
		"another's id":      text(`{"token":"sk.eyJ1IjoiYWNtZSIsImEiOiJ4In0.c2lnbmF0dXJl","id":"y"}`),
		"binary":            text("YmluYXJ5"),
		"public":            stored("styles:read"),
		"cannot list":       stored("styles:write", "tokens:write"),
		"cannot mint":       stored("styles:write", "tokens:read"),
		"without its scope": func(b *bench) string { return b.bare() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t).rotated()
			b.aws.binary = map[bool]string{true: hand}[name == "binary"]
			before := b.credential("").ID
			b.put(value(b), hand, secrets.Pending)
			live := len(b.live())
			if _, err := b.run(heartbeat); err == nil || !strings.Contains(err.Error(), "token is unfit") {
				t.Errorf("error is %v", err)
			}
			if got, want := b.labels(), "first=AWSCURRENT pasted=AWSPREVIOUS"; got != want || b.credential("").ID != before || len(b.live()) != live {
				t.Errorf("labels are %s, want %s; %d tokens live, want %d", got, want, len(b.live()), live)
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
				sim, err := tokensim.New(tokensim.Config{Seed: 3, ListLag: tc.lag})
				if err != nil {
					t.Fatal(err)
				}
				if err := sim.AddAccount(user); err != nil {
					t.Fatal(err)
				}
				b := (&bench{t: t, sim: sim, log: &logtest.Buffer{}}).inMemory()
				b.handler = b.newHandler(b.memory, tokens.Config{HTTPClient: &http.Client{Transport: inProcess{sim}}})
				b.paste(scopes...)
				_, err = b.run(heartbeat)
				if (err == nil) != (tc.want == "") || (err != nil && !strings.Contains(err.Error(), tc.want)) {
					t.Errorf("error = %v", err)
				}
			})
		})
	}
}

func TestEventsThatAreNone(t *testing.T) {
	t.Parallel()
	b := newBench(t).rotated()
	for _, tc := range []struct{ event, want string }{
		{`[]`, "not a JSON object"},
		{`{}`, "neither an action nor a Step"},
		{`{"action":"destroy","id":"x"}`, `unknown action "destroy"`},
		{`{"action":"rotate","id":"x","name":"other"}`, `no managed token is called "other"`},
		{`{"action":"rotate"}`, "no id"},
		{`{"Step":"dropSecret","SecretId":"x","ClientRequestToken":"y"}`, "unknown rotation step"},
		{`{"Step":"createSecret"}`, "without SecretId"},
	} {
		if _, err := b.handler.Handle(t.Context(), json.RawMessage(tc.event)); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: error = %v, want %q", tc.event, err, tc.want)
		}
	}
}

func TestWhatIsWrongWithTheSecretIsSaid(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		prepare func(b *bench)
		want    string
	}{
		"no secret": {func(*bench) {}, "not found"},
		"no value": {func(b *bench) {
			if err := b.memory.Create(b.t.Context(), parentSecret, "", secrets.Value{}); err != nil {
				b.t.Fatal(err)
			}
		}, "has no current version"},
		"no token": {func(b *bench) {
			if err := b.memory.Create(b.t.Context(), parentSecret, strings.Repeat("a", 32), secrets.NewValue("hello")); err != nil {
				b.t.Fatal(err)
			}
		}, "holds no credential"},
		"no tokens:read":  {func(b *bench) { b.paste("styles:read", "tokens:write") }, "lacks the scope tokens:read"},
		"no tokens:write": {func(b *bench) { b.paste("styles:read", "tokens:read") }, "lacks the scope tokens:write"},
	} {
		b := newBench(t)
		tc.prepare(b)
		_, err := b.handler.Handle(t.Context(), json.RawMessage(heartbeat))
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: error = %v", name, err)
		}
		b.noLeak(fmt.Sprint(err))
	}
}

// A person's slip in the past is no reason to stop rotating.
func TestEarlierVersionThatIsNoCredentialIsLeftAlone(t *testing.T) {
	t.Parallel()
	b := newBench(t).rotated()
	_, value := b.issue(scopes...)
	b.aws.binary = strings.Repeat("e", 32)
	for _, v := range []struct{ id, text string }{{"c", "oops"}, {"e", "YmluYXJ5"}, {"d", value}} {
		current, _ := b.describe().VersionAt(secrets.Current)
		id := strings.Repeat(v.id, 32)
		if err := b.memory.Put(t.Context(), parentSecret, id, secrets.NewValue(v.text), secrets.Pending); err != nil {
			t.Fatal(err)
		}
		if err := b.memory.MoveStage(t.Context(), parentSecret, secrets.Current, current, id); err != nil {
			t.Fatal(err)
		}
	}
	b.mustRun(`{"action":"rotate","id":"after-the-slip"}`)
	if b.credential("").Rotation == "" {
		t.Error("the pasted token was not replaced")
	}
}

func TestLongStackNameStaysWithinTheNote(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.paste(scopes...)
	client, err := tokens.New(tokens.Config{HTTPClient: &http.Client{Transport: inProcess{b.sim}}})
	if err != nil {
		t.Fatal(err)
	}
	handler, err := rotate.New(rotate.Config{
		Stack:  strings.Repeat("a-very-long-stack-", 7),
		Parent: rotate.Managed{Name: strings.Repeat("n", 32), SecretID: parentSecret, RotateEvery: rotateEvery, RetireAfter: retireAfter},
		Store:  b.memory, Tokens: client, Now: b.sim.Now, Logger: discard(),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := handler.Handle(t.Context(), json.RawMessage(`{"action":"rotate","id":"`+strings.Repeat("i", 64)+`"}`)); err != nil {
		t.Fatal(err) // the simulator refuses a note of more than 128 characters
	}
}

func TestNewNeedsEverything(t *testing.T) {
	t.Parallel()
	if _, err := rotate.New(rotate.Config{}); err == nil {
		t.Error("a handler was made of nothing")
	}
}
