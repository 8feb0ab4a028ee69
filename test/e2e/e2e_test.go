// Package e2e_test runs the two built bootstraps as Lambda does. The simulators of Mapbox and
// Secrets Manager are on loopback.
package e2e_test

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/sim/aws"
	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
	"github.com/tokenmint/tokenmint/internal/testkit/lambda"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

const (
	user         = "acme"
	parentSecret = "tokenmint/parent"
)

// deployment is a deployed tokenmint: two bootstraps, and the simulators that they use.
type deployment struct {
	t       *testing.T
	sim     *mapbox.Simulator
	secrets *aws.Memory
	mapbox  string // URL
	env     []string
	planted []string // token values that must show nowhere
}

// newDeployment has a fresh parent, pasted bare as a person does.
func newDeployment(t *testing.T) *deployment {
	t.Helper()
	sim, err := mapbox.New(mapbox.Config{Seed: 5, RateLimit: 100})
	if err != nil {
		t.Fatal(err)
	}
	if err := sim.AddAccount(user); err != nil {
		t.Fatal(err)
	}
	s := &deployment{t: t, sim: sim, secrets: aws.NewMemory(time.Now)}
	mapbox, manager := httptest.NewServer(sim), httptest.NewServer(aws.New(s.secrets))
	t.Cleanup(mapbox.Close)
	t.Cleanup(manager.Close)
	s.mapbox = mapbox.URL
	s.env = []string{
		"PARENT_SECRET_ID=" + parentSecret, "TOKENS_API_URL=" + mapbox.URL,
		"AWS_ENDPOINT_URL_SECRETS_MANAGER=" + manager.URL,
		"AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "STACK=e2e",
		"LOG_LEVEL=DEBUG",
	}
	return s
}

// paste stores a token with all that the shipped configuration needs, or with other scopes.
func (s *deployment) paste(scopes ...string) {
	s.t.Helper()
	if len(scopes) == 0 {
		cfg, err := config.Shipped()
		if err != nil {
			s.t.Fatal(err)
		}
		scopes = cfg.ParentScopes()
	}
	_, value, err := s.sim.AddToken(user, "Made manually", scopes)
	if err != nil {
		s.t.Fatal(err)
	}
	s.planted = append(s.planted, value)
	if err := s.secrets.Create(s.t.Context(), parentSecret, strings.Repeat("a", 32),
		secrets.NewValue(value)); err != nil {
		s.t.Fatal(err)
	}
}

// invoke runs one event, in the time that the template gives the function.
func (s *deployment) invoke(function *lambda.Instance, event string) lambda.Reply {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 15*time.Second)
	defer cancel()
	reply, err := function.Invoke(ctx, []byte(event))
	if err != nil {
		s.t.Fatal(err)
	}
	return reply
}

// mint runs a fixture and returns the reply and its body.
func (s *deployment) mint(function *lambda.Instance, fixture string) (status int, body string) {
	s.t.Helper()
	event, err := os.ReadFile("../../events/" + fixture + ".json")
	if err != nil {
		s.t.Fatal(err)
	}
	reply := s.invoke(function, string(event))
	var response events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(reply.Payload, &response); err != nil || reply.Failed {
		s.t.Fatalf("failed: %t, error: %v", reply.Failed, err)
	}
	return response.StatusCode, response.Body
}

// verdict is the simulator's on the token in a reply's body.
func (s *deployment) verdict(body string) tokens.Verdict {
	s.t.Helper()
	var reply struct{ Token tokens.Token }
	if err := json.Unmarshal([]byte(body), &reply); err != nil {
		s.t.Fatal(err)
	}
	s.planted = append(s.planted, reply.Token.Reveal())
	client, err := tokens.New(tokens.Config{BaseURL: s.mapbox})
	if err != nil {
		s.t.Fatal(err)
	}
	got, err := client.Retrieve(s.t.Context(), reply.Token)
	if err != nil {
		s.t.Fatal(err)
	}
	return got.Verdict
}

// current returns the credential in the secret's current version.
func (s *deployment) current() secrets.Credential {
	s.t.Helper()
	v, err := s.secrets.Get(s.t.Context(), parentSecret, "")
	if err != nil {
		s.t.Fatal(err)
	}
	credential, err := secrets.ParseCredential(v.Value)
	if err != nil {
		s.t.Fatal(err)
	}
	s.planted = append(s.planted, credential.Token.Reveal())
	return credential
}

// noLeak fails if a token's signature is in one of the texts.
func (s *deployment) noLeak(texts ...string) {
	s.t.Helper()
	for _, text := range texts {
		for _, value := range s.planted {
			if strings.Contains(text, value[strings.LastIndex(value, ".")+1:]) {
				s.t.Error("a token shows in a log or a reply")
			}
		}
	}
}

func TestMintRotateMint(t *testing.T) {
	t.Parallel()
	s := newDeployment(t)
	s.paste()
	mint := lambda.Start(t, lambda.Build(t, "../..", "./functions/mint"), s.env...)
	rotate := lambda.Start(t, lambda.Build(t, "../..", "./functions/rotate"), s.env...)

	pasted := s.current().ID
	if status, body := s.mint(mint, "mint-iam"); status != 200 ||
		s.verdict(body) != tokens.VerdictValid {
		t.Errorf("status %d", status)
	}
	reply := s.invoke(rotate, `{"action":"rotate","id":"2026-01-02T15:00:00Z"}`)
	if reply.Failed || !strings.Contains(string(reply.Payload),
		`["create","promote","drop","date","settled"]`) {
		t.Errorf("rotation: %s", reply.Payload)
	}
	promoted := s.current()
	if promoted.ID == pasted || promoted.Rotation == "" {
		t.Error("the secret holds the pasted parent")
	}
	if status, body := s.mint(mint, "mint-jwt"); status != 200 ||
		s.verdict(body) != tokens.VerdictValid {
		t.Errorf("with a cached parent: status %d", status)
	}
	// The cached parent is deleted at once, as after a leak. The instance reads the new one.
	if err := s.sim.Revoke(user, pasted); err != nil {
		t.Fatal(err)
	}
	if status, body := s.mint(mint, "mint-iam"); status != 200 ||
		s.verdict(body) != tokens.VerdictValid {
		t.Errorf("after the old parent went: status %d", status)
	}
	if reply := s.invoke(rotate, `{"action":"rotate","id":"2026-01-02T16:00:00Z"}`); reply.Failed ||
		s.current().ID != promoted.ID {
		t.Errorf("a heartbeat at rest: %s", reply.Payload)
	}
	s.noLeak(mint.Log(), rotate.Log())
	if !strings.Contains(mint.Log(), `"requestId":"00000000-0000-4000-8000-000000000001"`) ||
		!strings.Contains(mint.Log(), `"code":"ok"`) {
		t.Error("the mint's log lacks audit records with Lambda's request id")
	}
}
