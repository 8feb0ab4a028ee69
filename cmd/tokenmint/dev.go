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

	"github.com/spf13/cobra"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/internal/telemetry"
)

// dev is the command's flags.
type dev struct {
	addresses
	config     string // path; "" means the built-in policy
	state      string // directory; "" means memory
	envFile    string // path; "" means none
	samEnvFile string // path; "" means none
	live       bool
	logFormat  format
	backend    backendOptions
	getenv     func(string) string // --live reads MAPBOX_ACCESS_TOKEN and TOKENS_API_URL
}

const devHelp = `dev starts three servers on loopback: the HTTP API of the mint, a simulator of
Mapbox's Tokens API, and a Secrets Manager endpoint. The endpoint holds a new parent token. When all
servers are ready, dev prints their addresses as NAME=value lines. It runs until it is interrupted.

  POST {MINT_URL}/tokens                  issues a temporary token, as for a caller with IAM
  POST {MINT_URL}/jwt/tokens              the same for the bearer of a JWT, which is not checked
  POST {MINT_URL}/custom/tokens           the same for the caller in X-Dev-Authorizer
  GET  {MINT_URL}/public/tokens/PROFILE   the token that all visitors of public pages share
  POST {MINT_URL}/_dev/rotate             runs the rotation that is due; ?force=true rotates now
  GET  {MINT_URL}/_dev/                   is a page that shows all of this in a browser
  GET  {TOKENS_API_URL}/_sim/             manages the simulator's faults, clock and call log

The header X-Dev-Authorizer sets the caller. Its value is the JSON of requestContext.authorizer.
Without this header, the caller on /tokens is ` + devCaller + `.
Web pages from this machine, such as http://localhost:3000, may call the mint (CORS). So may pages
from the origins in the configuration. dev refuses all other web pages.
When the file in --config changes, dev uses it from the next request on. If it is wrong, dev says
why and goes on with the policy before.`

