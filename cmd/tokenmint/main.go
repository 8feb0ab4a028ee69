// Command tokenmint is the operator's: it runs the functions on one machine, without AWS and without a Mapbox account, puts the first
// parent token into a deployed stack, examines that, and explains who may have what.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit codes.
const (
	exitFailure = 1 // what was asked for could not be done
	exitUsage   = 2 // it was not clear what was asked for
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run runs one command and returns the exit code.
func run(ctx context.Context, args []string, out, log io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(log)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return 0
	}
	fmt.Fprintln(log, "tokenmint:", tokenLike.ReplaceAllString(err.Error(), "$1.[redacted]"))
	if errors.Is(err, errUsage) {
		fmt.Fprintf(log, "Try '%s --help'.\n", cmd.CommandPath())
		return exitUsage
	}
	return exitFailure
}

// tokenLike finds tokens that somebody has written on the command line, which errors about it quote.
var tokenLike = regexp.MustCompile(`\b([pst]k)\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+`)

// errUsage marks errors of the command line itself.
var errUsage = errors.New("usage")

func usageError(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", errUsage, err)
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "tokenmint",
		Short: "Short-lived Mapbox tokens from a parent token that never leaves its secret",
		Long: `tokenmint issues temporary Mapbox tokens and keeps the permanent ones fresh.
This command runs its two functions on one machine, through the handlers that run on Lambda, and looks after a deployed stack.

It ends with 0 when all is well, with 1 when something failed or was found wrong, and with 2 when the command line is wrong.`,
		Version:       versionLine(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          knownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return cmd.Help()
		},
		SuggestionsMinimumDistance: 2,
	}
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError(err) })
	root.AddCommand(newBootstrap(), newDev(), newDoctor(), newExplain(), newHash(), newInvoke(), newPlan(), newRetire(),
		newRotate(), newVersion())
	for _, cmd := range append(root.Commands(), root) {
		check := cmd.Args
		cmd.Args = func(cmd *cobra.Command, args []string) error { return usageError(check(cmd, args)) }
	}
	return root
}

// knownCommand refuses what is left when no subcommand was recognised.
func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		return fmt.Errorf("there is no command %q: did you mean %s?", args[0], strings.Join(near, " or "))
	}
	return fmt.Errorf("there is no command %q", args[0])
}

// noArguments is for commands that take flags alone.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return fmt.Errorf("%s takes flags only, and %q is none", cmd.Name(), args[0])
}
