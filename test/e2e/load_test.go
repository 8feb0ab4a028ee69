package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/internal/mint"
	"github.com/tokenmint/tokenmint/internal/rotate"
	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/sim/aws"
	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
	"github.com/tokenmint/tokenmint/internal/tokencache"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// The shortest interval and grace that a configuration may have, and a token for each request.
const hasty = `parent: {rotate_every: 2h, retire_after: 1h5m30s, mints_per_minute: 100000}
profiles:
  all:
    scopes: [styles:read]
    allow: [{iam: "arn:aws:iam::000000000000:user/dev"}]
`

// inProcess serves requests without a network.
type inProcess struct{ handler http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	p.handler.ServeHTTP(recorder, r)
	return recorder.Result(), nil
}

// Ten instances mint every half minute for three days, or one day with -short, while the parent is
// rotated every two hours.
// Each cache is as old as possible, at a different time. No mint fails, and no mint uses a deleted
// parent.
func TestRotationUnderLoad(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	sim, err := mapbox.New(mapbox.Config{Seed: 6, Now: clock, TemporaryDiesWithParent: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := sim.AddAccount(user); err != nil {
		t.Fatal(err)
	}
	s := &deployment{t: t, sim: sim, secrets: aws.NewMemory(clock)}
	s.paste("styles:read", "tokens:read", "tokens:write")
	cfg, err := config.Parse("hasty.yaml", []byte(hasty))
	if err != nil {
		t.Fatal(err)
	}
	refused := &refusedParents{next: inProcess{sim}}
	client, err := tokens.New(
		tokens.Config{HTTPClient: &http.Client{Transport: refused}, Now: clock, MaxAttempts: 1})
	if err != nil {
		t.Fatal(err)
	}
	rotator, err := rotate.New(rotate.Config{
		Stack: "load", Store: s.secrets, Tokens: client, Now: clock,
		Logger: slog.New(slog.DiscardHandler),
		Parent: rotate.Managed{Name: "parent", SecretID: parentSecret,
			RotateEvery: cfg.Parent.RotateEvery, RetireAfter: cfg.Parent.RetireAfter},
	})
	if err != nil {
		t.Fatal(err)
	}
	var instances []*mint.Handler
	for range 10 {
		instances = append(instances, s.instance(cfg, client, clock))
	}
	event, err := json.Marshal(request())
	if err != nil {
		t.Fatal(err)
	}
	issued := map[string]time.Time{} // tokens and their ends
	hours := 72
	if testing.Short() {
		hours = 24
	}
	for i := range hours * 120 {
		if i%30 == 7 { // four times an hour, at odd moments
			if _, err := rotator.Handle(t.Context(),
				json.RawMessage(fmt.Sprintf(`{"action":"rotate","id":"heartbeat %d"}`,
					i))); err != nil {
				t.Fatalf("heartbeat %d: %v", i, err)
			}
			s.mustLive(client, issued, now)
		}
		reply, err := instances[i%10].HandleJSON(t.Context(), event)
		var body struct{ Token string }
		if err != nil || reply.StatusCode != 200 ||
			json.Unmarshal([]byte(reply.Body), &body) != nil {
			t.Fatalf("mint %d: status %d", i, reply.StatusCode)
		}
		issued[body.Token] = now.Add(59 * time.Minute)
		now = now.Add(30 * time.Second)
	}
	if refused.n > 0 {
		t.Errorf("%d calls were made with a token that was deleted", refused.n)
	}
	if n := len(sim.Tokens(user)); n > 4 {
		t.Errorf("%d tokens live at the end", n)
	}
}

// mustLive checks that each issued token works until it expires. In this simulator a temporary
// token ends with its parent.
func (s *deployment) mustLive(client *tokens.Client, issued map[string]time.Time, now time.Time) {
	s.t.Helper()
	for value, end := range issued {
		if !now.Before(end) {
			delete(issued, value)
			continue
		}
		if got, err := client.Retrieve(s.t.Context(), tokens.NewToken(value)); err != nil ||
			got.Verdict != tokens.VerdictValid {
			s.t.Fatalf("a token that was issued died before its end: %s, %v", got.Verdict, err)
		}
	}
}

func (s *deployment) instance(cfg *config.Config, client *tokens.Client,
	clock func() time.Time) *mint.Handler {
	s.t.Helper()
	cache, err := tokencache.New(tokencache.Config{
		Store: tokencache.NewMemory(), Budget: cfg.Parent.MintsPerMinute, Now: clock,
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	handler, err := mint.New(mint.Config{
		Profiles: cfg.Profiles, Cache: cache, CreateTemporary: client.CreateTemporary, Now: clock,
		ReadParent: func(ctx context.Context) (secrets.Version, error) {
			return s.secrets.Get(ctx, parentSecret, "")
		},
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return handler
}

func request() events.APIGatewayV2HTTPRequest {
	event := events.APIGatewayV2HTTPRequest{RouteKey: "POST /tokens", RawPath: "/tokens",
		Body: "{}"}
	event.RequestContext.HTTP.Method = http.MethodPost
	event.RequestContext.Authorizer = &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
		IAM: &events.APIGatewayV2HTTPRequestContextAuthorizerIAMDescription{
			UserARN: "arn:aws:iam::000000000000:user/dev"},
	}
	return event
}

// refusedParents counts the answers 401.
type refusedParents struct {
	next http.RoundTripper
	n    int
}

func (r *refusedParents) RoundTrip(req *http.Request) (*http.Response, error) {
	reply, err := r.next.RoundTrip(req)
	if err == nil && reply.StatusCode == http.StatusUnauthorized {
		r.n++
	}
	return reply, err
}