func newDev() *cobra.Command {
	d := dev{getenv: os.Getenv, logFormat: formatText}
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Run the mint, a Mapbox simulator and a Secrets Manager endpoint on this machine",
		Long:  devHelp,
		Example: `  tokenmint dev
  tokenmint dev --config tokenmint.yaml --state .dev --env-file .env.dev`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return d.run(untilOrphaned(cmd.Context()), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	addConfig(cmd, &d.config)
	flags := cmd.Flags()
	flags.StringVar(&d.mint, "mint", "127.0.0.1:8787", "address of the mint; port 0 picks a "+
		"free port")
	flags.StringVar(&d.mapbox, "mapbox", "127.0.0.1:8788", "address of the Tokens API simulator")
	flags.StringVar(&d.aws, "aws", "127.0.0.1:8789", "address of the Secrets Manager endpoint")
	flags.StringVar(&d.backend.user, "user", "dev", "user name of the simulated Mapbox account")
	flags.StringVar(&d.state, "state", "",
		"directory that keeps tokens and secrets over a restart (default: memory)")
	flags.StringVar(&d.envFile, "env-file", "", "file for the printed lines, written when dev "+
		"is ready")
	flags.StringVar(&d.samEnvFile, "sam-env-file", "",
		"file for sam local --env-vars, written when dev is ready; see docs/sam-local.md")
	flags.StringSliceVar(&d.backend.scopes, "scope", nil,
		"additional scope of the simulated account; may be repeated")
	flags.IntVar(&d.backend.rate, "mapbox-rate", 100,
		"requests a minute that the simulator allows an account; 0 means no limit")
	flags.Uint64Var(&d.backend.seed, "seed", 1, "seed of the simulator's tokens")
	flags.Var(&d.logFormat, "log-format", "form of the log on standard error; functions write json")
	flags.BoolVar(&d.live, "live", false,
		"use the real Mapbox, with the parent token from MAPBOX_ACCESS_TOKEN")
	return cmd
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
	b, middleware, err := d.open(cfg)
	if err != nil {
		return err
	}
	defer b.close()
	s, err := listen(ctx, d.addresses, d.live)
	if err != nil {
		return err
	}
	defer s.close()
	if d.live && !s.loopback() {
		return usageError(errors.New("--live serves the parent token and mints for any caller: " +
			"--mint and --aws must be loopback addresses"))
	}
	lines := b.variables(s, d.mapboxURL(s))
	page := &observer{backend: b, mapboxURL: d.mapboxURL(s), ended: ctx.Done()}
	policy, err := newReloader(d.config, cfg, d.builder(b, lines, log, page), log)
	if err != nil {
		return err
	}
	page.policy = policy.policy
	s.serve(s.aws, middleware(b.awsAPI()))
	if !d.live {
		s.serve(s.mapbox, middleware(http.HandlerFunc(policy.serveMapbox)))
	}
	s.serve(s.mint, http.HandlerFunc(policy.serveMint))
	if err := d.writeFiles(lines, s); err != nil {
		return err
	}
	fmt.Fprint(out, lines)
	fmt.Fprint(log, d.hint(lines, cfg))
	return s.wait(ctx)
}

// builder returns the function that makes the handlers for a policy.
func (d dev) builder(
	b *backend, lines variables, log io.Writer, page *observer,
) func(*config.Config) (served, error) {
	logger := slog.New(slog.NewMultiHandler(
		newLogger(log, d.logFormat, slog.LevelInfo).Handler(),
		telemetry.NewLogger(page, slog.LevelInfo).Handler()))
	return func(cfg *config.Config) (served, error) {
		if err := b.makeSecrets(cfg); err != nil {
			return served{}, err
		}
		handlers, err := backendHandlers(b, lines, cfg, logger)
		if err != nil {
			return served{}, err
		}
		callers := pages{cfg.Profiles}
		handlers.page = page
		all := served{mint: handlers.mintAPI(callers, d.live)}
		if !d.live {
			all.mapbox = b.mapboxAPI(callers)
		}
		return all, nil
	}
}

// check refuses flags that exclude each other, and files that dev could not write later.
func (d dev) check() error {
	switch {
	case d.backend.rate < 0:
		return usageError(errors.New("--mapbox-rate must not be negative"))
	case d.live && d.state != "":
		return usageError(errors.New("--live and --state exclude each other: --live keeps nothing"))
	case d.live && d.samEnvFile != "":
		return usageError(errors.New("--live and --sam-env-file exclude each other: " +
			"with --live the parent token stays in this process"))
	}
	return errors.Join(checkFile("--env-file", d.envFile), checkFile("--sam-env-file",
		d.samEnvFile))
}

// checkFile reports a path that cannot become a file. An empty path is correct.
func checkFile(flag, path string) error {
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

// open returns the backend and the middleware for its two APIs. With --state the middleware saves
// each change. With --live it refuses web pages that disguise their host name.
func (d dev) open(cfg *config.Config) (*backend, func(http.Handler) http.Handler, error) {
	switch {
	case d.live:
		b, err := liveBackend(d.getenv("MAPBOX_ACCESS_TOKEN"))
		return b, onlyByAddress, err
	case d.state != "":
		s, err := openState(d.state, cfg, d.backend)
		if err != nil {
			return nil, nil, err
		}
		return s.backend, s.saving, nil
	}
	b, err := newBackend(cfg, d.backend)
	return b, func(h http.Handler) http.Handler { return h }, err
}

// mapboxURL returns the address of the simulator, or with --live the address of Mapbox.
func (d dev) mapboxURL(s *servers) string {
	if d.live {
		return cmp.Or(d.getenv("TOKENS_API_URL"), "https://api.mapbox.com")
	}
	return s.mapbox.url()
}

// writeFiles writes --env-file and --sam-env-file.
func (d dev) writeFiles(lines variables, s *servers) error {
	if d.envFile != "" {
		if err := writePrivate(d.envFile, []byte(lines.String())); err != nil {
			return fmt.Errorf("write --env-file: %w", err)
		}
	}
	if d.samEnvFile != "" {
		if err := writePrivate(d.samEnvFile, samVariables(s)); err != nil {
			return fmt.Errorf("write --sam-env-file: %w", err)
		}
	}
	return nil
}
