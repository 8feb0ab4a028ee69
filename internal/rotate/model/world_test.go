package model_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"github.com/tokenmint/tokenmint/internal/rotate"
	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/sim/aws"
	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// The account, the parent's secret, and its configuration.
const (
	user         = "acme"
	parentSecret = "tokenmint/parent"
	rotateEvery  = 720 * time.Hour
	retireAfter  = 3 * time.Hour
)

var scopes = strings.Fields("styles:read tokens:read tokens:write uploads:write")

// latency is how long a call takes that nothing slows. It is no whole second, lest rounding hide.
const latency = 300 * time.Millisecond

// maxOurs is how many tokens of one name may live. One more may live for each run beside another,
// and for each stale list.
const maxOurs = 8

// world is Mapbox, Secrets Manager and the truth about both. Its clock is the bubble's that it runs
// in.
type world struct {
	sim      *mapbox.Simulator
	memory   *aws.Memory
	client   *tokens.Client
	managed  []rotate.Managed // the parent first
	guard    guard            // what is taken away from the rotator
	threads  int
	faults   []fault
	places   []place
	calls    map[string]int // so far, by name
	passTurn bool           // a place says so
	position int            // calls and acts so far
	effects  []bool         // of each position, whether the call has an effect
	met      int            // faults so far
	trace    []string
	log      *bytes.Buffer // nil = nobody looks
	values   []string      // that must not show
	events   int
	gaveUp   bool // Secrets Manager delivers no step any more of the rotation that it has begun

	past   []moment                // before each write
	writes int                     // so far
	ids    map[tokens.Token]string // of the tokens that have asked for lists
	// allowed URLs of tokens, which the simulator's own view lacks
	urls  map[string][]string
	parse map[string]secrets.Credential // by secret and version; values never change

	given map[string]bool // ids that a person has put in a secret
	// of these, the ones that a further edit has hidden before a run had dated them
	hidden    map[string]bool
	mine      map[string]*creation // by id
	promoted  map[string]string    // id of the token that an event has made current
	current   map[string]string    // id by secret
	movedAt   map[string]time.Time // since when
	left      map[string]time.Time // when an id stopped being current
	leftIn    map[string]string    // in which secret
	endings   int                  // runs that end every grace, now
	revoked   map[string]time.Time // ids that a person has deleted
	violation string

	used       map[string]bool      // dimensions of the model
	stuck      bool                 // Mapbox deletes nothing any more
	unreadable map[string]error     // by secret and version: why it cannot be read
	unreadAt   map[string]time.Time // since when
	foreign    map[string]bool      // ids of tokens that another stack owns
	personAt   map[string]time.Time // when a person last changed a secret
	masked     map[string]bool      // ids that a person has moved while a run was at work
	active     int                  // runs at work
	vanished   map[string]bool      // ids of tokens whose version reads as if it were not there
	repaired   bool                 // a person has put right what only a person can
	staleLists int                  // lists that were answered as they were before a write
	bus        *bus                 // nil = the rotator announces nothing
}

// creation is a token that a run has created.
type creation struct {
	by     *actor
	at     time.Time
	note   string
	name   string // of the managed token
	stored bool   // a Put for it has begun to have an effect
}

func newWorld() *world {
	w := &world{
		calls: map[string]int{},
		ids:   map[tokens.Token]string{}, urls: map[string][]string{},
		parse: map[string]secrets.Credential{}, given: map[string]bool{}, hidden: map[string]bool{},
		revoked: map[string]time.Time{}, mine: map[string]*creation{},
		promoted: map[string]string{},
		current:  map[string]string{}, movedAt: map[string]time.Time{},
		left: map[string]time.Time{}, leftIn: map[string]string{},
		used: map[string]bool{}, unreadable: map[string]error{}, unreadAt: map[string]time.Time{},
		foreign:  map[string]bool{},
		personAt: map[string]time.Time{}, masked: map[string]bool{}, vanished: map[string]bool{},
		managed: []rotate.Managed{{Name: "parent", SecretID: parentSecret, RotateEvery: rotateEvery,
			RetireAfter: retireAfter}},
	}
	w.sim = must(mapbox.New(mapbox.Config{Seed: 11}))
	if err := w.sim.AddAccount(user); err != nil {
		panic(err)
	}
	w.memory = aws.NewMemory(time.Now)
	w.client = must(tokens.New(tokens.Config{MaxAttempts: 1,
		HTTPClient: &http.Client{Transport: w}}))
	return w
}

// must is for what cannot fail but by a fault of the model.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// RoundTrip serves the client in process: nothing is lost here, that is the schedule's part.
func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	w.sim.ServeHTTP(recorder, r)
	return recorder.Result(), nil
}

