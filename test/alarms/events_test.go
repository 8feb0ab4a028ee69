package alarms_test

import (
	"context"
	"encoding/json"
	"maps"

	"github.com/aws/aws-lambda-go/events"

	handler "github.com/tokenmint/tokenmint/internal/mint"
	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/setup"
	"github.com/tokenmint/tokenmint/internal/testkit/lambda"
	"github.com/tokenmint/tokenmint/internal/tokencache"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

const root = "../.."

// deploy returns a version of the mint that works.
func (p *platform) deploy(version string) mint {
	p.t.Helper()
	h, err := setup.Mint(p.parts(version))
	p.must(err)
	return p.version(version, h)
}

func (p *platform) version(version string, h *handler.Handler) mint {
	return mint{version, func(ctx context.Context, event []byte) int {
		raw, err := h.Invoke(ctx, event)
		p.must(err)
		var reply events.APIGatewayV2HTTPResponse
		p.must(json.Unmarshal(raw, &reply))
		return reply.StatusCode
	}}
}

// deployDefect returns a version that panics when it mints.
func (p *platform) deployDefect(version string) mint {
	p.t.Helper()
	parts := p.parts(version)
	cache, err := tokencache.New(tokencache.Config{
		Store: tokencache.NewMemory(), Budget: 80, Now: parts.Now, Logger: parts.Logger,
	})
	p.must(err)
	h, err := handler.New(handler.Config{
		Profiles: p.config.Profiles, Cache: cache, Now: parts.Now, Logger: parts.Logger,
		Metrics: parts.Metrics,
		CreateTemporary: func(
			context.Context, tokens.Auth, tokens.TemporaryRequest,
		) (tokens.Temporary, error) {
			panic("a defect")
		},
		ReadParent: func(ctx context.Context) (secrets.Version, error) {
			return p.store.Get(ctx, parent, "")
		},
	})
	p.must(err)
	return p.version(version, h)
}

// deployDead returns the built program without its variables, so that it does not start.
func (p *platform) deployDead(version string) mint {
	p.t.Helper()
	program := lambda.Build(p.t, root, "./functions/mint")
	return mint{version, func(ctx context.Context, event []byte) int {
		instance := lambda.Start(p.t, program)
		defer instance.Kill()
		if reply, err := instance.Invoke(ctx, event); err == nil {
			p.t.Errorf("a mint without variables answers: %s", reply.Payload)
		}
		return 0
	}}
}

// iam is a request of a role.
func iam(role string) string {
	return event("POST /tokens", "{}", map[string]any{"iam": map[string]any{
		"userArn": "arn:aws:sts::123456789012:assumed-role/" + role + "/i-0abc",
	}}, nil)
}

// shared is a request for the token that all callers share.
func shared() string { return iam("web") }

// own is a request for a token of its own, which takes a mint.
func own() string { return iam("batch") }

// intruder is a request of a role that no rule names.
func intruder() string { return iam("intruder") }

// public is a request of a page on some origin.
func public(origin string) string {
	return event("GET /public/tokens/{profile}", "", nil, map[string]any{
		"pathParameters": map[string]string{"profile": "page"},
		"headers":        map[string]string{"origin": origin},
	})
}

// event is an event of the HTTP API.
func event(route, body string, authorizer, more map[string]any) string {
	method := "POST"
	if route[0] == 'G' {
		method = "GET"
	}
	e := map[string]any{
		"version": "2.0", "routeKey": route, "body": body,
		"requestContext": map[string]any{
			"requestId": "id=", "routeKey": route, "authorizer": authorizer,
			"http": map[string]any{"method": method},
		},
	}
	maps.Copy(e, more)
	text, err := json.Marshal(e)
	if err != nil {
		panic(err)
	}
	return string(text)
}
