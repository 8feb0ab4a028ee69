package mint_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/internal/mint"
	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/sim/aws"
	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
	"github.com/tokenmint/tokenmint/internal/telemetry"
	"github.com/tokenmint/tokenmint/internal/testkit/log"
	"github.com/tokenmint/tokenmint/internal/tokencache"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

const (
	user         = "acme"
	parentSecret = "tokenmint/parent"
	webCaller    = "arn:aws:sts::123456789012:assumed-role/web-app/i-0abc"
	ciCaller     = "arn:aws:iam::123456789012:user/ci"
)

const profiles = `profiles:
  web-map:
    scopes: [styles:tiles, styles:read, fonts:read]
    lifetime: 30m
    allow:
      - iam: "arn:aws:iam::*:role/web-*"
      - jwt: {groups: maps, iss: "https://id.example/"}
  everything:
    scopes: [styles:tiles, styles:read, fonts:read, uploads:write]
    allow:
      - iam: "arn:aws:iam::123456789012:user/ci"
      - iam: "arn:aws:iam::*:role/web-admin"
`

// testMint is a mint with the simulator behind it over real HTTP, and the parent secret in memory.
type testMint struct {
	t       *testing.T
	yaml    string // of the profiles
	mapbox  string // the simulator's URL
	sim     *mapbox.Simulator
	store   *aws.Memory
	handler *mint.Handler
	log     *log.Buffer
	level   slog.Level // of the log
	reads   int
	skew    time.Duration // of the mint's clock
	planted []string      // token values that must show nowhere
}

