//go:build unix

package main

import (
	"errors"
	"fmt"
	"syscall"
)

// become replaces this process with the command. So each signal reaches the command itself, and its
// exit status is that of this process. It returns only if it fails.
func become(path string, args, environment []string) error {
	//nolint:gosec // G204: the user names the command
	err := syscall.Exec(path, args, environment)
	if errors.Is(err, syscall.ENOENT) {
		return &exitError{exitNotFound, fmt.Errorf("run %s: %w", path, err)}
	}
	return fmt.Errorf("run %s: %w", path, err)
}
