package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"

	"github.com/spf13/cobra"
)

// byHand is the flags of plan and rotate: the rotator's events, without writing them.
type byHand struct {
	action, name, config string
	force                bool
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

func (b *byHand) command(short, example string) *cobra.Command {
	cmd := &cobra.Command{
		Use:     b.action,
		Short:   short,
		Long:    short + ".\n\n" + variablesHelp,
		Example: example,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return b.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringVar(&b.name, "name", "", "managed token (default: all)")
	cmd.Flags().StringVar(&b.config, "config", "", "configuration file (default: the one compiled in)")
	return cmd
}

func (b *byHand) run(ctx context.Context, out, log io.Writer) error {
	if b.getenv("PARENT_SECRET_ID") == "" {
		return errors.New("PARENT_SECRET_ID is not set: it must name the secret that holds the parent token (see --help)")
	}
	event, err := json.Marshal(map[string]any{"action": b.action, "id": newID(), "name": b.name, "force": b.force})
	if err != nil {
		return err
	}
	i := invoke{event: "-", config: b.config, getenv: b.getenv}
	return i.run(ctx, "rotate", bytes.NewReader(event), out, log)
}
