// Command mapbox does at Mapbox what test/aws/run needs there. It reads MAPBOX_USERNAME,
// MAPBOX_ACCESS_TOKEN and TOKENS_API_URL:
//
//	mapbox create STACK POLICY  creates a parent token for a stack, and prints it into a pipe
//	mapbox verify               reads a token, and says whether it works
//	mapbox delete STACK         deletes the tokens of a stack
//
// create and delete use the notes of tokens. So delete also finds a token whose creation was
// interrupted.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/internal/rotate"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "mapbox:", err)
		cancel()
		os.Exit(1) //nolint:gocritic // exitAfterDefer: cancel is called
	}
}

func run(ctx context.Context, args []string) error {
	client, err := tokens.New(tokens.Config{
		BaseURL: os.Getenv("TOKENS_API_URL"), UserAgent: "tokenmint-test",
	})
	if err != nil {
		return err
	}
	auth := tokens.Auth{
		Token:    tokens.NewToken(os.Getenv("MAPBOX_ACCESS_TOKEN")),
		Username: os.Getenv("MAPBOX_USERNAME"),
	}
	switch {
	case len(args) == 3 && args[0] == "create":
		return create(ctx, client, auth, args[1], args[2])
	case len(args) == 1 && args[0] == "verify":
		return verify(ctx, client, os.Stdin)
	case len(args) == 2 && args[0] == "delete":
		return remove(ctx, client, auth, args[1])
	}
	return errors.New("usage: mapbox create STACK POLICY | verify | delete STACK")
}

// first is the note of the token that create makes. It is not a note of the rotator, which would
// delete a token with its note that is in no secret yet.
func first(stack string) string { return stack + " first parent" }

func create(ctx context.Context, client *tokens.Client, auth tokens.Auth, stack, policy string,
) error {
	if info, err := os.Stdout.Stat(); err != nil || info.Mode()&os.ModeCharDevice != 0 {
		return errors.Join(errors.New("create prints a token: write it into a pipe"), err)
	}
	cfg, err := config.Load(policy)
	if err != nil {
		return err
	}
	made, err := client.Create(ctx, auth, tokens.CreateRequest{
		Scopes: cfg.ParentScopes(), Note: first(stack),
	})
	if err != nil {
		return err
	}
	_, err = fmt.Println(made.Token.Reveal())
	return err
}

// verify prints "works", "no token" or Mapbox's verdict.
func verify(ctx context.Context, client *tokens.Client, in io.Reader) error {
	text, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	token := tokens.NewToken(strings.TrimSpace(string(text)))
	if token.IsZero() {
		fmt.Println("no token")
		return nil
	}
	said, err := client.Retrieve(ctx, token)
	if err != nil {
		return err
	}
	if said.Verdict == tokens.VerdictValid {
		said.Verdict = "works"
	}
	fmt.Println(said.Verdict)
	return nil
}

func remove(ctx context.Context, client *tokens.Client, auth tokens.Auth, stack string) error {
	var ours []string
	for token, err := range client.List(ctx, auth, tokens.ListOptions{}) {
		if err != nil {
			return err
		}
		if token.Note == first(stack) ||
			strings.HasPrefix(token.Note, rotate.Note(stack, "parent", "")) {
			ours = append(ours, token.ID)
		}
	}
	var errs []error
	for _, id := range ours {
		err := client.Delete(ctx, auth, id)
		if err != nil && !errors.Is(err, tokens.ErrNotFound) {
			errs = append(errs, fmt.Errorf("delete token %s: %w", id, err))
		}
	}
	return errors.Join(errs...)
}
