package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/internal/setup"
	"github.com/tokenmint/tokenmint/internal/telemetry"
)

// dev is the command's flags.
type dev struct {
	mint, mapbox, aws string // addresses to listen on
	config            string // path; "" = the one compiled in
	state, envFile    string // paths; "" = none
	samEnvFile        string // likewise
	live              bool
	logFormat         format
	world             worldOptions
	getenv            func(string) string // of --live: MAPBOX_ACCESS_TOKEN, TOKENS_API_URL
}

func newDev() *cobra.Command {
	d := dev{getenv: os.Getenv, logFormat: formatText}
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Run the mint, a simulator of Mapbox's Tokens API and a Secrets Manager on this machine",
		Long: `dev starts three servers on loopback: the mint's HTTP API, a simulator of Mapbox's Tokens API and a Secrets
Manager endpoint that holds a fresh parent token. It prints their addresses as NAME=value lines when all are ready,
and runs until it is interrupted.

  POST {MINT_URL}/tokens                  a temporary token
  POST {MINT_URL}/_dev/rotate             stands in for the schedule; ?force=true rotates now
  GET  {TOKENS_API_URL}/_sim/             the simulator's faults, clock and call log

The header X-Dev-Authorizer (the JSON of requestContext.authorizer) sets who calls; without it, it is
` + devCaller + `.
Web pages that this machine serves, such as http://localhost:3000, and pages of the origins that the configuration names
may call the mint too (CORS). Other pages are refused.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return d.run(untilOrphaned(cmd.Context()), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&d.mint, "mint", "127.0.0.1:8787", "address of the mint; port 0 takes a free one")
	flags.StringVar(&d.mapbox, "mapbox", "127.0.0.1:8788", "address of the Tokens API simulator")
	flags.StringVar(&d.aws, "aws", "127.0.0.1:8789", "address of the Secrets Manager endpoint")
	flags.StringVar(&d.world.user, "user", "dev", "user name of the simulated Mapbox account")
	flags.StringVar(&d.config, "config", "", "configuration file (default: the one compiled in)")
	flags.StringVar(&d.state, "state", "", "directory that keeps tokens and secrets over a restart (default: memory)")
	flags.StringVar(&d.envFile, "env-file", "", "file to write the printed lines to when ready")
	flags.StringVar(&d.samEnvFile, "sam-env-file", "", "file to write for sam local --env-vars when ready; see docs/sam-local.md")
	flags.StringSliceVar(&d.world.scopes, "scope", nil, "scope that the simulated account has besides the known ones; may be repeated")
	flags.IntVar(&d.world.rate, "mapbox-rate", 100, "requests a minute that the simulator allows an account; 0 = no limit")
	flags.Uint64Var(&d.world.seed, "seed", 1, "seed of the simulator's tokens")
	flags.Var(&d.logFormat, "log-format", "form of the log on standard error; json is what the functions write")
	flags.BoolVar(&d.live, "live", false, "use the real Mapbox, with the parent token in MAPBOX_ACCESS_TOKEN")
	return cmd
}

// check refuses flags that cannot go together, and paths that cannot be written later.
func (d dev) check() error {
	switch {
	case d.world.rate < 0:
		return usageError(errors.New("--mapbox-rate must not be negative"))
	case d.live && d.state != "":
		return usageError(errors.New("--live keeps nothing, so --state cannot go with it"))
	case d.live && d.samEnvFile != "":
		return usageError(errors.New("--live keeps the parent token to itself, so --sam-env-file cannot go with it"))
	}
	return errors.Join(checkFolder("--env-file", d.envFile), checkFolder("--sam-env-file", d.samEnvFile))
}

// checkFolder reports that the folder of a file to write is not there.
func checkFolder(flag, path string) error {
	if path == "" {
		return nil
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("%s: %s is a folder: name a file", flag, path)
	}
	folder := filepath.Dir(path)
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return fmt.Errorf("%s: there is no folder %s: make it first", flag, folder)
	}
	return nil
}

func (d dev) run(ctx context.Context, out, log io.Writer) error {
	if err := d.check(); err != nil {
		return err
	}
	cfg, err := loadConfig(d.config)
	if err != nil {
		return err
	}
	warn(log, cfg)
	w, keep, err := d.open(cfg)
	if err != nil {
		return err
	}
	defer w.close()
	servers, err := d.listen(ctx)
	if err != nil {
		return err
	}
	defer servers.close()
	if d.live && !servers.loopback() {
		return usageError(errors.New("--live serves the parent token and mints for anybody, so --mint and --aws must be loopback addresses"))
	}
	lines := d.lines(w, servers)
	handlers, err := build(lines, cfg, w, newLogger(log, d.logFormat, slog.LevelInfo))
	if err != nil {
		return err
	}
	callers := pages{cfg.Profiles}
	servers.serve(servers.aws, keep(w.aws()))
	if !d.live {
		servers.serve(servers.mapbox, keep(w.mapbox(callers)))
	}
	servers.serve(servers.mint, handlers.front(callers, d.live))
	if err := d.write(lines, servers); err != nil {
		return err
	}
	fmt.Fprint(out, lines)
	fmt.Fprint(log, d.hint(lines, cfg))
	return servers.wait(ctx)
}

// write leaves the files that other programs read.
func (d dev) write(lines variables, s *servers) error {
	if d.envFile != "" {
		if err := writePrivate(d.envFile, []byte(lines.String())); err != nil {
			return fmt.Errorf("write --env-file: %w", err)
		}
	}
	if d.samEnvFile != "" {
		text, err := samVariables(s)
		if err == nil {
			err = writePrivate(d.samEnvFile, text)
		}
		if err != nil {
			return fmt.Errorf("write --sam-env-file: %w", err)
		}
	}
	return nil
}

// open returns the world, and what keeps its changes.
func (d dev) open(cfg *config.Config) (*world, func(http.Handler) http.Handler, error) {
	forget := func(h http.Handler) http.Handler { return h }
	switch {
	case d.live:
		w, err := liveWorld(d.getenv("MAPBOX_ACCESS_TOKEN"))
		return w, onlyByAddress, err
	case d.state != "":
		s, err := openState(d.state, cfg, d.world)
		if err != nil {
			return nil, nil, err
		}
		return s.world, s.saving, nil
	default:
		w, err := newWorld(cfg, d.world)
		return w, forget, err
	}
}

// variables are NAME=value lines.
type variables []variable

type variable struct{ name, value string }

// lines are what a function, or a person, needs to reach this world. A real parent token is not among them.
func (d dev) lines(w *world, s *servers) variables {
	lines := variables{
		{"MINT_URL", s.mint.url()},
		{"TOKENS_API_URL", ""},
		{"AWS_ENDPOINT_URL_SECRETS_MANAGER", s.aws.url() + w.door},
		{"PARENT_SECRET_ID", parentSecret},
		{"MAPBOX_USERNAME", w.user},
	}
	if d.live {
		lines[1].value = cmp.Or(d.getenv("TOKENS_API_URL"), "https://api.mapbox.com")
		return lines
	}
	lines[1].value = s.mapbox.url()
	return append(lines, variable{"MAPBOX_ACCESS_TOKEN", w.hand.Reveal()})
}

func (v variables) String() string {
	var b strings.Builder
	for _, line := range v {
		b.WriteString(line.name + "=" + line.value + "\n")
	}
	return b.String()
}

// get returns the value of a variable, as [os.Getenv] does.
func (v variables) get(name string) string {
	for _, line := range v {
		if line.name == name {
			return line.value
		}
	}
	return ""
}

// build puts the handlers together as the functions' mains do, from the lines instead of the process's variables.
func build(lines variables, cfg *config.Config, w *world, log *slog.Logger) (handlers, error) {
	settings, err := setup.Read(lines.get)
	if err != nil {
		return handlers{}, err
	}
	parts := setup.Parts{Settings: settings, Config: cfg, Now: w.now, Logger: log, Metrics: noMetrics()}
	return newHandlers(parts)
}

// noMetrics is for a machine whose log nobody but a person reads.
func noMetrics() *telemetry.Metrics { return telemetry.NewMetrics(io.Discard, "dev") }

// warn prints what may be a slip in the configuration.
func warn(log io.Writer, cfg *config.Config) {
	for _, warning := range cfg.Warnings {
		fmt.Fprintln(log, "warning:", warning)
	}
}

func loadConfig(path string) (*config.Config, error) {
	if path == "" {
		return config.Shipped()
	}
	return config.Load(path)
}
