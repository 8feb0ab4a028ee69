package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/tokenmint/tokenmint/config"
)

// addConfig adds the flag --config.
func addConfig(cmd *cobra.Command, into *string) {
	cmd.Flags().StringVar(into, "config", "", "configuration file (default: the built-in policy)")
}

// loadConfig reads the configuration file. An empty path means the built-in policy.
func loadConfig(path string) (*config.Config, error) {
	if path == "" {
		return config.Shipped()
	}
	return config.Load(path)
}

// warn prints the warnings about the configuration.
func warn(log io.Writer, cfg *config.Config) {
	for _, warning := range cfg.Warnings {
		fmt.Fprintln(log, "warning:", warning)
	}
}
