package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// Exit codes of `exec`, as those of other commands that run commands.
const (
	exitOwn      = 125 // exec itself failed
	exitNotFound = 127 // there is no such command
)

// exitError is an error with its exit code. Without a cause nothing is printed.
type exitError struct {
	code  int
	cause error
}

func (e *exitError) Error() string { return fmt.Sprint(e.cause) }
func (e *exitError) Unwrap() error { return e.cause }

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func newExec() *cobra.Command {
	r := tokenRequest{getenv: os.Getenv}
	var name string
	cmd := &cobra.Command{
		Use:   "exec [flags] -- COMMAND [ARGUMENT...]",
		Short: "Run a command with a temporary Mapbox token in its environment",
		Long: `exec asks a mint for a token, as token does, and runs COMMAND with the variable
MAPBOX_ACCESS_TOKEN. The command gets standard input, output and error, and each signal. The exit
status is that of the command, 127 if the command is not found, and 125 if exec itself fails: then
the command does not run.

The token ends within the hour, and exec does not renew it. Do not use exec for a bundler: the token
would be in the files that you publish, and they would stop to work within the hour.`,
		Example: `  tokenmint exec --profile uploads -- tilesets upload-source acme cities c.ldjson
  tokenmint exec --env MAPBOX_TOKEN --ttl 10m -- ./draw-maps.sh`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("exec needs a command: tokenmint exec [flags] -- COMMAND")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if !variableName.MatchString(name) {
				return usageError(fmt.Errorf("--env is %q: write the name of a variable", name))
			}
			return runWithToken(cmd.Context(), r, name, args, cmd.ErrOrStderr())
		},
	}
	cmd.Flags().SetInterspersed(false) // later flags are the command's
	cmd.Flags().StringVar(&name, "env", "MAPBOX_ACCESS_TOKEN", "name of the variable")
	r.addFlags(cmd)
	return cmd
}

// runWithToken finds the command, then asks for the token, then runs the command.
func runWithToken(
	ctx context.Context, r tokenRequest, name string, args []string, log io.Writer,
) error {
	path, err := exec.LookPath(args[0])
	switch {
	case errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) ||
		errors.Is(err, exec.ErrDot):
		return &exitError{exitNotFound, fmt.Errorf("there is no command %q", args[0])}
	case err != nil:
		return err
	}
	token, err := r.get(ctx, log)
	if err != nil {
		return err
	}
	environment := slices.DeleteFunc(os.Environ(), func(variable string) bool {
		return strings.HasPrefix(variable, name+"=")
	})
	return become(path, args, append(environment, name+"="+token.Reveal()))
}
