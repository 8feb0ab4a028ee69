package main

import (
	"cmp"
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// release is the version of a released program. cmd/release sets it.
var release string

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
	return "tokenmint " + cmp.Or(release, info.Main.Version) + " " + info.GoVersion
}
