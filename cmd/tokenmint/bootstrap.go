package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

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
		Short: "Put the first parent token into its secret, once it is known to do",
		Long: `bootstrap reads a Mapbox secret token from standard input, or asks for it when that is a terminal, so that it shows neither
on the screen nor in a shell's history or a list of processes. It asks Mapbox whether the token works and has the scopes that the
configuration needs, and stores it in the parent secret. A stored token that works is only replaced with --replace.

` + variablesHelp,
		Example: `  tokenmint bootstrap
  tokenmint bootstrap --dry-run < token.txt`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return b.run(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().BoolVar(&b.replace, "replace", false, "store it even if the stored token works")
	cmd.Flags().BoolVar(&b.dryRun, "dry-run", false, "check the token, and store nothing")
	cmd.Flags().StringVar(&b.config, "config", "", "configuration file (default: the one compiled in)")
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
	parent, err := parsePasted(text)
	if err != nil {
		return err
	}
	if err := d.verify(ctx, parent); err != nil {
		return err
	}
	fmt.Fprintf(out, "Token %s of Mapbox user %s works.\n", parent.ID, parent.Username)
	if parent.Scopes, err = d.scopesOf(ctx, parent); err != nil {
		return fmt.Errorf("look for the token's scopes, which takes tokens:read: %w", err)
	}
	if stored.Username != "" && stored.Username != parent.Username {
		fmt.Fprintf(out, "The stored one is of user %s: nothing here will delete that user's tokens any more.\n", stored.Username)
	}
	need := d.config.ParentScopes()
	if missing := without(need, parent.Scopes); missing != "" {
		return fmt.Errorf("the token lacks %s: make one with these scopes too, at https://console.mapbox.com/account/access-tokens/", missing)
	}
	fmt.Fprintf(out, "It has the %d scopes that the configuration needs.\n", len(need))
	if beyond := without(parent.Scopes, need); beyond != "" {
		fmt.Fprintf(out, "It has more than that: %s. Its successors have them too, unless parent.scopes is set.\n", beyond)
	}
	switch {
	case stored.Token.Equal(parent.Token):
		fmt.Fprintf(out, "Secret %s holds it already.\n", d.settings.ParentSecretID)
		return nil
	case b.dryRun:
		fmt.Fprintln(out, "Nothing is stored: --dry-run.")
		return nil
	}
	return b.store(ctx, d, parent, out)
}

// stored returns what the secret holds now, zero when that is nothing or does not work. It is an error that the secret is not there, and
// without --replace that what it holds works or may work.
func (b bootstrap) stored(ctx context.Context, d deployment) (secrets.Credential, error) {
	id := d.settings.ParentSecretID
	if _, err := d.secrets.Describe(ctx, id); err != nil {
		return secrets.Credential{}, fmt.Errorf("%w; PARENT_SECRET_ID must name the secret that the stack has made", err)
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
		return secrets.Credential{}, nil //nolint:nilerr // a placeholder, or a slip: nothing is lost with it
	}
	switch err := d.verify(ctx, credential); {
	case errors.Is(err, errDead):
		return secrets.Credential{}, nil
	case b.replace:
		return credential, nil
	case err != nil:
		return secrets.Credential{}, fmt.Errorf("whether the stored token works is not known: %w", err)
	}
	return secrets.Credential{}, fmt.Errorf("secret %s holds token %s of user %s, which works: --replace replaces it", id, credential.ID, credential.Username)
}

// parsePasted reads what a person pasted. That it says when rotation made it, as a copy of a stored value would, counts for nothing: it
// has been through other hands.
func parsePasted(text secrets.Value) (secrets.Credential, error) {
	if err := checkPlain(text.Reveal()); err != nil {
		return secrets.Credential{}, err
	}
	credential, err := secrets.ParseCredential(text)
	switch {
	case err != nil:
		return secrets.Credential{}, fmt.Errorf("what was given cannot be the parent: %w", err)
	case credential.Token.Usage() != tokens.UsageSecret:
		return secrets.Credential{}, errors.New("what was given cannot be the parent: it is a temporary token (tk), which ends by itself; a secret one (sk) is needed")
	}
	return secrets.Credential{Token: credential.Token, Username: credential.Username, ID: credential.ID}, nil
}

// store makes the parent current. An answer that is lost may have stored it: the same again then says that the stored token works.
func (b bootstrap) store(ctx context.Context, d deployment, parent secrets.Credential, out io.Writer) error {
	value, err := parent.Encode()
	if err != nil {
		return err
	}
	version := newID()
	if err := d.secrets.Put(ctx, d.settings.ParentSecretID, version, value, secrets.Current); err != nil {
		return err
	}
	fmt.Fprintf(out, `Stored as version %s of secret %s.

The mint can use it now; an instance that runs may keep the one before for 5 minutes. The next heartbeat of the rotator, within the
hour, replaces it by one that nobody has seen, and %s later it is DELETED at Mapbox: do not use it elsewhere.
  tokenmint rotate   replaces it now
  tokenmint doctor   checks what is deployed
`, version, d.settings.ParentSecretID, d.config.Parent.RetireAfter)
	return nil
}
