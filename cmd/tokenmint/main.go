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
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	fmt.Fprintln(log, "tokenmint:", tokenLike.ReplaceAllString(err.Error(), "$1.[redacted]"))
	if errors.Is(err, errUsage) {
		fmt.Fprintln(log, "Try 'tokenmint --help'.")
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
		Long: `tokenmint hands out temporary Mapbox tokens and keeps the permanent ones fresh.
This command runs its two functions on one machine, through the handlers that run on Lambda, and looks after a deployed stack.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return cmd.Help()
		},
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError(err) })
	root.AddCommand(newBootstrap(), newDev(), newDoctor(), newExplain(), newInvoke(), newPlan(), newRotate(), newVersion())
	for _, cmd := range append(root.Commands(), root) {
		check := cmd.Args
		cmd.Args = func(cmd *cobra.Command, args []string) error { return usageError(check(cmd, args)) }
	}
	return root
}
