package openapi_test

import (
	"context"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/internal/mint"
	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/sim/aws"
	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
	"github.com/tokenmint/tokenmint/internal/telemetry"
	"github.com/tokenmint/tokenmint/internal/tokencache"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

const (
	user         = "acme"
	parentSecret = "tokenmint/parent"
)

const profiles = `profiles:
  web-map:
    scopes: [styles:tiles, styles:read, fonts:read]
    lifetime: 30m
    reuse: 15m
    allow:
      - iam: "arn:aws:iam::*:role/web-*"
      - jwt: {groups: maps}
  uploads:
    scopes: [uploads:write]
    allow:
      - iam: "arn:aws:iam::*:role/ci"
`

// now is the time in all of a world. It stands still at the moment of the document's examples.
func now() time.Time { return time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC) }

// world is the mint with all that it works with: the simulator of Mapbox over HTTP, the parent secret, the table of tokens.
type world struct {
	t       *testing.T
	sim     *mapbox.Simulator
	store   *aws.Memory
	table   *tokencache.Memory
	create  mint.CreateTemporary
	timeout time.Duration // Lambda's
	handler *mint.Handler
}

// newWorld is a world in which all is well.
func newWorld(t *testing.T) *world {
	t.Helper()
	sim, err := mapbox.New(mapbox.Config{Seed: 11, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	if err := sim.AddAccount(user); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	client, err := tokens.New(tokens.Config{BaseURL: server.URL, Now: now, MaxAttempts: 1})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, sim: sim, table: tokencache.NewMemory(), create: client.CreateTemporary, timeout: time.Minute}
	w.paste(w.issue("styles:tiles", "styles:read", "fonts:read", "uploads:write", "tokens:write"))
	w.handler = w.newHandler()
	return w
}

func (w *world) newHandler() *mint.Handler {
	w.t.Helper()
	logger := telemetry.NewLogger(io.Discard, nil)
	cfg, err := config.Parse("profiles.yaml", []byte(profiles))
	if err != nil {
		w.t.Fatal(err)
	}
	cache, err := tokencache.New(tokencache.Config{Store: w.table, Budget: 80, Now: now, Logger: logger})
	if err != nil {
		w.t.Fatal(err)
	}
	handler, err := mint.New(mint.Config{
		Profiles: cfg.Profiles,
		Cache:    cache,
		// What a test puts into the world later counts.
		CreateTemporary: func(ctx context.Context, parent tokens.Auth, req tokens.TemporaryRequest) (tokens.Temporary, error) {
			return w.create(ctx, parent, req)
		},
		ReadParent: func(ctx context.Context) (secrets.Version, error) { return w.store.Get(ctx, parentSecret, "") },
		Now:        now,
		Logger:     logger,
		Metrics:    telemetry.NewMetrics(io.Discard, "test"),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return handler
}

// issue makes a permanent token by hand, as a person does on the account page.
func (w *world) issue(scopes ...string) string {
	w.t.Helper()
	_, value, err := w.sim.IssueByHand(user, "by hand", scopes)
	if err != nil {
		w.t.Fatal(err)
	}
	return value
}

// paste makes text all that the parent secret has ever held.
func (w *world) paste(text string) {
	w.t.Helper()
	w.store = aws.NewMemory(now)
	if err := w.store.Create(w.t.Context(), parentSecret, strings.Repeat("a", 32), secrets.NewValue(text)); err != nil {
		w.t.Fatal(err)
	}
}

// The ways in which a world goes wrong.

func withoutSecret(w *world) { w.store = aws.NewMemory(now) }

func withParent(scopes ...string) func(*world) {
	return func(w *world) { w.paste(w.issue(scopes...)) }
}

func withPasted(text string) func(*world) {
	return func(w *world) { w.paste(text) }
}

func whereMapboxSays(status int) func(*world) {
	return func(w *world) { w.sim.Inject(mapbox.Fault{Kind: mapbox.Status, Status: status, Hits: -1}) }
}

// whereMapboxIsLate lets Lambda's timeout come first. The mint keeps half a second of that for its reply.
func whereMapboxIsLate(w *world) {
	w.sim.Inject(mapbox.Fault{Kind: mapbox.Slow, DelayBefore: time.Minute})
	w.timeout = 600 * time.Millisecond
}

func withSpentBudget(w *world) {
	if err := w.table.Close(w.t.Context(), now(), now().Add(30*time.Second)); err != nil {
		w.t.Fatal(err)
	}
}

func withFaultyMint(w *world) {
	w.create = func(context.Context, tokens.Auth, tokens.TemporaryRequest) (tokens.Temporary, error) {
		panic("a fault in the mint")
	}
}
