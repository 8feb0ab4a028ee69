package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/events"
	"github.com/spf13/cobra"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/internal/setup"
	"github.com/tokenmint/tokenmint/internal/telemetry"
)

// invoke is the command's flags.
type invoke struct {
	event, config string
	getenv        func(string) string
}

func newInvoke() *cobra.Command {
	i := invoke{getenv: os.Getenv}
	cmd := &cobra.Command{
		Use:   "invoke mint|rotate --event FILE",
		Short: "Run one event through a function's handler and print its reply",
		Long: `invoke runs one event through the handler of a function and prints the reply.

With PARENT_SECRET_ID set, invoke reads the function's environment variables. The lines that dev
prints are such variables. Without PARENT_SECRET_ID, invoke simulates Mapbox and Secrets Manager for
this one event. If the event is a step of Secrets Manager's own rotation, invoke first runs the
earlier steps.`,
		Example: `  tokenmint invoke mint --event events/mint-iam.json
  echo '{"action":"plan","id":"try"}' | tokenmint invoke rotate --event -`,
		ValidArgs: []string{"mint", "rotate"},
		Args:      oneFunction,
		RunE: func(cmd *cobra.Command, args []string) error {
			return i.run(cmd.Context(), args[0], cmd.InOrStdin(), cmd.OutOrStdout(),
				cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringVar(&i.event, "event", "",
		"file with the event's JSON; - reads standard input (required)")
	addConfig(cmd, &i.config)
	return cmd
}

func oneFunction(_ *cobra.Command, args []string) error {
	if len(args) != 1 || args[0] != "mint" && args[0] != "rotate" {
		return fmt.Errorf("say which function, mint or rotate: got %q", args)
	}
	return nil
}

func (i invoke) run(
	ctx context.Context, function string, in io.Reader, out, log io.Writer,
) error {
	event, err := i.read(in)
	if err != nil {
		return err
	}
	cfg, err := loadConfig(i.config)
	if err != nil {
		return err
	}
	ctx, cancel := newInvocation(ctx)
	defer cancel()
	var reply any
	if i.getenv("PARENT_SECRET_ID") == "" {
		reply, err = callSimulated(ctx, cfg, function, event, log)
	} else {
		reply, err = i.callConfigured(ctx, cfg, function, event, log)
	}
	if err != nil {
		return err
	}
	return writeIndented(out, reply)
}

func (i invoke) read(in io.Reader) (json.RawMessage, error) {
	var text []byte
	var err error
	switch i.event {
	case "":
		return nil, usageError(errors.New("--event is required"))
	case "-":
		text, err = io.ReadAll(in)
	default:
		text, err = os.ReadFile(i.event)
	}
	if err != nil {
		return nil, fmt.Errorf("read event: %w", err)
	}
	if !json.Valid(text) {
		return nil, fmt.Errorf("event in %s is not JSON", i.event)
	}
	return text, nil
}

// callConfigured runs the event through the handlers that the environment variables configure.
func (i invoke) callConfigured(
	ctx context.Context, cfg *config.Config, function string, event json.RawMessage, log io.Writer,
) (any, error) {
	settings, err := readSettings(ctx, i.getenv)
	if err != nil {
		return nil, err
	}
	h, err := newHandlers(setup.Parts{
		Settings: settings, Config: cfg,
		Now:    clockOf(ctx, settings.TokensAPIURL, wallClock),
		Logger: telemetry.NewLogger(log, settings.LogLevel),
	})
	if err != nil {
		return nil, err
	}
	return h.call(ctx, function, event)
}

// callSimulated runs the event through handlers over a new backend, which exists for this call
// only.
func callSimulated(
	ctx context.Context, cfg *config.Config, function string, event json.RawMessage, log io.Writer,
) (any, error) {
	b, err := newBackend(cfg, backendOptions{user: "dev", seed: 1})
	if err != nil {
		return nil, err
	}
	s, err := listen(ctx, addresses{mint: ":0", mapbox: ":0", aws: ":0"}, false)
	if err != nil {
		return nil, err
	}
	defer s.close()
	s.serve(s.aws, b.awsAPI())
	s.serve(s.mapbox, b.mapboxAPI(pages{cfg.Profiles}))
	logger := telemetry.NewLogger(log, slog.LevelInfo)
	h, err := backendHandlers(b, b.variables(s, s.mapbox.url()), cfg, logger)
	if err != nil {
		return nil, err
	}
	if err := h.runEarlierSteps(ctx, b, event); err != nil {
		return nil, err
	}
	return h.call(ctx, function, event)
}

// runEarlierSteps prepares a step of Secrets Manager's own rotation. It registers the pending
// version, as the service does, and runs the steps before this one. It ignores any other event.
func (h handlers) runEarlierSteps(ctx context.Context, b *backend, event json.RawMessage) error {
	var step events.SecretsManagerSecretRotationEvent
	_ = json.Unmarshal(event, &step) // the handler refuses a malformed event
	if step.Step == "" {
		return nil
	}
	if err := b.secrets.SetRotationEnabled(ctx, parentSecret, true); err != nil {
		return err
	}
	if err := b.secrets.BeginRotation(ctx, parentSecret, step.ClientRequestToken); err != nil {
		return err
	}
	for _, name := range []string{"createSecret", "setSecret", "testSecret"} {
		if name == step.Step {
			return nil
		}
		earlier := step
		earlier.Step = name
		if _, err := h.rotate.Handle(ctx, marshal(earlier)); err != nil {
			return err
		}
	}
	return nil
}
