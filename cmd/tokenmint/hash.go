package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

func newHash() *cobra.Command {
	return &cobra.Command{
		Use:   "hash",
		Short: "Print the hash of a token, as in the audit log",
		Long: `hash reads a token from standard input and prints its hash. The audit log of the mint
has this hash as tokenHash. On a terminal, hash asks for the token and hides the typed text. hash
never prints the token and sends nothing. docs/operations.md says how to search the log.`,
		Example: `  tokenmint hash
  tokenmint hash < leaked.txt`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return hashToken(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
}

func hashToken(ctx context.Context, in io.Reader, out, ask io.Writer) error {
	given, err := readSecret(ctx, in, ask, "Mapbox token")
	if err != nil {
		return err
	}
	text := strings.TrimSuffix(strings.TrimSuffix(given.Reveal(), "\n"), "\r")
	if err := checkPlain(text); err != nil {
		return err
	}
	token := tokens.NewToken(text)
	switch {
	case strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }):
		return errors.New("standard input holds more than the token: give the token alone")
	case token.Usage() == "":
		return errors.New("standard input holds no Mapbox token: a token begins with pk, sk or " +
			"tk and a dot")
	}
	_, err = fmt.Fprintln(out, token.Hash())
	return err
}

// checkPlain refuses an empty or quoted token. Its errors do not show the text.
func checkPlain(text string) error {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return errors.New("standard input is empty: give the token")
	case strings.ContainsAny(text[:1], "\"'`") ||
		strings.HasPrefix(text, "“") || strings.HasPrefix(text, "‘"):
		return errors.New("the token on standard input is quoted: give it without quotes")
	}
	return nil
}
