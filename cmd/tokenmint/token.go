package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
)

func newToken() *cobra.Command {
	r := tokenRequest{getenv: os.Getenv}
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Print a temporary Mapbox token from a mint",
		Long: `token asks a mint for a token and prints the token alone on one line. It reads the
address of the mint from MINT_URL. It signs the request with the AWS credentials of the default
chain, as every AWS tool does. On the public route it signs nothing.

If the mint refuses, token prints the reason on standard error and nothing on standard output, and
the exit status is 1. If the mint is busy or fails, token tries again for up to a minute.

A token ends within the hour. Ask for it in the step that needs it.`,
		Example: `  token=$(tokenmint token --profile uploads)
  tokenmint token --scopes styles:read,fonts:read --ttl 15m
  tokenmint token --bearer-env CI_JOB_JWT
  tokenmint token --url https://mint.example.com/public/tokens/public-map`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			token, err := r.get(cmd.Context(), cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), token.Reveal())
			return err
		},
	}
	r.addFlags(cmd)
	return cmd
}

// tokenRequest is what `token` and `exec` ask a mint for.
type tokenRequest struct {
	url       string // "" = MINT_URL
	profile   string
	scopes    []string
	ttl       time.Duration
	bearerEnv string // the variable with a JWT; "" = sign
	getenv    func(string) string
	isGiven   func(flag string) bool
}

func (r *tokenRequest) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	r.isGiven = flags.Changed
	flags.StringVar(&r.profile, "profile", "",
		"profile of the policy; without it, the first one that allows you")
	flags.StringSliceVar(&r.scopes, "scopes", nil,
		"scopes, separated by commas; without them, all of the profile")
	flags.DurationVar(&r.ttl, "ttl", 0, "life of the token, such as 15m")
	flags.StringVar(&r.url, "url", "",
		"address of the mint or of one of its routes, instead of MINT_URL")
	flags.StringVar(&r.bearerEnv, "bearer-env", "",
		"variable that holds a JWT; it is sent instead of a signature")
}
