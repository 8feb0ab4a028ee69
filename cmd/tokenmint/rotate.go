package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tokenmint/tokenmint/internal/rotate"
)

// rotatorCommand is the flags of plan, rotate and retire. Each of them sends one event to the
// rotator.
type rotatorCommand struct {
	action, name, config string
	force, now           bool
	output               format
	getenv               func(string) string
}

func newPlan() *cobra.Command {
	r := rotatorCommand{action: "plan", getenv: os.Getenv}
	return r.command("Print what the rotator would do now, and why",
		"  tokenmint plan\n  tokenmint plan --name parent --output json")
}

func newRotate() *cobra.Command {
	r := rotatorCommand{action: "rotate", getenv: os.Getenv}
	cmd := r.command("Do the rotation work that is due, as the schedule does",
		"  tokenmint rotate\n  tokenmint rotate --name parent --force")
	cmd.Flags().BoolVar(&r.force, "force", false, "rotate tokens that are not due, too")
	return cmd
}

func newRetire() *cobra.Command {
	r := rotatorCommand{action: "retire", getenv: os.Getenv}
	cmd := r.command("Delete the replaced tokens of one name now, before their grace period ends",
		"  tokenmint rotate --name parent --force\n  tokenmint retire --name parent")
	cmd.Flags().BoolVar(&r.now, "now", true,
		"do not wait for the grace period; rotate deletes tokens after it")
	return cmd
}

func (r *rotatorCommand) command(short, example string) *cobra.Command {
	cmd := &cobra.Command{
		Use:     r.action,
		Short:   short,
		Long:    short + ".\n\n" + variablesHelp,
		Example: example,
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("name") && r.name == "" {
				return usageError(errors.New("--name is empty: leave it out for all tokens"))
			}
			return r.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	fallback := " (default: all)"
	if r.action == "retire" {
		fallback = " (required)"
	}
	cmd.Flags().StringVar(&r.name, "name", "",
		"managed token: parent, or a name in the configuration"+fallback)
	addConfig(cmd, &r.config)
	addOutput(cmd, &r.output)
	return cmd
}

// event returns the rotator's event. It omits flags that are not set, because the rotator refuses
// members that an action does not use.
func (r *rotatorCommand) event() json.RawMessage {
	event := map[string]any{"action": r.action, "id": newID()}
	if r.name != "" {
		event["name"] = r.name
	}
	if r.force {
		event["force"] = true
	}
	if r.action == "retire" {
		event["now"] = true
	}
	return marshal(event)
}

func (r *rotatorCommand) run(ctx context.Context, out, log io.Writer) error {
	switch {
	case r.action == "retire" && r.name == "":
		return usageError(errors.New("--name is required: retire deletes the replaced tokens of " +
			"one name"))
	case r.action == "retire" && !r.now:
		return usageError(errors.New("--now=false leaves nothing to do: " +
			"tokenmint rotate deletes tokens after their grace period"))
	}
	ctx, cancel := newInvocation(ctx)
	defer cancel()
	d, err := openDeployment(ctx, r.getenv, r.config, wallClock)
	if err != nil {
		return err
	}
	handler, err := d.rotator(newLogger(log, r.output, d.settings.LogLevel)) // one form for both
	if err != nil {
		return err
	}
	report, err := handler.Handle(ctx, r.event())
	if len(report.Tokens) == 0 {
		return err
	}
	if r.output == formatJSON {
		return errors.Join(err, writeIndented(out, report))
	}
	writeReport(out, report)
	return err
}

func writeReport(out io.Writer, report rotate.Report) {
	for _, t := range report.Tokens {
		fmt.Fprintf(out, "%s: %s\n", t.Name, strings.Join(t.Steps, ", "))
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
