package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/tokenmint/tokenmint/internal/secrets"
)

// maxInput is the largest accepted standard input, in bytes. Every token is much shorter.
const maxInput = 64 << 10

// readSecret reads a secret from in. If in is a terminal, it asks for one line and hides the typed
// text. Otherwise it reads all of in. name is the name of the secret in the question.
func readSecret(
	ctx context.Context, in io.Reader, ask io.Writer, name string,
) (secrets.Value, error) {
	if terminal, ok := in.(*os.File); ok && term.IsTerminal(int(terminal.Fd())) {
		return promptSecret(ctx, int(terminal.Fd()), ask, name)
	}
	text, err := io.ReadAll(io.LimitReader(in, maxInput))
	if err != nil {
		return secrets.Value{}, fmt.Errorf("read standard input: %w", err)
	}
	if len(text) == maxInput {
		return secrets.Value{}, errors.New("standard input is too long to be a token")
	}
	return secrets.NewValue(string(text)), nil
}

// promptSecret asks for a secret on a terminal. Ctrl-C ends ctx but not the read. So promptSecret
// itself turns the terminal's echo on again.
func promptSecret(
	ctx context.Context, fd int, ask io.Writer, name string,
) (secrets.Value, error) {
	before, err := term.GetState(fd)
	if err != nil {
		return secrets.Value{}, fmt.Errorf("read terminal: %w", err)
	}
	fmt.Fprintf(ask, "%s (hidden): ", name)
	defer fmt.Fprintln(ask)
	type line struct {
		text []byte
		err  error
	}
	read := make(chan line, 1)
	go func() {
		text, err := term.ReadPassword(fd)
		read <- line{text, err}
	}()
	select {
	case got := <-read:
		if got.err != nil {
			return secrets.Value{}, fmt.Errorf("read terminal: %w", got.err)
		}
		return secrets.NewValue(string(got.text)), nil
	case <-ctx.Done():
		return secrets.Value{}, errors.Join(ctx.Err(), term.Restore(fd, before))
	}
}