// run delivers an event to a handler that lives for this one run.
func (w *world) run(event string, yield func() bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), lambdaLimit)
	defer cancel()
	if strings.Contains(event, `"force":true`) && !strings.Contains(event, `"name"`) {
		w.use(dimForceAll)
	}
	a := &actor{world: w, event: event, ctx: ctx, cancel: cancel, yield: yield,
		seen: map[string]bool{}, lookedAt: map[string]time.Time{}, started: time.Now(),
		now: strings.Contains(event, `"retire"`)}
	w.active++
	if a.now {
		w.endings++
	}
	defer func() {
		a.dead = true
		w.active--
		if a.now {
			w.endings--
		}
	}()
	logger := slog.New(slog.DiscardHandler)
	if w.log != nil {
		logger = slog.New(slog.NewJSONHandler(w.log, nil))
	}
	managed := slices.Clone(w.managed)
	store, api := secrets.Store(modelStore{a}), rotate.Tokens(modelTokens{a})
	if w.guard.remove != nil {
		store, api = w.guard.remove(a, store, api, managed)
	}
	handler := must(rotate.New(rotate.Config{
		Stack: "test", Parent: managed[0], Additional: managed[1:], Store: store, Tokens: api,
		Now: time.Now, Logger: logger, Announce: a.announcer(),
	}))
	if w.guard.event != nil {
		event = w.guard.event(w, event)
	}
	for range w.guard.runs - 1 {
		handler.Handle(ctx, json.RawMessage(event)) //nolint:errcheck // the last one counts
	}
	report, err := handler.Handle(ctx, json.RawMessage(event))
	w.noLeak(string(must(json.Marshal(report))))
	if err != nil {
		w.noLeak(err.Error())
	} else if a.unsaid {
		w.violate("a run whose event failed reports success")
	} else if strings.Contains(event, `"force":true`) {
		w.checkForced(report)
	}
	return err
}

// checkForced holds a forced run that reports success to what it was asked for.
func (w *world) checkForced(report rotate.Report) {
	for _, t := range report.Tokens {
		for _, m := range w.managed {
			if m.Name != t.Name {
				continue
			}
			if _, err := w.memory.Get(context.Background(), m.SecretID,
				report.Rotation); err != nil {
				w.violate("a forced run has left %s undone and reports success", m.Name)
			}
		}
	}
}

// meet counts a call and returns what shall happen to it.
func (w *world) meet(name string, writes bool) way {
	at := w.position
	w.position++
	w.effects = append(w.effects, writes)
	how := w.fated(name, at)
	if how == "" {
		w.trace = append(w.trace, name)
		return ""
	}
	ways := waysOfReads
	if writes {
		ways = waysOfWrites
	}
	if !slices.Contains(ways, how) {
		return ""
	}
	w.met++
	if how == refusedAfter {
		w.use(dimRefusedAfter)
	}
	w.trace = append(w.trace, fmt.Sprintf("%s [%s]", name, how))
	return how
}

// fated returns what the schedule has for the call.
func (w *world) fated(name string, at int) way {
	w.calls[name]++
	for _, p := range w.places {
		if p.call == name && p.nth == w.calls[name] {
			w.passTurn = w.passTurn || p.way == ""
			if p.way != "" {
				return p.way
			}
		}
	}
	if i := slices.IndexFunc(w.faults, func(f fault) bool { return f.at == at }); i >= 0 {
		return w.faults[i].way
	}
	return ""
}

// rows is the list as the API returns it to any token.
func (w *world) rows() []tokens.Metadata {
	var rows []tokens.Metadata
	for _, t := range w.sim.Tokens(user) {
		rows = append(rows, tokens.Metadata{
			ID: t.ID, Usage: tokens.Usage(t.Usage), Default: t.Default, Note: t.Note,
			Scopes: t.Scopes, Created: t.Created, AllowedURLs: w.urls[t.ID],
		})
	}
	return rows
}

// mayList reports whether the API lists the account's tokens for this one. For others, the
// simulator says why not: to ask it each time would be most of a schedule's work.
func (w *world) mayList(auth tokens.Token) bool {
	id, known := w.ids[auth]
	if !known {
		claims, _ := auth.Decode()
		id, w.ids[auth] = claims.ID, claims.ID
	}
	return slices.ContainsFunc(w.sim.Tokens(user), func(t mapbox.TokenInfo) bool {
		return t.ID == id && id != "" && t.Usage == string(tokens.UsageSecret) &&
			slices.Contains(t.Scopes, "tokens:read")
	})
}

func (w *world) isAlive(id string) bool {
	return slices.ContainsFunc(w.sim.Tokens(user), func(t mapbox.TokenInfo) bool {
		return t.ID == id
	})
}

func isDated(stage string) bool { return strings.HasPrefix(stage, "tokenmint:superseded:") }

func isOurs(stage string) bool { return strings.HasPrefix(stage, "tokenmint:") }

// isTemporary reports whether a label of ours must be gone at rest.
func isTemporary(stage string) bool { return isOurs(stage) && stage != rotate.AnnouncedLabel }
