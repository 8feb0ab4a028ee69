// Command tokenmint is for operators and callers. It gets tokens from a mint. It runs the functions
// on one machine, without AWS and without a Mapbox account. It also stores the first parent token
// of a deployed stack, checks the stack, and explains which caller gets which scopes.
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
	exitFailure = 1 // the command failed or found a problem
	exitUsage   = 2 // the command line is wrong
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
	ended, hasCode := errors.AsType[*exitError](err)
	if hasCode && ended.cause == nil {
		return ended.code
	}
	fmt.Fprintln(log, "tokenmint:", tokenLike.ReplaceAllString(err.Error(), "$1.[redacted]"))
	isUsage := errors.Is(err, errUsage)
	if isUsage {
		fmt.Fprintf(log, "Try '%s --help'.\n", cmd.CommandPath())
	}
	switch {
	case hasCode:
		return ended.code
	case cmd.Name() == "exec":
		return exitOwn
	case isUsage:
		return exitUsage
	}
	return exitFailure
}

// tokenLike matches tokens. An error may quote a token from the command line.
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
		Long: `tokenmint issues temporary Mapbox tokens and replaces the permanent ones regularly.
The commands token and exec get a token from a mint. The other commands are for operators. They run
the two functions on one machine, with the handlers that run on Lambda. They store the first token
of a deployed stack and check the stack.

The exit status is 0 for success, 1 for a failure or a problem, and 2 for a wrong command line. exec
has its own.`,
		Example: `  tokenmint dev
  tokenmint token --profile uploads
  tokenmint explain --caller arn:aws:iam::123456789012:role/web-1
  tokenmint doctor`,
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
	root.AddCommand(newBootstrap(), newDev(), newDoctor(), newExec(), newExplain(), newHash(),
		newInvoke(), newPlan(), newPolicy(), newRetire(), newRotate(), newToken(), newVersion())
	for _, cmd := range append(root.Commands(), root) {
		check := cmd.Args
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			return usageError(check(cmd,
				args))
		}
	}
	return root
}

// knownCommand refuses an unknown command and suggests similar ones.
func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		return fmt.Errorf("there is no command %q: did you "+
			"mean %s?", args[0], strings.Join(near, " or "))
	}
	return fmt.Errorf("there is no command %q", args[0])
}

// noArguments refuses arguments of a command that takes flags only.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return fmt.Errorf("%s takes flags only, and %q is not a flag", cmd.Name(), args[0])
}
