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

	"github.com/tokenmint/tokenmint/config"
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

const doctorHelp = `doctor checks a deployed stack and changes nothing. It checks:

  - the configuration, and the policy that the functions read, which must be equal to it
  - the schedule, and the queue of failed runs
  - the secret, its name and the token of the parent and of each additional token
  - when rotation replaced the parent, and what rotation will do next
  - the token table, and the rest of this minute's mint budget
  - each route, which must refuse a request without credentials
  - each public profile, which must answer pages of the origins in its rules

Each finding is one line. "ok" is correct. "note" needs no action. "WRONG" says what to do.
The exit status is 1 if a finding is wrong.

With --local, doctor checks instead that this machine has the tools that docs/deploy.md needs.

` + variablesHelp + `
doctor also reads MINT_FUNCTION, ROTATE_FUNCTION, SCHEDULE_NAME (the stack's schedule),
UNDONE_QUEUE_URL (the stack's queue of failed runs), MINT_URL, and ROUTES (kinds of the stack's
routes, such as iam:jwt).`

func newDoctor() *cobra.Command {
	d := doctor{getenv: os.Getenv, now: time.Now, lookPath: exec.LookPath}
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check a deployed stack from outside, or with --local this machine",
		Long:  doctorHelp,
		Example: `  tokenmint doctor
  tokenmint doctor --output json
  tokenmint doctor --local`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), invocationLimit)
			defer cancel()
			return d.run(ctx, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().BoolVar(&d.local, "local", false, "check the tools on this machine instead")
	addConfig(cmd, &d.config)
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

// findings are the report. Text appears at once, JSON at the end.
type findings struct {
	out      io.Writer
	format   format
	all      []finding
	problems int
}

// finding is one line of the report.
type finding struct {
	Level string `json:"level"` // ok, note or wrong
	Text  string `json:"text"`
}

func (f *findings) ok(format string, args ...any)   { f.add("ok", format, args...) }
func (f *findings) note(format string, args ...any) { f.add("note", format, args...) }

func (f *findings) wrong(format string, args ...any) {
	f.problems++
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

// end completes the report. It returns an error if there is a problem.
func (f *findings) end() error {
	if f.format == formatJSON {
		report := map[string]any{"findings": f.all, "problems": f.problems}
		if err := writeIndented(f.out, report); err != nil {
			return err
		}
	}
	switch f.problems {
	case 0:
		return nil
	case 1:
		return errors.New("1 problem found")
	}
	return fmt.Errorf("%d problems found", f.problems)
}

// examination is one check of a deployment.
type examination struct {
	deployment
	*findings
	local    bool          // the secrets are on this machine, where functions need no roles
	patience time.Duration // how long the rotator may take for the work of one heartbeat
}

func (d doctor) checkDeployment(ctx context.Context, f *findings, log io.Writer) {
	deployed, err := openDeployment(ctx, d.getenv, d.config, d.now)
	if err != nil {
		f.wrong("configuration: %v", err)
		return
	}
	e := examination{deployment: deployed, findings: f}
	e.local = isLoopback(d.endpoint("SECRETS_MANAGER"))
	f.noteWarnings(e.config)
	f.ok("configuration: %d profiles, %d additional tokens",
		len(e.config.Profiles), len(e.config.Tokens))
	e.checkPolicy(ctx, d.getenv("MINT_FUNCTION"), d.getenv("ROTATE_FUNCTION"), d.endpoint("LAMBDA"))
	e.patience = patienceFor(e.checkSchedule(ctx, d.getenv("SCHEDULE_NAME"),
		d.endpoint("SCHEDULER")))
	e.checkQueue(ctx, d.getenv("UNDONE_QUEUE_URL"), d.endpoint("SQS"))
	live, works := e.checkParent(ctx)
	e.checkParentName()
	for _, t := range e.config.Tokens {
		e.checkAdditional(ctx, t, live)
	}
	if works {
		e.checkRotation(ctx, log)
	}
	e.checkTable(ctx)
	e.checkRoutes(ctx, d.getenv("MINT_URL"), d.getenv("ROUTES"))
}

// endpoint returns the address that replaces an AWS service, or "".
func (d doctor) endpoint(service string) string {
	return cmp.Or(d.getenv("AWS_ENDPOINT_URL_"+service), d.getenv("AWS_ENDPOINT_URL"))
}

// patienceFor returns the patience for heartbeats at this interval. One heartbeat may be lost. The
// next one may come at the end of its flexible time window.
func patienceFor(interval time.Duration) time.Duration { return 2*interval + 10*time.Minute }

func (f *findings) noteWarnings(cfg *config.Config) {
	for _, warning := range cfg.Warnings {
		f.note("configuration: %s", warning)
	}
}

func moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func rounded(d time.Duration) time.Duration { return d.Round(time.Minute) }
