package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of tokenmint and of Go",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), versionLine())
			return err
		},
	}
}

// versionLine returns the output of the command version and of the flag --version.
func versionLine() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "tokenmint of an unknown version: this binary carries no build information"
	}
	return "tokenmint " + info.Main.Version + " " + info.GoVersion
}
