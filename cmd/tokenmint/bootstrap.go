package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// bootstrap is the command's flags.
type bootstrap struct {
	config          string
	replace, dryRun bool
	getenv          func(string) string
}

func newBootstrap() *cobra.Command {
	b := bootstrap{getenv: os.Getenv}
	cmd := &cobra.Command{
		Use:   "bootstrap",
		Short: "Check the first parent token and store it in its secret",
		Long: `bootstrap reads a Mapbox secret token from standard input. On a terminal, it asks for
the token and hides the typed text. So the token appears neither on the screen nor in a shell's
history.

bootstrap asks Mapbox whether the token works and has the scopes that the configuration needs. Then
it stores the token in the parent secret. It replaces a stored token that works only with --replace.

` + variablesHelp,
		Example: `  tokenmint bootstrap
  tokenmint bootstrap --dry-run < token.txt`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return b.run(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().BoolVar(&b.replace, "replace", false, "replace a stored token even if it works")
	cmd.Flags().BoolVar(&b.dryRun, "dry-run", false, "check the token and store nothing")
	addConfig(cmd, &b.config)
	return cmd
}

func (b bootstrap) run(ctx context.Context, in io.Reader, out, ask io.Writer) error {
	d, err := openDeployment(ctx, b.getenv, b.config, wallClock)
	if err != nil {
		return err
	}
	warn(ask, d.config)
	stored, err := b.stored(ctx, d)
	if err != nil {
		return err
	}
	text, err := readSecret(ctx, in, ask, "Mapbox secret token")
	if err != nil {
		return err
	}
	parent, err := parseGiven(text)
	if err != nil {
		return err
	}
	if err := d.verify(ctx, parent); err != nil {
		return err
	}
	fmt.Fprintf(out, "Token %s of Mapbox user %s works.\n", parent.ID, parent.Username)
	if parent.Scopes, err = readScopes(ctx, d, parent); err != nil {
		return fmt.Errorf("read the token's scopes, which needs tokens:read: %w", err)
	}
	if stored.Username != "" && stored.Username != parent.Username {
		fmt.Fprintf(out, "The stored token is of user %s. "+
			"Rotation will not delete that user's tokens.\n", stored.Username)
	}
	if err := checkParentScopes(d.config, parent.Scopes, out); err != nil {
		return err
	}
	switch {
	case stored.Token.Equal(parent.Token):
		fmt.Fprintf(out, "Secret %s holds this token already.\n", d.settings.ParentSecretID)
		return nil
	case b.dryRun:
		fmt.Fprintln(out, "Nothing is stored, because of --dry-run.")
		return nil
	}
	return b.store(ctx, d, parent, out)
}

// readScopes returns the scopes that Mapbox lists for the parent.
func readScopes(
	ctx context.Context, d deployment, parent secrets.Credential,
) ([]string, error) {
	live, err := d.list(ctx, parent)
	if err != nil {
		return nil, err
	}
	listed := parent.Listed(live)
	if listed == nil {
		return nil, fmt.Errorf("the list of Mapbox user %s lacks token %s",
			parent.Username, parent.ID)
	}
	return listed.Scopes, nil
}

// checkParentScopes refuses a parent that lacks scopes, and names scopes that it does not need.
func checkParentScopes(cfg *config.Config, scopes []string, out io.Writer) error {
	need := cfg.ParentScopes()
	if missing := without(need, scopes); missing != "" {
		return fmt.Errorf("the token lacks %s: make one with these scopes too, "+
			"at https://console.mapbox.com/account/access-tokens/", missing)
	}
	fmt.Fprintf(out, "It has the %d scopes that the configuration needs.\n", len(need))
	if unneeded := without(scopes, need); unneeded != "" {
		fmt.Fprintf(out, "It also has scopes that the configuration does not need: %s.\n"+
			"The next parents have them too, unless parent.scopes is set.\n", unneeded)
	}
	return nil
}

// stored returns the credential in the secret. It returns the zero value if the secret has no value
// or a token that does not work. A missing secret is an error. Without --replace, a token that
// works or may work is an error.
func (b bootstrap) stored(ctx context.Context, d deployment) (secrets.Credential, error) {
	id := d.settings.ParentSecretID
	if _, err := d.secrets.Describe(ctx, id); err != nil {
		return secrets.Credential{},
			fmt.Errorf("%w; PARENT_SECRET_ID must name the secret that the stack has made", err)
	}
	version, err := d.secrets.Get(ctx, id, "")
	if errors.Is(err, secrets.ErrNotFound) {
		return secrets.Credential{}, nil // it has no value yet
	}
	if err != nil {
		return secrets.Credential{}, err
	}
	credential, err := secrets.ParseCredential(version.Value)
	if err != nil {
		return secrets.Credential{}, nil //nolint:nilerr // a placeholder or a mistake, which may go
	}
	switch err := d.verify(ctx, credential); {
	case errors.Is(err, errDead):
		return secrets.Credential{}, nil
	case b.replace:
		return credential, nil
	case err != nil:
		return secrets.Credential{}, fmt.Errorf("check whether the stored token works: %w", err)
	}
	return secrets.Credential{}, fmt.Errorf(
		"secret %s holds token %s of user %s, which works: --replace replaces it",
		id, credential.ID, credential.Username)
}

// parseGiven reads the given token. It drops the date and the rotation of a copied value, so that
// the next heartbeat replaces the token: people have handled it.
func parseGiven(text secrets.Value) (secrets.Credential, error) {
	if err := checkPlain(text.Reveal()); err != nil {
		return secrets.Credential{}, err
	}
	credential, err := secrets.ParseCredential(text)
	switch {
	case err != nil:
		return secrets.Credential{}, fmt.Errorf("the given text cannot be the parent: %w", err)
	case credential.Token.Usage() != tokens.UsageSecret:
		return secrets.Credential{}, errors.New("the given text cannot be the parent: " +
			"it is a temporary token (tk), which expires; give a secret token (sk)")
	}
	return secrets.Credential{
		Token: credential.Token, Username: credential.Username, ID: credential.ID,
	}, nil
}

// store makes the parent current. If the reply is lost, the token may be stored. A second bootstrap
// then reports that the stored token works.
func (b bootstrap) store(ctx context.Context, d deployment, parent secrets.Credential,
	out io.Writer) error {
	value, err := parent.Encode()
	if err != nil {
		return err
	}
	version := newID()
	if err := d.secrets.Put(ctx, d.settings.ParentSecretID, version, value,
		secrets.Current); err != nil {
		return err
	}
	fmt.Fprintf(out, `Stored as version %s of secret %s.

The mint can use it now. A running instance may use the earlier token for 5 more minutes. The next
heartbeat, within the hour, replaces it with a token that nobody has seen. %s later, this token
is DELETED at Mapbox: do not use it elsewhere.
  tokenmint rotate   replaces it now
  tokenmint doctor   checks what is deployed
`, version, d.settings.ParentSecretID, d.config.Parent.RetireAfter)
	return nil
}
