package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/secrets/awsstore"
	"github.com/tokenmint/tokenmint/internal/setup"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// deployment is what the functions' variables name, seen from outside.
type deployment struct {
	settings setup.Settings
	config   *config.Config
	secrets  *awsstore.Store
	mapbox   *tokens.Client
	now      func() time.Time // the simulator's clock, where that stands in for Mapbox
}

// variablesHelp ends the help of the commands that read the functions' variables.
const variablesHelp = `The function's own variables say where: PARENT_SECRET_ID must be set; TOKENS_API_URL, TOKEN_TABLE and STACK (what the notes of its
tokens bear) may be. Region and credentials are found as AWS's own tools find them: AWS_PROFILE, SSO, web identity, ~/.aws/config.
The stack's output Variables sets all that a deployed stack needs: see docs/deploy.md. For a running dev, load the file that
--env-file wrote.`

// openDeployment reads the settings; an empty path is the configuration that was compiled in. base is the clock unless a
// simulator has its own.
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
	return deployment{settings, cfg, awsstore.Open(settings.AWS.SecretsManager()), mapbox, now}, err
}

// errDead marks a token that certainly does not work. Any other error leaves that open.
var errDead = errors.New("the token does not work")

// verify returns nil if Mapbox calls the token valid.
func (d deployment) verify(ctx context.Context, c secrets.Credential) error {
	got, err := d.mapbox.Retrieve(ctx, c.Token)
	switch {
	case err != nil:
		return err
	case got.Verdict != tokens.VerdictValid:
		return fmt.Errorf("%w: Mapbox calls it %s", errDead, got.Verdict)
	case got.ID != c.ID || got.User != c.Username:
		return fmt.Errorf("%w: it says that it is token %s of %s, and Mapbox that it is %s of %s", errDead, c.ID, c.Username, got.ID, got.User)
	}
	return nil
}

// list returns the tokens that Mapbox lists for the user of a token, with that token.
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

// find returns the token with that id, nil if it is not among them.
func find(all []tokens.Metadata, id string) *tokens.Metadata {
	for i := range all {
		if all[i].ID == id {
			return &all[i]
		}
	}
	return nil
}

// scopesOf returns the scopes that Mapbox lists for a token, with that token.
func (d deployment) scopesOf(ctx context.Context, c secrets.Credential) ([]string, error) {
	live, err := d.list(ctx, c)
	if err != nil {
		return nil, err
	}
	if listed := find(live, c.ID); listed != nil {
		return listed.Scopes, nil
	}
	return nil, fmt.Errorf("token %s is not among the tokens of %s", c.ID, c.Username)
}

// without returns those of scopes that are not in others, as text.
func without(scopes, others []string) string {
	rest := slices.DeleteFunc(slices.Clone(scopes), func(s string) bool { return slices.Contains(others, s) })
	return strings.Join(rest, ", ")
}
