package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/spf13/cobra"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/internal/setup"
	"github.com/tokenmint/tokenmint/internal/telemetry"
)

// invocationLimit is as long as the longer of the two functions may run.
const invocationLimit = 5 * time.Minute

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

With PARENT_SECRET_ID set, the handler is configured by the function's own variables, such as the lines that dev
prints. Without it, everything it talks to is made for this one event, as dev would make it; a step of
Secrets Manager's own rotation then finds the steps before it done.`,
		Example:   "  tokenmint invoke mint --event events/mint-iam.json",
		ValidArgs: []string{"mint", "rotate"},
		Args:      oneFunction,
		RunE: func(cmd *cobra.Command, args []string) error {
			return i.run(cmd.Context(), args[0], cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringVar(&i.event, "event", "", "file that holds the event's JSON; - reads standard input (required)")
	cmd.Flags().StringVar(&i.config, "config", "", "configuration file (default: the one compiled in)")
	return cmd
}

func oneFunction(_ *cobra.Command, args []string) error {
	if len(args) != 1 || args[0] != "mint" && args[0] != "rotate" {
		return fmt.Errorf("say which function, mint or rotate, and got %q", args)
	}
	return nil
}

func (i invoke) run(ctx context.Context, function string, in io.Reader, out, log io.Writer) error {
	event, err := i.read(in)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, invocationLimit)
	defer cancel()
	ctx = lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{AwsRequestID: newID()})
	h, done, err := i.handlers(ctx, event, log)
	if err != nil {
		return err
	}
	defer done()
	reply, err := h.call(ctx, function, event)
	if err != nil {
		return fmt.Errorf("%s: %w", function, err)
	}
	text, err := json.MarshalIndent(reply, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, string(text))
	return err
}

func (h handlers) call(ctx context.Context, function string, event json.RawMessage) (any, error) {
	if function == "rotate" {
		return h.rotate.Handle(ctx, event)
	}
	return h.mint.HandleJSON(ctx, event)
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

// handlers returns the functions as the variables configure them, or else over a world made for them; done ends it.
func (i invoke) handlers(ctx context.Context, event json.RawMessage, log io.Writer) (h handlers, done func(), err error) {
	cfg, err := loadConfig(i.config)
	if err != nil {
		return h, nil, err
	}
	if i.getenv("PARENT_SECRET_ID") == "" {
		return ownWorld(ctx, cfg, event, log)
	}
	settings, err := readSettings(ctx, i.getenv)
	if err != nil {
		return h, nil, err
	}
	now := clockOf(ctx, settings.TokensAPIURL, wallClock)
	logger := telemetry.NewLogger(log, settings.LogLevel)
	h, err = newHandlers(setup.Parts{Settings: settings, Config: cfg, Now: now, Logger: logger, Metrics: noMetrics()})
	return h, func() {}, err
}

// ownWorld makes a world for one event.
func ownWorld(ctx context.Context, cfg *config.Config, event json.RawMessage, log io.Writer) (h handlers, done func(), err error) {
	w, err := newWorld(cfg, worldOptions{user: "dev", seed: 1})
	if err != nil {
		return h, nil, err
	}
	d := dev{mint: "127.0.0.1:0", mapbox: "127.0.0.1:0", aws: "127.0.0.1:0"}
	s, err := d.listen(ctx)
	if err != nil {
		return h, nil, err
	}
	s.serve(s.aws, w.aws())
	s.serve(s.mapbox, w.mapbox(pages{cfg.Profiles}))
	if h, err = build(d.lines(w, s), cfg, w, telemetry.NewLogger(log, slog.LevelInfo)); err == nil {
		err = h.stepsBefore(ctx, w, event)
	}
	if err != nil {
		s.close()
	}
	return h, s.close, err
}

// stepsBefore does what comes before a step of Secrets Manager's own rotation: the service registers a version, and the function
// has taken the steps before. For any other event it does nothing.
func (h handlers) stepsBefore(ctx context.Context, w *world, event json.RawMessage) error {
	var step events.SecretsManagerSecretRotationEvent
	_ = json.Unmarshal(event, &step) // what is no event at all, the handler refuses
	if step.Step == "" {
		return nil
	}
	if err := w.secrets.SetRotationEnabled(ctx, parentSecret, true); err != nil {
		return err
	}
	if err := w.secrets.BeginRotation(ctx, parentSecret, step.ClientRequestToken); err != nil {
		return err
	}
	for _, before := range []string{"createSecret", "setSecret", "testSecret"} {
		if before == step.Step {
			return nil
		}
		earlier := step
		earlier.Step = before
		text, err := json.Marshal(earlier)
		if err != nil {
			return err
		}
		if _, err := h.rotate.Handle(ctx, text); err != nil {
			return err
		}
	}
	return nil
}
