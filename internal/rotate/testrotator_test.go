package rotate_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssm "github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/tokenmint/tokenmint/internal/rotate"
	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/secrets/awsstore"
	simaws "github.com/tokenmint/tokenmint/internal/sim/aws"
	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
	"github.com/tokenmint/tokenmint/internal/telemetry"
	"github.com/tokenmint/tokenmint/internal/testkit/log"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

const (
	user         = "acme"
	parentSecret = "tokenmint/parent"
	ourNotes     = "tokenmint/test/parent/"
	rotateEvery  = 720 * time.Hour
	retireAfter  = 3 * time.Hour
)

var scopes = strings.Fields("styles:read tokens:read tokens:write uploads:write")

// testRotator is a rotator between the simulator and Secrets Manager's wire, both over HTTP, on one
// clock that tests move.
type testRotator struct {
	t       *testing.T
	sim     *mapbox.Simulator
	memory  *simaws.Memory // behind store and service, unless these are another's
	store   secrets.Store  // as the test reads and writes secrets
	service service        // what only Secrets Manager does
	handler *rotate.Handler
	log     *log.Buffer
	aws     *faultyWire
	planted []string // token values that must show nowhere

	announce rotate.Announce // nil = nothing is announced
}

// service does what only Secrets Manager can do.
type service interface {
	Create(ctx context.Context, name, versionID string, v secrets.Value) error
	BeginRotation(ctx context.Context, id, versionID string) error
	SetRotationEnabled(ctx context.Context, id string, enabled bool) error
}

func newTestRotator(t *testing.T) *testRotator {
	t.Helper()
	b := newAccount(t).inMemory()
	b.aws = &faultyWire{next: simaws.New(b.memory)}
	manager := httptest.NewServer(b.aws)
	t.Cleanup(manager.Close)
	b.handler = b.newHandler(awsstore.New(awssm.New(awssm.Options{
		Region:           "eu-west-1",
		BaseEndpoint:     aws.String(manager.URL),
		RetryMaxAttempts: 1, // so that a fault is met by the rotator, not by the SDK
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	})), tokens.Config{BaseURL: b.mapbox(), MaxAttempts: 1})
	return b
}

// newAccount is a testRotator without a Secrets Manager.
func newAccount(t *testing.T) *testRotator {
	t.Helper()
	sim, err := mapbox.New(mapbox.Config{Seed: 11})
	if err != nil {
		t.Fatal(err)
	}
	if err := sim.AddAccount(user); err != nil {
		t.Fatal(err)
	}
	return &testRotator{t: t, sim: sim, log: &log.Buffer{}, planted: []string{rotationToken}}
}

// inMemory keeps the secrets in memory.
func (b *testRotator) inMemory() *testRotator {
	b.memory = simaws.NewMemory(b.sim.Now)
	b.store, b.service = b.memory, b.memory
	return b
}

// mapbox starts the simulator on a port of its own.
func (b *testRotator) mapbox() string {
	server := httptest.NewServer(b.sim)
	b.t.Cleanup(server.Close)
	return server.URL
}

