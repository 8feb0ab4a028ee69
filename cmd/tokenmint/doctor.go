package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/spf13/cobra"
)

// doctor is the command's flags.
type doctor struct {
	config   string
	local    bool
	output   format
	getenv   func(string) string
	now      func() time.Time
	lookPath func(string) (string, error)
}

func newDoctor() *cobra.Command {
	d := doctor{getenv: os.Getenv, now: time.Now, lookPath: exec.LookPath}
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check a deployed stack from outside, or with --local this machine",
		Long: `doctor looks at what the variables name and changes nothing: the configuration, the schedule, the queue of failed runs, the secret
and the token of the parent and of each additional token, what Mapbox says of them, when they were last rotated, what rotation has left to
do, the token table, and what is left of this minute's budget. It also calls each route without credentials and expects a refusal. It
prints a line for each finding: "ok", "note" for what settles by itself, "WRONG" with what to do. It ends with 1 when something is wrong.

With --local it checks instead that this machine has what docs/deploy.md calls for.

` + variablesHelp + `
doctor also reads SCHEDULE_NAME, the name of the stack's schedule, UNDONE_QUEUE_URL, its queue of failed runs, and MINT_URL.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), invocationLimit)
			defer cancel()
			return d.run(ctx, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().BoolVar(&d.local, "local", false, "check the tools on this machine instead")
	cmd.Flags().StringVar(&d.config, "config", "", "configuration file (default: the one compiled in)")
	addOutput(cmd, &d.output)
	return cmd
}

func (d doctor) run(ctx context.Context, out, log io.Writer) error {
	f := &findings{out: out, format: d.output}
	if d.local {
		d.checkTools(ctx, f)
	} else {
		d.checkDeployment(ctx, f, log)
	}
	return f.end()
}

// findings are printed as they are made, or, as JSON, all at the end.
type findings struct {
	out    io.Writer
	format format
	all    []finding
	wrongs int
}

// finding is one line of the report.
type finding struct {
	Level string `json:"level"` // ok, note or wrong
	Text  string `json:"text"`
}

func (f *findings) ok(format string, args ...any)   { f.add("ok", format, args...) }
func (f *findings) note(format string, args ...any) { f.add("note", format, args...) }

func (f *findings) wrong(format string, args ...any) {
	f.wrongs++
	f.add("wrong", format, args...)
}

func (f *findings) add(level, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if f.format == formatJSON {
		f.all = append(f.all, finding{level, text})
		return
	}
	if level == "wrong" {
		level = "WRONG"
	}
	fmt.Fprintf(f.out, "%-6s %s\n", level, text)
}

// end completes the report. A problem is an error.
func (f *findings) end() error {
	if f.format == formatJSON {
		writeIndented(f.out, map[string]any{"findings": f.all, "problems": f.wrongs})
	}
	switch f.wrongs {
	case 0:
		return nil
	case 1:
		return errors.New("1 problem found")
	}
	return fmt.Errorf("%d problems found", f.wrongs)
}

func (d doctor) checkDeployment(ctx context.Context, f *findings, log io.Writer) {
	deployed, err := openDeployment(ctx, d.getenv, d.config, d.now)
	if err != nil {
		f.wrong("configuration: %v", err)
		return
	}
	e := examination{deployment: deployed, findings: f}
	for _, warning := range e.config.Warnings {
		f.note("configuration: %s", warning)
	}
	f.ok("configuration: %d profiles, %d tokens besides the parent", len(e.config.Profiles), len(e.config.Tokens))
	endpoint := cmp.Or(d.getenv("AWS_ENDPOINT_URL_SCHEDULER"), d.getenv("AWS_ENDPOINT_URL"))
	e.patience = patienceFor(e.checkSchedule(ctx, d.getenv("SCHEDULE_NAME"), endpoint))
	e.checkQueue(ctx, d.getenv("UNDONE_QUEUE_URL"), cmp.Or(d.getenv("AWS_ENDPOINT_URL_SQS"), d.getenv("AWS_ENDPOINT_URL")))
	live, works := e.checkParent(ctx)
	for _, t := range e.config.Tokens {
		e.checkAdditional(ctx, t, live)
	}
	if works {
		e.checkRotation(ctx, log)
	}
	e.checkTable(ctx)
	e.checkRoutes(ctx, d.getenv("MINT_URL"))
}
