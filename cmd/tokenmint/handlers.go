package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/internal/mint"
	"github.com/tokenmint/tokenmint/internal/rotate"
	"github.com/tokenmint/tokenmint/internal/setup"
	"github.com/tokenmint/tokenmint/internal/sim/aws"
)

// invocationLimit is the longer one of the two functions' timeouts.
const invocationLimit = 5 * time.Minute

// handlers are the handlers of both functions.
type handlers struct {
	mint   *mint.Handler
	rotate *rotate.Handler

	events func() []aws.Event // that the rotator has published
	page   *observer          // of dev; nil elsewhere
}

func newHandlers(parts setup.Parts) (handlers, error) {
	minting, err := setup.Mint(parts)
	if err != nil {
		return handlers{}, err
	}
	rotating, err := setup.Rotate(parts)
	return handlers{mint: minting, rotate: rotating}, err
}

// backendHandlers returns the handlers over a backend. lines replace the environment variables.
func backendHandlers(
	b *backend, lines variables, cfg *config.Config, log *slog.Logger,
) (handlers, error) {
	settings, err := setup.Read(lines.get)
	if err != nil {
		return handlers{}, err
	}
	settings.AWS.NoEvents = false // the endpoint of Secrets Manager also serves EventBridge
	settings.AWS.EventBridgeEndpoint = settings.AWS.SecretsManagerEndpoint
	h, err := newHandlers(setup.Parts{
		Settings: settings, Config: cfg, Now: b.now, Logger: log,
	})
	h.events = b.secrets.Events
	return h, err
}

// call runs one event through the handler of a function, mint or rotate.
func (h handlers) call(ctx context.Context, function string, event json.RawMessage) (any, error) {
	var reply any
	var err error
	if function == "rotate" {
		reply, err = h.rotate.Handle(ctx, event)
	} else {
		reply, err = h.mint.HandleJSON(ctx, event)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", function, err)
	}
	return reply, nil
}

// newInvocation returns a context like that of a function: with a request id and a deadline.
func newInvocation(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx = lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{AwsRequestID: newID()})
	return context.WithTimeout(ctx, invocationLimit)
}
