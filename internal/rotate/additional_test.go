package rotate_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/rotate"
	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/sim/aws"
	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
	"github.com/tokenmint/tokenmint/internal/telemetry"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// uploads is a secret token and page a public one, each in a secret that the stack has made without
// a value.
func uploads() rotate.Managed {
	return rotate.Managed{Name: "uploads", SecretID: "tokenmint/uploads",
		Scopes: []string{"uploads:write"}, RotateEvery: rotateEvery, RetireAfter: retireAfter}
}

func page() rotate.Managed {
	return rotate.Managed{
		Name: "page", SecretID: "tokenmint/page", Scopes: []string{"styles:read"},
		AllowedURLs: []string{"https://maps.example.com"},
		RotateEvery: rotateEvery, RetireAfter: retireAfter,
	}
}

// withAdditional has a rotated parent, and the rotator keeps these tokens too.
func (b *testRotator) withAdditional(further ...rotate.Managed) *testRotator {
	b.t.Helper()
	client, err := tokens.New(tokens.Config{
		HTTPClient: &http.Client{Transport: inProcess{b.sim}}, Now: b.sim.Now, MaxAttempts: 1,
	})
	if err != nil {
		b.t.Fatal(err)
	}
	b.handler, err = rotate.New(rotate.Config{
		Stack: "test",
		Parent: rotate.Managed{Name: "parent", SecretID: parentSecret, RotateEvery: rotateEvery,
			RetireAfter: retireAfter},
		Additional: further, Store: b.memory, Tokens: client, Now: b.sim.Now, Pause: b.pause,
		Logger: telemetry.NewLogger(b.log, nil), Metrics: &telemetry.Metrics{Stage: "test"},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	for _, m := range further {
		// The secret is there from the second time on.
		_ = b.memory.Create(b.t.Context(), m.SecretID, "", secrets.Value{})
	}
	return b
}

// stored returns the credential in a secret.
func (b *testRotator) stored(secretID string) secrets.Credential {
	b.t.Helper()
	v, err := b.memory.Get(b.t.Context(), secretID, "")
	if err != nil {
		b.t.Fatal(err)
	}
	c, err := secrets.ParseStored(v.Value)
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

func stepsOf(r rotate.Report) string {
	var all []string
	for _, t := range r.Tokens {
		all = append(all, fmt.Sprint(t.Name, t.Steps))
	}
	return strings.Join(all, " ")
}

func TestAdditionalTokensAreMadeOnFirstSightAndKept(t *testing.T) {
	t.Parallel()
	b := newTestRotator(t).rotated().withAdditional(uploads(), page())
	// Secrets Manager makes a secret's first version current by itself, so there is nothing to
	// promote.
	if got := stepsOf(
		b.mustRun(`{"action":"rotate","id":"one"}`)); got != "parent[settled] uploads[create "+
		"drop settled] page[create drop settled]" {
		t.Errorf("first sight: %s", got)
	}
	secret, public := b.stored("tokenmint/uploads"), b.stored("tokenmint/page")
	if secret.Token.Usage() != tokens.UsageSecret || public.Token.Usage() != tokens.UsagePublic {
		t.Errorf("usages: %s and %s", secret.Token.Usage(), public.Token.Usage())
	}
	if note := b.live()[public.ID].Note; !strings.HasPrefix(note, "tokenmint/test/page/") {
		t.Errorf("note = %q", note)
	}
	if got := stepsOf(
		b.mustRun(`{"action":"rotate","id":"two"}`)); got != "parent[settled] uploads[settled] "+
		"page[settled]" {
		t.Errorf("at rest: %s", got)
	}
	b.sim.Advance(rotateEvery)
	b.mustRun(`{"action":"rotate","id":"three"}`)
	b.sim.Advance(retireAfter)
	b.mustRun(`{"action":"rotate","id":"four"}`)
	for _, old := range []string{secret.ID, public.ID} {
		if _, alive := b.live()[old]; alive {
			t.Error("an old token lives after its grace")
		}
	}
	for _, secretID := range []string{"tokenmint/uploads", "tokenmint/page"} {
		if _, alive := b.live()[b.stored(secretID).ID]; !alive {
			t.Errorf("%s holds a token that does not live", secretID)
		}
	}
}

func TestConfigurationThatChanges(t *testing.T) {
	t.Parallel()
	b := newTestRotator(t).rotated().withAdditional(uploads(), page())
	b.mustRun(`{"action":"rotate","id":"one"}`)
	secret, public := b.stored("tokenmint/uploads").ID, b.stored("tokenmint/page").ID

	wider, moved := uploads(), page()
	wider.Scopes = []string{"styles:read", "uploads:write"}
	moved.AllowedURLs = []string{"https://new.example.com", "https://maps.example.com"}
	b.withAdditional(wider, moved)
	if got := stepsOf(
		b.mustRun(`{"action":"rotate","id":"two"}`)); got != "parent[settled] uploads[create "+
		"promote drop date settled] page[edit settled]" {
		t.Errorf("wider and moved: %s", got)
	}
	if b.stored("tokenmint/uploads").ID == secret || b.stored("tokenmint/page").ID != public {
		t.Error("the secret token was edited, or the public one replaced")
	}
	moved.AllowedURLs = nil
	b.withAdditional(wider, moved)
	if got := stepsOf(
		b.mustRun(`{"action":"rotate","id":"three","name":"page"}`)); got != "page[edit settled]" {
		t.Errorf("without URLs: %s", got)
	}
	moved.Scopes = []string{"styles:read", "uploads:write"}
	b.withAdditional(wider, moved)
	b.mustRun(`{"action":"rotate","id":"four","name":"page"}`)
	if got := b.stored("tokenmint/page"); got.ID == public ||
		got.Token.Usage() != tokens.UsageSecret {
		t.Error("a public token that gets a secret scope was not replaced")
	}
}

func TestOneThatFailsDoesNotHoldUpTheOthers(t *testing.T) {
	t.Parallel()
	beyond, missing := uploads(), uploads()
	beyond.Name, beyond.SecretID, beyond.Scopes = "beyond", "tokenmint/beyond",
		[]string{"datasets:write"}
	missing.Name, missing.SecretID = "missing", "tokenmint/missing"
	b := newTestRotator(t).rotated().withAdditional(beyond, missing, uploads(), page())
	b.forgetSecret("tokenmint/missing")
	report, err := b.run(`{"action":"rotate","id":"one"}`)
	if err == nil || !strings.Contains(err.Error(), "rotate beyond: create") ||
		!strings.Contains(err.Error(), "rotate missing") {
		t.Errorf("error = %v", err)
	}
	if report.Tokens[1].Error == "" || report.Tokens[3].Error != "" ||
		b.stored("tokenmint/uploads").ID == "" || b.stored("tokenmint/page").ID == "" {
		t.Errorf("report = %s", stepsOf(report))
	}
	b.sim.Inject(mapbox.Fault{Op: mapbox.OpList, Kind: mapbox.Status, Status: 500, Hits: -1})
	if report, err := b.run(`{"action":"rotate","id":"two"}`); err == nil ||
		len(report.Tokens) != 5 {
		t.Errorf("without a list: %v", err)
	}
}

// forgetSecret takes a secret away.
func (b *testRotator) forgetSecret(id string) {
	b.t.Helper()
	kept := aws.NewMemory(b.sim.Now)
	for _, name := range []string{parentSecret, "tokenmint/beyond", "tokenmint/uploads",
		"tokenmint/page"} {
		if name == id {
			continue
		}
		value := secrets.Value{}
		version := ""
		if name == parentSecret {
			current, err := b.memory.Get(b.t.Context(), name, "")
			if err != nil {
				b.t.Fatal(err)
			}
			value, version = current.Value, current.ID
		}
		if err := kept.Create(b.t.Context(), name, version, value); err != nil {
			b.t.Fatal(err)
		}
	}
	text, err := kept.Snapshot()
	if err != nil {
		b.t.Fatal(err)
	}
	if err := b.memory.Restore(text); err != nil {
		b.t.Fatal(err)
	}
}

func TestPlanSaysAndDoesNothing(t *testing.T) {
	t.Parallel()
	b := newTestRotator(t).withAdditional(uploads())
	b.paste(scopes...)
	before, calls := b.describe(), len(b.sim.Calls())
	report := b.mustRun(`{"action":"plan","id":"x"}`)
	if got := stepsOf(report); got != "parent[create] uploads[create]" {
		t.Errorf("plan: %s", got)
	}
	if report.Tokens[0].Why != "the token was created manually" ||
		report.Tokens[1].Why != "there is none yet" {
		t.Errorf("why: %q, %q", report.Tokens[0].Why, report.Tokens[1].Why)
	}
	for _, call := range b.sim.Calls()[calls:] {
		if call.Method != http.MethodGet {
			t.Errorf("a plan made a %s", call.Method)
		}
	}
	if after := b.describe(); len(after.Stages) != len(before.Stages) {
		t.Error("a plan changed the secret")
	}
}

func TestRetireNowEndsEveryGrace(t *testing.T) {
	t.Parallel()
	b := newTestRotator(t).rotated()
	leaked := b.credential("").ID
	b.mustRun(`{"action":"rotate","id":"after-the-leak","force":true}`)
	b.sim.Advance(time.Minute)
	got := b.steps(`{"action":"retire","id":"now","name":"parent","now":true}`)
	if got != "retire forget settled" {
		t.Errorf("steps: %s", got)
	}
	if _, alive := b.live()[leaked]; alive ||
		!slices.Equal(b.ours(), []string{b.credential("").ID}) {
		t.Error("the leaked token lives")
	}
	if !strings.Contains(b.log.String(), "a person ended the grace period of token "+leaked) {
		t.Error("the log does not say why the token went")
	}
	for _, event := range []string{`{"action":"retire","id":"x"}`,
		`{"action":"retire","id":"x","name":"parent"}`} {
		if _, err := b.handler.Handle(t.Context(), json.RawMessage(event)); err == nil {
			t.Errorf("%s was taken", event)
		}
	}
}

// A run that hangs before its promotion may still make current what was rolled back.
func TestRetireNowSparesWhatWasJustRolledBack(t *testing.T) {
	t.Parallel()
	const retire = `{"action":"retire","id":"now","name":"parent","now":true}`
	b := newTestRotator(t).rotated()
	before, _ := b.describe().VersionAt(secrets.Current)
	b.mustRun(`{"action":"rotate","id":"forced","force":true}`)
	withdrawn := b.credential("").ID
	now, _ := b.describe().VersionAt(secrets.Current)
	b.sim.Advance(time.Hour)
	b.move(secrets.Current, now, before)
	for range 2 {
		if _, err := b.run(retire); err == nil ||
			!strings.Contains(err.Error(), "repeat this 20 minutes later") {
			t.Errorf("at once: error is %v", err)
		}
	}
	if _, alive := b.live()[withdrawn]; !alive {
		t.Fatal("the token was deleted")
	}
	b.sim.Advance(20 * time.Minute)
	if got := b.steps(retire); got != "retire forget settled" {
		t.Errorf("later: %s", got)
	}
}
