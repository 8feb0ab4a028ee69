package openapi_test

import (
	"context"
	"errors"
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
      - lambda: {groups: maps}
  uploads:
    scopes: [uploads:write]
    allow:
      - iam: "arn:aws:iam::*:role/ci"
  page:
    scopes: [styles:read]
    lifetime: 30m
    reuse: 15m
    allow:
      - {anyone: true, origins: ["https://maps.example.com"]}
  managed:
    token: web
    allow:
      - {anyone: true, origins: ["https://maps.example.com"]}
tokens:
  web: {scopes: [styles:read], allowed_urls: ["https://maps.example.com"]}
`

// now returns the time of all tests, which is the time of the document's examples. It never moves.
func now() time.Time { return time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC) }

// mintLab is a mint with its services: the simulator of Mapbox over HTTP, the parent secret and the
// token table.
type mintLab struct {
	t       *testing.T
	sim     *mapbox.Simulator
	store   *aws.Memory
	table   tokencache.Store
	most    int // instances of the mint; 0 = not known
	create  mint.CreateTemporary
	timeout time.Duration // Lambda's
	handler *mint.Handler
}

// newMintLab returns a mint whose services work.
func newMintLab(t *testing.T) *mintLab {
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
	w := &mintLab{t: t, sim: sim, table: tokencache.NewMemory(), create: client.CreateTemporary,
		timeout: time.Minute}
	w.paste(w.issue("styles:tiles", "styles:read", "fonts:read", "uploads:write", "tokens:write"))
	w.handler = w.newHandler()
	return w
}

func (w *mintLab) newHandler() *mint.Handler {
	w.t.Helper()
	logger := telemetry.NewLogger(io.Discard, nil)
	cfg, err := config.Parse("profiles.yaml", []byte(profiles))
	if err != nil {
		w.t.Fatal(err)
	}
	cache, err := tokencache.New(
		tokencache.Config{Store: w.table, Budget: 80, Now: now, Logger: logger, Instances: w.most})
	if err != nil {
		w.t.Fatal(err)
	}
	handler, err := mint.New(mint.Config{
		Profiles: cfg.Profiles,
		Cache:    cache,
		// A test may replace w.create later.
		CreateTemporary: func(ctx context.Context, parent tokens.Auth,
			req tokens.TemporaryRequest) (tokens.Temporary, error) {
			return w.create(ctx, parent, req)
		},
		ReadParent: func(ctx context.Context) (secrets.Version, error) {
			return w.store.Get(ctx, parentSecret, "")
		},
		ReadServed: func(ctx context.Context, name string) (secrets.Version, error) {
			return w.store.Get(ctx, name, "")
		},
		Now:    now,
		Logger: logger,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return handler
}

// issue creates a permanent token manually, as a person does on Mapbox's account page.
func (w *mintLab) issue(scopes ...string) string {
	w.t.Helper()
	_, value, err := w.sim.AddToken(user, "made manually", scopes)
	if err != nil {
		w.t.Fatal(err)
	}
	return value
}

// paste replaces the parent secret with a new one that has only this text.
func (w *mintLab) paste(text string) {
	w.t.Helper()
	w.store = aws.NewMemory(now)
	if err := w.store.Create(w.t.Context(), parentSecret, strings.Repeat("a", 32),
		secrets.NewValue(text)); err != nil {
		w.t.Fatal(err)
	}
}

// The faults that a test can put into a mintLab.

func withoutSecret(w *mintLab) { w.store = aws.NewMemory(now) }

func withParent(scopes ...string) func(*mintLab) {
	return func(w *mintLab) { w.paste(w.issue(scopes...)) }
}

func withPasted(text string) func(*mintLab) {
	return func(w *mintLab) { w.paste(text) }
}

func whereMapboxSays(status int) func(*mintLab) {
	return func(
		w *mintLab) {
		w.sim.Inject(mapbox.Fault{Kind: mapbox.Status, Status: status, Hits: -1})
	}
}

// whereMapboxIsLate makes Mapbox slower than Lambda's timeout. The mint keeps half a second of it
// for its reply.
func whereMapboxIsLate(w *mintLab) {
	w.sim.Inject(mapbox.Fault{Kind: mapbox.Slow, DelayBefore: time.Minute})
	w.timeout = 600 * time.Millisecond
}

func withSpentBudget(w *mintLab) {
	if err := w.table.CloseBudget(w.t.Context(), now(), now().Add(30*time.Second)); err != nil {
		w.t.Fatal(err)
	}
}

// withoutTable makes the mint one of so many instances that it mints nothing alone for a long time.
func withoutTable(w *mintLab) {
	w.table, w.most = goneTable{w.table}, 1_000_000
	w.handler = w.newHandler()
}

// goneTable is a table that does not answer.
type goneTable struct{ tokencache.Store }

var errTable = errors.New("table does not answer")

func (goneTable) Load(context.Context, string) (tokencache.Record, error) {
	return tokencache.Record{}, errTable
}

func (goneTable) Spend(context.Context, tokencache.Spend) (int, error) { return 0, errTable }

func withFaultyMint(w *mintLab) {
	w.create = func(context.Context, tokens.Auth, tokens.TemporaryRequest) (tokens.Temporary,
		error) {
		panic("a fault in the mint")
	}
}
