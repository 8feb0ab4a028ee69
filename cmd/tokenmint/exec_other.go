//go:build !unix

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
)

// become runs the command and waits for it. A console sends Ctrl-C to the command too, so this
// process ignores it.
func become(path string, args, environment []string) error {
	signal.Ignore(os.Interrupt)
	//nolint:gosec,noctx // the user names the command, and ends it
	command := exec.Command(path, args[1:]...)
	command.Env, command.Stdin = environment, os.Stdin
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	err := command.Run()
	if ended, ok := errors.AsType[*exec.ExitError](err); ok {
		return &exitError{code: ended.ExitCode()}
	}
	if err != nil {
		return fmt.Errorf("run %s: %w", path, err)
	}
	return nil
}
