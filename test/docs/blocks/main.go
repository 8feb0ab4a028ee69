// Command blocks writes the blocks of one kind of a Markdown page to numbered files, for scripts that run them:
//
//	go run ./test/docs/blocks PAGE KIND DIR
//
// It fails if any block of the page is of an unknown kind or hidden from a simple reader. DIR must exist.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/tokenmint/tokenmint/test/docs/fence"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: blocks PAGE KIND DIR")
		os.Exit(2)
	}
	if err := write(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func write(page, kind, dir string) error {
	text, err := os.ReadFile(page) //nolint:gosec // the page that the script names
	if err != nil {
		return err
	}
	blocks, err := fence.Read(page, string(text))
	if err != nil {
		return err
	}
	n := 0
	for _, block := range blocks {
		if block.Kind != kind {
			continue
		}
		n++
		file := filepath.Join(dir, fmt.Sprintf("%03d", n))
		if err := os.WriteFile(file, []byte(block.Text), 0o600); err != nil { //nolint:gosec // the script's directory
			return err
		}
	}
	return nil
}