func (b *testRotator) newHandler(store secrets.Store, config tokens.Config) *rotate.Handler {
	b.t.Helper()
	config.Now = b.sim.Now
	client, err := tokens.New(config)
	if err != nil {
		b.t.Fatal(err)
	}
	handler, err := rotate.New(rotate.Config{
		Stack: "test",
		Parent: rotate.Managed{Name: "parent", SecretID: parentSecret, RotateEvery: rotateEvery,
			RetireAfter: retireAfter},
		Store:  store,
		Tokens: client,
		Now:    b.sim.Now,
		Logger: telemetry.NewLogger(b.log, nil),
		Pause:  b.pause,

		Metrics:  &telemetry.Metrics{Stage: "test"},
		Announce: b.announce,
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return handler
}

// pause waits on the clock of the test.
func (b *testRotator) pause(ctx context.Context, d time.Duration) error {
	b.sim.Advance(d)
	return ctx.Err()
}

// paste stores a token as a person does: bare, as the secret's first value. It returns the token's
// id.
func (b *testRotator) paste(scopes ...string) string {
	b.t.Helper()
	id, value := b.issue(scopes...)
	if err := b.service.Create(b.t.Context(), parentSecret, strings.Repeat("a", 32),
		secrets.NewValue(value)); err != nil {
		b.t.Fatal(err)
	}
	return id
}

func (b *testRotator) issue(scopes ...string) (id, value string) {
	b.t.Helper()
	id, value, err := b.sim.AddToken(user, "Made manually", scopes)
	if err != nil {
		b.t.Fatal(err)
	}
	b.planted = append(b.planted, value)
	return id, value
}

// rotated stores a parent that a rotation has made, so that nothing is due.
func (b *testRotator) rotated() *testRotator {
	b.t.Helper()
	b.paste(scopes...)
	b.mustRun(`{"action":"rotate","id":"first"}`)
	b.sim.Advance(retireAfter)
	b.mustRun(`{"action":"rotate","id":"second"}`)
	if got := b.ours(); len(got) != 1 {
		b.t.Fatalf("%d live tokens are ours after the first rotation", len(got))
	}
	return b
}

// run hands the handler an event and checks what must hold after any run, however it ended.
func (b *testRotator) run(event string) (rotate.Report, error) {
	b.t.Helper()
	report, err := b.handler.Handle(b.t.Context(), json.RawMessage(event))
	b.check()
	if err != nil {
		b.noLeak(err.Error())
	}
	return report, err
}

func (b *testRotator) mustRun(event string) rotate.Report {
	b.t.Helper()
	report, err := b.run(event)
	if err != nil {
		b.t.Fatalf("%s: %v", event, err)
	}
	return report
}

// steps runs an event and returns what was done.
func (b *testRotator) steps(event string) string {
	b.t.Helper()
	return strings.Join(b.mustRun(event).Tokens[0].Steps, " ")
}

// check holds the invariants: the current version holds a token that works, and no token that is
// not ours is gone.
func (b *testRotator) check() {
	b.t.Helper()
	current := b.credential("")
	if _, ok := b.live()[current.ID]; !ok {
		b.t.Error("the current version holds a token that does not live")
	}
	b.planted = append(b.planted, current.Token.Reveal())
	b.noLeak()
}

func (b *testRotator) noLeak(texts ...string) {
	b.t.Helper()
	for _, text := range append(texts, b.log.String()) {
		for _, value := range b.planted {
			if strings.Contains(text, value[strings.LastIndex(value, ".")+1:]) {
				b.t.Error("a token shows in a log line or an error")
			}
		}
	}
}

// credential reads a version, "" for the current one.
func (b *testRotator) credential(version string) secrets.Credential {
	b.t.Helper()
	if version == "" {
		version, _ = b.describe().VersionAt(secrets.Current)
	}
	v, err := b.store.Get(b.t.Context(), parentSecret, version)
	if err != nil {
		b.t.Fatal(err)
	}
	credential, err := secrets.ParseCredential(v.Value)
	if err != nil {
		b.t.Fatal(err)
	}
	return credential
}

func (b *testRotator) describe() secrets.Description {
	b.t.Helper()
	d, err := b.store.Describe(b.t.Context(), parentSecret)
	if err != nil {
		b.t.Fatal(err)
	}
	return d
}

// live returns the account's tokens by id.
func (b *testRotator) live() map[string]mapbox.TokenInfo {
	live := map[string]mapbox.TokenInfo{}
	for _, t := range b.sim.Tokens(user) {
		live[t.ID] = t
	}
	return live
}

// ours returns the ids of the live tokens that bear our note.
func (b *testRotator) ours() []string {
	var ids []string
	for id, t := range b.live() {
		if strings.HasPrefix(t.Note, ourNotes) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// inProcess serves requests without a network, for tests in virtual time.
type inProcess struct{ handler http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	recorder := httptest.NewRecorder()
	p.handler.ServeHTTP(recorder, r)
	if recorder.Result() == nil {
		return nil, errors.New("no answer")
	}
	return recorder.Result(), nil
}
