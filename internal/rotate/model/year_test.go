package model_test

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/rotate"
	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/sim/aws"
	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// year is a rotator with a parent and additional tokens, which all begin on the same day. The test
// moves its clock.
type year struct {
	t       *testing.T
	now     time.Time
	sim     *mapbox.Simulator
	calls   int // of the Tokens API
	memory  *aws.Memory
	secrets []string // of all managed tokens
	handler *rotate.Handler
}

// oldest returns the age of the oldest current token. It fails the test if one does not work.
func (y *year) oldest() time.Duration {
	y.t.Helper()
	created := map[string]time.Time{}
	for _, token := range y.sim.Tokens(user) {
		created[token.ID] = token.Created
	}
	var age time.Duration
	for _, id := range y.secrets {
		version, err := y.memory.Get(y.t.Context(), id, "")
		if errors.Is(err, secrets.ErrNotFound) {
			continue // a run creates four tokens at most, so the first day has secrets without one
		}
		if err != nil {
			y.t.Fatal(err)
		}
		credential, err := secrets.ParseStored(version.Value)
		if err != nil || created[credential.ID].IsZero() {
			y.t.Fatalf("secret %s holds no token that works: %v", id, err)
		}
		age = max(age, y.now.Sub(created[credential.ID]))
	}
	return age
}

// RoundTrip counts the calls to the simulator.
func (y *year) RoundTrip(r *http.Request) (*http.Response, error) {
	y.calls++
	r.TLS = &tls.ConnectionState{} // so that the links of the simulator's lists have https
	recorder := httptest.NewRecorder()
	y.sim.ServeHTTP(recorder, r)
	return recorder.Result(), nil
}

func newYear(t *testing.T, additional int) *year {
	t.Helper()
	y := &year{t: t, now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return y.now }
	var err error
	if y.sim, err = mapbox.New(mapbox.Config{Seed: 4, Now: clock}); err != nil {
		t.Fatal(err)
	}
	if err := y.sim.AddAccount(user); err != nil {
		t.Fatal(err)
	}
	memory := aws.NewMemory(clock)
	y.memory, y.secrets = memory, []string{parentSecret}
	_, parent, err := y.sim.AddToken(user, "Made manually", scopes)
	if err != nil {
		t.Fatal(err)
	}
	if err := memory.Create(t.Context(), parentSecret, versionID("hand", 1),
		secrets.NewValue(parent)); err != nil {
		t.Fatal(err)
	}
	var further []rotate.Managed
	for i := range additional {
		m := rotate.Managed{
			Name: fmt.Sprintf("token-%d", i), SecretID: fmt.Sprintf("tokenmint/token-%d", i),
			Scopes:      []string{"uploads:write"},
			RotateEvery: rotateEvery, RetireAfter: 168 * time.Hour,
		}
		if err := memory.Create(t.Context(), m.SecretID, "", secrets.Value{}); err != nil {
			t.Fatal(err)
		}
		if i%2 == 1 {
			m.Scopes, m.AllowedURLs = []string{"styles:read"}, []string{"https://maps.example"}
		}
		further, y.secrets = append(further, m), append(y.secrets, m.SecretID)
	}
	client, err := tokens.New(tokens.Config{HTTPClient: &http.Client{Transport: y}, Now: clock,
		MaxAttempts: 1})
	if err != nil {
		t.Fatal(err)
	}
	y.handler, err = rotate.New(rotate.Config{
		Stack: "test",
		Parent: rotate.Managed{Name: "parent", SecretID: parentSecret, RotateEvery: rotateEvery,
			RetireAfter: retireAfter},
		Additional: further, Store: memory, Tokens: client, Now: clock,
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return y
}

// interval is the time between two heartbeats. The schedule's is one hour. Without -model.full it
// is longer, to save time.
func interval() time.Duration {
	if *modelFull {
		return time.Hour
	}
	return 6 * time.Hour
}

// heartbeat runs one heartbeat, and returns what was done, how many calls it made and how many of
// our tokens live then.
func (y *year) heartbeat(i int) (steps string, calls, live int) {
	y.t.Helper()
	y.calls = 0
	report, err := y.handler.Handle(y.t.Context(),
		json.RawMessage(fmt.Sprintf(`{"action":"rotate","id":"heartbeat %d"}`, i)))
	if err != nil {
		y.t.Fatalf("heartbeat %d: %v", i, err)
	}
	for _, token := range report.Tokens {
		for _, step := range token.Steps {
			if step != "settled" {
				steps += token.Name + " " + step + " "
			}
		}
	}
	// Two tokens of the account are not ours: the default public one and the first parent.
	y.now = y.now.Add(interval())
	return steps, y.calls, len(y.sim.Tokens(user)) - 2
}

func TestAYearOfHeartbeats(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes seconds: runs without -short")
	}
	y := newYear(t, 19)
	var idle, busiest, most, rotations int
	heartbeats := int(365 * 24 * time.Hour / interval())
	for i := range heartbeats {
		steps, calls, live := y.heartbeat(i)
		if steps == "" {
			idle = max(idle, calls)
		} else {
			rotations++
		}
		busiest, most = max(busiest, calls), max(most, live)
	}
	t.Logf("20 tokens, %d heartbeats: %d calls of the Tokens API at most in an hour with nothing "+
		"due, %d in the busiest, which leaves %d of 100 in its minute; %d live tokens at most",
		heartbeats, idle, busiest, 100-busiest, most)
	if idle > 3 || busiest > 40 || most > 60 || rotations < 12 {
		t.Errorf("idle %d, busiest %d, most %d, rotations %d", idle, busiest, most, rotations)
	}
}