func newTestMint(t *testing.T) *testMint {
	t.Helper()
	sim, err := mapbox.New(mapbox.Config{Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	if err := sim.AddAccount(user); err != nil {
		t.Fatal(err)
	}
	b := &testMint{t: t, yaml: profiles, sim: sim, store: aws.NewMemory(time.Now),
		log: &log.Buffer{}}
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	b.mapbox = server.URL
	b.handler = b.newHandler(b.mapbox)
	return b
}

// newOfflineTestMint is a mint with a parent, without the simulator: it can run in virtual time.
func newOfflineTestMint(t *testing.T) *testMint {
	t.Helper()
	b := &testMint{t: t, yaml: profiles, store: aws.NewMemory(time.Now), log: &log.Buffer{}}
	b.storeParent("a", b.madeUp("sk", `{"u":"acme","a":"cm1"}`).Reveal())
	return b
}

func (b *testMint) newHandler(mapbox string) *mint.Handler {
	b.t.Helper()
	client, err := tokens.New(tokens.Config{BaseURL: mapbox, MaxAttempts: 2,
		MaxWait: 50 * time.Millisecond})
	if err != nil {
		b.t.Fatal(err)
	}
	return b.custom(client.CreateTemporary, func(ctx context.Context) (secrets.Version, error) {
		b.reads++
		return b.store.Get(ctx, parentSecret, "")
	})
}

// custom is a handler over parts of a test's own.
func (b *testMint) custom(create mint.CreateTemporary, read mint.ReadParent) *mint.Handler {
	b.t.Helper()
	handler, err := mint.New(mint.Config{
		Profiles:        b.profiles(),
		Cache:           b.cache(),
		CreateTemporary: create,
		ReadParent:      read,
		Now:             func() time.Time { return time.Now().Add(b.skew) },
		Logger:          telemetry.NewLogger(b.log, b.level),
		Metrics:         &telemetry.Metrics{Stage: "test", Version: "7"},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return handler
}

// cache is one over a table of its own, with a budget that no test but those of budgets meets.
func (b *testMint) cache() *tokencache.Cache {
	b.t.Helper()
	cache, err := tokencache.New(tokencache.Config{
		Store:  tokencache.NewMemory(),
		Budget: 1000,
		Now:    func() time.Time { return time.Now().Add(b.skew) },
		Logger: telemetry.NewLogger(b.log, b.level),
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return cache
}

func (b *testMint) profiles() []config.Profile {
	b.t.Helper()
	cfg, err := config.Parse("profiles.yaml", []byte(b.yaml))
	if err != nil {
		b.t.Fatal(err)
	}
	return cfg.Profiles
}

// issue creates a token as a person does on the account page.
func (b *testMint) issue(scopes ...string) (id, value string) {
	b.t.Helper()
	id, value, err := b.sim.AddToken(user, "made manually", scopes)
	if err != nil {
		b.t.Fatal(err)
	}
	b.planted = append(b.planted, value)
	return id, value
}

// parentScopes are enough for all profiles.
var parentScopes = strings.Fields("styles:tiles styles:read fonts:read uploads:write tokens:write")

// store puts text into a new current version of the parent secret.
func (b *testMint) storeParent(version, text string) {
	b.t.Helper()
	ctx := b.t.Context()
	id := strings.Repeat(version, 32)
	if err := b.store.Create(ctx, parentSecret, id, secrets.NewValue(text)); err == nil {
		return
	}
	current, err := b.store.Get(ctx, parentSecret, "")
	if err != nil {
		b.t.Fatal(err)
	}
	if err := b.store.Put(ctx, parentSecret, id, secrets.NewValue(text),
		secrets.Pending); err != nil {
		b.t.Fatal(err)
	}
	if err := b.store.MoveStage(ctx, parentSecret, secrets.Current, current.ID, id); err != nil {
		b.t.Fatal(err)
	}
}

// withParent stores a parent that can do all that the profiles grant.
func (b *testMint) withParent() *testMint {
	_, value := b.issue(parentScopes...)
	b.storeParent("a", value)
	return b
}

// reply is a reply of either kind.
type reply struct {
	Status  int
	Headers map[string]string
	Raw     string

	Token     string   `json:"token"`
	IssuedAt  string   `json:"issued_at"`
	Expires   string   `json:"expires"`
	ExpiresIn int      `json:"expires_in"`
	Scopes    []string `json:"scopes"`
	Profile   string   `json:"profile"`

	Message   string `json:"message"`
	Code      string `json:"code"`
	RequestID string `json:"request_id"`
}

// send hands an event to the handler and checks what holds for every reply.
func (b *testMint) send(ctx context.Context, event events.APIGatewayV2HTTPRequest) reply {
	b.t.Helper()
	out := b.sendJSON(ctx, rawEvent(b.t, event))
	if out.Status != http.StatusOK && out.RequestID != event.RequestContext.RequestID {
		b.t.Errorf("request_id = %q", out.RequestID)
	}
	return out
}

// rawEvent is an event as Lambda hands it over.
func rawEvent(t *testing.T, event events.APIGatewayV2HTTPRequest) json.RawMessage {
	t.Helper()
	raw, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// sendJSON hands the text of an event to the handler and checks what holds for every reply.
func (b *testMint) sendJSON(ctx context.Context, event json.RawMessage) reply {
	b.t.Helper()
	got, err := b.handler.HandleJSON(ctx, event)
	if err != nil {
		b.t.Fatalf("HandleJSON has an error: %v", err)
	}
	out := reply{Status: got.StatusCode, Headers: got.Headers, Raw: got.Body}
	if err := json.Unmarshal([]byte(got.Body), &out); err != nil {
		b.t.Fatalf("the reply is not JSON: %v", err)
	}
	if want := cacheControl(event, got.StatusCode); got.Headers["Cache-Control"] != want ||
		got.Headers["Content-Type"] != "application/json" {
		b.t.Errorf("headers = %v", got.Headers)
	}
	if out.Status != http.StatusOK && (out.Code == "" || out.Message == "") {
		b.t.Errorf("status %d with incomplete error body: code %q, message %q", out.Status,
			out.Code, out.Message)
	}
	if out.Token != "" {
		b.planted = append(b.planted, out.Token)
	}
	return out
}

// cacheControl is what a reply to the event must say about caches.
func cacheControl(event json.RawMessage, status int) string {
	if status == http.StatusOK && strings.Contains(string(event), "GET /public/tokens/{profile}") {
		return "public, max-age=60"
	}
	return "no-store"
}

// mints counts the temporary tokens that were asked of the simulator.
func (b *testMint) mints() int {
	n := 0
	for _, call := range b.sim.Calls() {
		if call.Op == mapbox.OpCreateTemporary {
			n++
		}
	}
	return n
}

// noLeak fails if a planted token is in the log or in one of the texts.
func (b *testMint) noLeak(texts ...string) {
	b.t.Helper()
	for _, text := range append(texts, b.log.String()) {
		for _, value := range b.planted {
			// The signature alone would be enough for a search of the logs to find it.
			if strings.Contains(text, value) ||
				strings.Contains(text, value[strings.LastIndex(value, ".")+1:]) {
				b.t.Error("a token shows in a log line or a reply")
			}
		}
	}
}

// audits returns the audit records so far.
func (b *testMint) audits() []map[string]any {
	b.t.Helper()
	var records []map[string]any
	for line := range strings.Lines(b.log.String()) {
		var record map[string]any
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			b.t.Fatalf("a log line is not JSON: %v", err)
		}
		if record["message"] == "audit" {
			records = append(records, record)
		}
	}
	return records
}
