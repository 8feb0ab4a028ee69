// Command release builds what a version of tokenmint is published as:
//
//	go run ./cmd/release --tag v1.2.3
//
// For each processor that Lambda has it makes a zip of each function, and a template that deploys
// them without Go; beside them the policy, the licences, where all of it came from, and the
// digests. The same commit gives the same bytes on any machine: the toolchain is the one that
// go.mod names, nothing that decides code is taken from the environment, and a zip holds no time.
package main

import (
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
)

func main() {
	flags := flag.NewFlagSet("release", flag.ExitOnError)
	out := flags.String("out", "dist", "folder to make; it must not exist")
	tag := flags.String("tag", "", "tag of the commit, such as v1.2.3: all files that name a "+
		"version must name this one")
	dirty := flags.Bool("dirty", false, "build a work tree that differs from its commit, or has "+
		"none; RELEASE says so")
	flags.Usage = func() {
		_, _ = fmt.Fprint(flags.Output(), "Builds the zips of both functions for arm64 and "+
			"x86_64, templates that deploy them, and SHA256SUMS.\n\n",
			"Usage: go run ./cmd/release [--tag vX.Y.Z] [--out DIR] [--dirty]\n\n")
		flags.PrintDefaults()
	}
	_ = flags.Parse(os.Args[1:]) // it exits
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := release(ctx, options{*out, *tag, *dirty}, flags.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

type options struct {
	out, tag string
	dirty    bool
}

// release makes the folder whole or not at all.
func release(ctx context.Context, o options, arguments []string) error {
	if len(arguments) > 0 {
		return fmt.Errorf("there are no arguments, only flags: %q", arguments)
	}
	if _, err := os.Lstat(o.out); err == nil {
		return fmt.Errorf("%s exists: remove it, or name another folder by --out", o.out)
	}
	from, err := findSource(ctx, o)
	if err != nil {
		return err
	}
	unfinished, err := os.MkdirTemp(filepath.Dir(filepath.Clean(o.out)), ".release-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(unfinished) }() // gone when all went well
	if err := fill(ctx, unfinished, from); err != nil {
		return err
	}
	sums, err := writeSums(unfinished)
	if err != nil {
		return err
	}
	if err := os.Chmod(unfinished, 0o755); err != nil { //nolint:gosec // G302: it is to be published
		return err
	}
	if err := os.Rename(unfinished, o.out); err != nil {
		return err
	}
	_, err = fmt.Printf("%s%s", from.text(), sums)
	return err
}

// fill writes all files of a release but the digests.
func fill(ctx context.Context, dir string, from source) error {
	built, err := os.MkdirTemp("", "tokenmint-release-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(built) }()
	var bootstraps []string
	for _, p := range processors {
		files, err := build(ctx, from, p, filepath.Join(built, p.name))
		if err != nil {
			return err
		}
		for _, file := range files {
			if err := writeZip(filepath.Join(dir, zipName(filepath.Base(file), p)),
				file); err != nil {
				return err
			}
		}
		if err := writeTemplate(dir, from, p); err != nil {
			return err
		}
		bootstraps = append(bootstraps, files...)
	}
	if err := writeNotices(ctx, filepath.Join(dir, "NOTICES"), from, bootstraps); err != nil {
		return err
	}
	// The template names them.
	for _, name := range []string{"LICENSE", "README.md", "config/" + policy} {
		if err := copyFile(filepath.Join(dir, filepath.Base(name)),
			filepath.Join(from.root, name)); err != nil {
			return err
		}
	}
	return publish(filepath.Join(dir, "RELEASE"), from.text())
}

// writeSums writes the digests of all files in dir, in the form that `sha256sum -c` reads, and
// returns them.
func writeSums(dir string) (string, error) {
	entries, err := os.ReadDir(dir) // in the order of names
	if err != nil {
		return "", err
	}
	var lines strings.Builder
	for _, entry := range entries {
		data, err := os.ReadFile(filepath.Join(dir, entry.Name())) //nolint:gosec // G304: what was just written
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&lines, "%x  %s\n", sha256.Sum256(data), entry.Name())
	}
	return lines.String(), publish(filepath.Join(dir, "SHA256SUMS"), lines.String())
}

func copyFile(to, from string) error {
	data, err := os.ReadFile(from) //nolint:gosec // G304: a file of the repository
	if err != nil {
		return err
	}
	return publish(to, string(data))
}

// publish writes a file that everybody may read.
func publish(name, text string) error {
	return os.WriteFile(name, []byte(text), 0o644) //nolint:gosec // G306: it is to be published
}
