package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/tokenmint/tokenmint/config"
)

// addConfig adds the flag --config. It defaults to the functions' own variable.
func addConfig(cmd *cobra.Command, into *string) {
	cmd.Flags().StringVar(into, "config", os.Getenv("CONFIG_FILE"),
		"configuration file (default: CONFIG_FILE, else the built-in policy)")
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
