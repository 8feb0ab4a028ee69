package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/internal/rotate"
	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/secrets/awsstore"
	"github.com/tokenmint/tokenmint/internal/setup"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// deployment is a deployed stack, as the environment variables of its functions describe it.
type deployment struct {
	settings setup.Settings
	config   *config.Config
	secrets  *awsstore.Store
	mapbox   *tokens.Client
	now      func() time.Time // the clock of Mapbox, which a simulator can move
}

// variablesHelp ends the help of the commands that read the environment variables of the functions.
const variablesHelp = `The command reads the environment variables of the functions:

  PARENT_SECRET_ID  name or ARN of the parent secret (required)
  TOKENS_API_URL    address of the Tokens API
  TOKEN_TABLE       name of the token table
  STACK             name of the stack in the notes of its tokens

Region and credentials come from AWS_PROFILE, SSO, web identity or ~/.aws/config, as in AWS's tools.
The stack's output Variables sets all variables of a deployed stack: see docs/deploy.md.
For a running dev, load the file from dev --env-file.`

// openDeployment reads the configuration and the settings. An empty path means the built-in policy.
// base is the clock, unless a simulator has moved its own clock.
func openDeployment(
	ctx context.Context, getenv func(string) string, path string, base func() time.Time,
) (deployment, error) {
	cfg, err := loadConfig(path)
	if err != nil {
		return deployment{}, err
	}
	settings, err := readSettings(ctx, getenv)
	if err != nil {
		return deployment{}, err
	}
	now := clockOf(ctx, settings.TokensAPIURL, base)
	mapbox, err := tokens.New(tokens.Config{BaseURL: settings.TokensAPIURL, Now: now})
	store := awsstore.Open(settings.AWS.SecretsManager())
	return deployment{settings, cfg, store, mapbox, now}, err
}

// rotator returns the handler of the function rotate.
func (d deployment) rotator(log *slog.Logger) (*rotate.Handler, error) {
	return setup.Rotate(setup.Parts{
		Settings: d.settings, Config: d.config, Now: d.now, Logger: log,
	})
}

// errDead means that a token certainly does not work. Any other error leaves the question open.
var errDead = errors.New("the token does not work")

// verify returns nil if Mapbox calls the token valid.
func (d deployment) verify(ctx context.Context, c secrets.Credential) error {
	got, err := d.mapbox.Retrieve(ctx, c.Token)
	if err != nil {
		return err
	}
	if err := c.Match(got); err != nil {
		return fmt.Errorf("%w: %w", errDead, err)
	}
	return nil
}

// list returns all tokens of the token's user.
func (d deployment) list(ctx context.Context, c secrets.Credential) ([]tokens.Metadata, error) {
	var live []tokens.Metadata
	for t, err := range d.mapbox.List(ctx, c.Auth(), tokens.ListOptions{}) {
		if err != nil {
			return nil, err
		}
		live = append(live, t)
	}
	return live, nil
}

// without returns the scopes that are not in others, as text.
func without(scopes, others []string) string {
	rest := slices.DeleteFunc(slices.Clone(scopes), func(scope string) bool {
		return slices.Contains(others, scope)
	})
	return strings.Join(rest, ", ")
}
