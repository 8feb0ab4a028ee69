package rotate_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/rotate"
	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

const heartbeat = `{"action":"rotate","id":"2026-01-02T15:00:00Z"}`

func TestPastedParentIsReplacedAtTheFirstHeartbeatAndRetired(t *testing.T) {
	t.Parallel()
	newTestRotator(t).replacesPasted()
}

func (b *testRotator) replacesPasted() {
	t := b.t
	pasted := b.paste(scopes...)
	bystander, _ := b.issue("styles:list")

	if got := b.steps(heartbeat); got != "create promote drop date settled" {
		t.Errorf("first heartbeat: %s", got)
	}
	current := b.credential("")
	if current.ID == pasted || current.Username != user || !slices.Equal(current.Scopes, scopes) ||
		current.Created.IsZero() {
		t.Errorf("current = %+v", current)
	}
	if note := b.live()[current.ID].Note; note != ourNotes+current.Rotation {
		t.Errorf("note = %q, rotation = %q", note, current.Rotation)
	}
	if got := b.describe(); !slices.Contains(got.Stages[strings.Repeat("a", 32)],
		secrets.Previous) {
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
	b := newTestRotator(t).rotated()
	first := b.credential("").ID
	b.sim.Advance(rotateEvery - retireAfter - time.Minute)
	if got := b.steps(`{"action":"rotate","id":"x"}`); got != "settled" {
		t.Errorf("before it is due: %s", got)
	}
	b.sim.Advance(2 * time.Minute)
	got := b.steps(`{"version":"0","id":"y","source":"aws.events",` +
		`"detail-type":"Scheduled Event","detail":{}}`)
	if got != "create promote drop date settled" {
		t.Errorf("when it is due: %s", got)
	}
	if b.credential("").ID == first {
		t.Error("the current token is the same")
	}
}

func TestForcedRotationDeliveredTwiceIsOne(t *testing.T) {
	t.Parallel()
	newTestRotator(t).rotated().forcesOnce()
}

func (b *testRotator) forcesOnce() {
	t := b.t
	const event = `{"action":"rotate","id":"operator-1","name":"parent","force":true}`
	if got := b.steps(event); got != "create promote drop date settled" {
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
	// Two versions are in grace now: the second rotation has pushed the first one's off
	// AWSPREVIOUS.
	b.sim.Advance(retireAfter)
	b.mustRun(heartbeat)
	if got := b.ours(); len(got) != 1 {
		t.Errorf("%d of our tokens live after the grace, want 1", len(got))
	}
}

func TestTooManyLiveTokensStopRotation(t *testing.T) {
	t.Parallel()
	b := newTestRotator(t).rotated()
	var err error
	for i := range 10 {
		if _, err = b.run(fmt.Sprintf(`{"action":"rotate","id":"force-%d","force":true}`,
			i)); err != nil {
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

func TestWhatIsWrongWithTheSecretIsSaid(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		prepare func(b *testRotator)
		want    string
	}{
		"no secret": {func(*testRotator) {}, "not found"},
		"a quoted token": {func(b *testRotator) {
			b.hold(strconv.Quote(b.bare()))
		}, "holds no credential"},
		"garbage over a parent": {func(b *testRotator) {
			b.paste(scopes...)
			b.put("hello", hand, secrets.Current)
		}, "holds no credential"},
		"a public token": {func(b *testRotator) {
			_, value := b.issue("styles:read")
			b.hold(value)
		}, "store a secret token (sk)"},
		"no tokens:read": {func(b *testRotator) {
			b.paste("styles:read", "tokens:write")
		}, "lacks the scope tokens:read"},
		"no tokens:write": {func(b *testRotator) {
			b.paste("styles:read", "tokens:read")
		}, "lacks the scope tokens:write"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newTestRotator(t)
			tc.prepare(b)
			_, err := b.handler.Handle(t.Context(), json.RawMessage(heartbeat))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%s: error = %v", name, err)
			}
			b.noLeak(fmt.Sprint(err))
		})
	}
}

// A person's slip in the past is no reason to stop rotating.
func TestEarlierVersionThatIsNoCredentialIsLeftAlone(t *testing.T) {
	t.Parallel()
	b := newTestRotator(t).rotated()
	_, value := b.issue(scopes...)
	b.aws.binary = strings.Repeat("e", 32)
	for _, v := range []struct{ id, text string }{{"c", "oops"}, {"e", "YmluYXJ5"}, {"d", value}} {
		current, _ := b.describe().VersionAt(secrets.Current)
		id := strings.Repeat(v.id, 32)
		if err := b.memory.Put(t.Context(), parentSecret, id, secrets.NewValue(v.text),
			secrets.Pending); err != nil {
			t.Fatal(err)
		}
		if err := b.memory.MoveStage(t.Context(), parentSecret, secrets.Current,
			current, id); err != nil {
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
	b := newTestRotator(t)
	b.paste(scopes...)
	client, err := tokens.New(tokens.Config{HTTPClient: &http.Client{Transport: inProcess{b.sim}}})
	if err != nil {
		t.Fatal(err)
	}
	handler, err := rotate.New(rotate.Config{
		Stack: strings.Repeat("a-very-long-stack-", 7),
		Parent: rotate.Managed{Name: strings.Repeat("n", 32), SecretID: parentSecret,
			RotateEvery: rotateEvery, RetireAfter: retireAfter},
		Store: b.memory, Tokens: client, Now: b.sim.Now, Logger: discard(),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := handler.Handle(t.Context(), json.RawMessage(`{"action":"rotate","id":"`+
		strings.Repeat("i", 64)+`"}`)); err != nil {
		t.Fatal(err) // the simulator refuses a note of more than 128 characters
	}
}

func TestNewNeedsEverything(t *testing.T) {
	t.Parallel()
	if _, err := rotate.New(rotate.Config{}); err == nil {
		t.Error("a handler was made of nothing")
	}
}

// Two tokens in one secret would replace each other with every heartbeat, and whoever reads it
// would get now the one and now the other.
func TestNewRefusesTwoTokensInOneSecret(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:"
	for _, tc := range []struct {
		parent  string
		further []string
		refused bool
	}{
		{"tokenmint/parent", []string{"tokenmint/parent"}, true},
		{arn + "tokenmint/parent-AbCdEf", []string{"tokenmint/parent"}, true},
		{"tokenmint/parent", []string{arn + "tokenmint/parent-AbCdEf"}, true},
		{"tokenmint/parent", []string{"tokenmint/page", "tokenmint/page"}, true},
		{arn + "tokenmint/parent-AbCdEf", []string{"tokenmint/page", "tokenmint/par",
			"tokenmint/parent-AbCdEf"}, false},
	} {
		t.Run(strings.Join(append(tc.further, tc.parent), " "), func(t *testing.T) {
			b := newTestRotator(t)
			c := rotate.Config{Stack: "test", Parent: rotate.Managed{Name: "parent",
				SecretID: tc.parent}, Store: b.memory, Tokens: &tokens.Client{}, Now: b.sim.Now,
				Logger: discard()}
			for i, id := range tc.further {
				c.Additional = append(c.Additional, rotate.Managed{Name: "additional-" +
					string(rune('a'+i)), SecretID: id})
			}
			if _, err := rotate.New(c); (err != nil) != tc.refused ||
				err != nil && !strings.Contains(err.Error(), "additional-") {
				t.Errorf("%s and %v: %v", tc.parent, tc.further, err)
			}
		})
	}
}
