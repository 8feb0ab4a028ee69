package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/spf13/cobra"

	"github.com/tokenmint/tokenmint/internal/rotate"
	"github.com/tokenmint/tokenmint/internal/setup"
	"github.com/tokenmint/tokenmint/internal/telemetry"
)

// byHand is the flags of plan, rotate and retire: the rotator's events, without writing them.
type byHand struct {
	action, name, config string
	force, now           bool
	output               format
	getenv               func(string) string
}

func newPlan() *cobra.Command {
	b := byHand{action: "plan", getenv: os.Getenv}
	return b.command("Say what the rotator would do now and why, and do nothing", "  tokenmint plan --name parent")
}

func newRotate() *cobra.Command {
	b := byHand{action: "rotate", getenv: os.Getenv}
	cmd := b.command("Do what is due, as the schedule does", "  tokenmint rotate --name parent --force")
	cmd.Flags().BoolVar(&b.force, "force", false, "rotate even what is not due")
	return cmd
}

func newRetire() *cobra.Command {
	b := byHand{action: "retire", getenv: os.Getenv}
	cmd := b.command("Delete the replaced tokens of one name now, without waiting for their grace period",
		"  tokenmint rotate --name parent --force\n  tokenmint retire --name parent")
	cmd.Flags().BoolVar(&b.now, "now", true, "do not wait for the grace period; every rotate deletes what is past it")
	return cmd
}

func (b *byHand) command(short, example string) *cobra.Command {
	cmd := &cobra.Command{
		Use:     b.action,
		Short:   short,
		Long:    short + ".\n\n" + variablesHelp,
		Example: example,
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("name") && b.name == "" {
				return usageError(errors.New("--name is empty: leave it out for all tokens"))
			}
			return b.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	all := " (default: all)"
	if b.action == "retire" {
		all = " (required)"
	}
	cmd.Flags().StringVar(&b.name, "name", "", "managed token: parent, or a name of the configuration"+all)
	cmd.Flags().StringVar(&b.config, "config", "", "configuration file (default: the one compiled in)")
	addOutput(cmd, &b.output)
	return cmd
}

// event returns what the rotator is invoked with. What is not set stays out: the rotator reads events strictly.
func (b *byHand) event() json.RawMessage {
	event := map[string]any{"action": b.action, "id": newID()}
	if b.name != "" {
		event["name"] = b.name
	}
	if b.force {
		event["force"] = true
	}
	if b.action == "retire" {
		event["now"] = true
	}
	return marshal(event)
}

func (b *byHand) run(ctx context.Context, out, log io.Writer) error {
	switch {
	case b.action == "retire" && b.name == "":
		return usageError(errors.New("--name is required: retire deletes the replaced tokens of one name"))
	case b.action == "retire" && !b.now:
		return usageError(errors.New("--now=false leaves nothing to do: tokenmint rotate deletes tokens past their grace period"))
	}
	ctx, cancel := context.WithTimeout(ctx, invocationLimit)
	defer cancel()
	d, err := openDeployment(ctx, b.getenv, b.config, wallClock)
	if err != nil {
		return err
	}
	handler, err := setup.Rotate(setup.Parts{
		Settings: d.settings, Config: d.config, Now: d.now, Logger: newLogger(log, b.logFormat(), d.settings.LogLevel),
		Metrics: telemetry.NewMetrics(io.Discard, d.settings.Stage),
	})
	if err != nil {
		return err
	}
	ctx = lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{AwsRequestID: newID()})
	report, err := handler.Handle(ctx, b.event())
	if len(report.Tokens) > 0 {
		b.write(out, report)
	}
	return err
}

// logFormat follows the report's: who reads the one with a program does so with the other.
func (b *byHand) logFormat() format { return b.output }

func (b *byHand) write(out io.Writer, report rotate.Report) {
	if b.output == formatJSON {
		writeIndented(out, report)
		return
	}
	for _, t := range report.Tokens {
		steps := make([]string, len(t.Steps))
		for i, step := range t.Steps {
			steps[i] = string(step)
		}
		fmt.Fprintf(out, "%s: %s\n", t.Name, strings.Join(steps, ", "))
		if t.Why != "" {
			fmt.Fprintf(out, "  why: %s\n", t.Why)
		}
		if t.TokenID != "" {
			fmt.Fprintf(out, "  current token: %s%s\n", t.TokenID, createdAt(t.Created))
		}
		if t.Error != "" {
			fmt.Fprintf(out, "  ERROR: %s\n", t.Error)
		}
	}
}

func createdAt(created string) string {
	if created == "" {
		return ""
	}
	return ", created at " + created
}
