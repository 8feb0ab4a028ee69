// Command release builds the files of a release:
//
//	go run ./cmd/release --tag v1.2.3
//
// For each kind of processor, it makes a zip of each function, and two templates that deploy the
// zips without Go: template-*.yaml for the SAM CLI, and stack-*.yaml for CloudFormation alone. For
// each operating system and processor, it makes an archive of the command tokenmint. It adds these
// files:
//
//	tokenmint.yaml  the policy, which a deployer may edit
//	NOTICES         the licences of all code in the functions and the command; a zip of a
//	                function has those of its own code
//	RELEASE         version, commit and toolchain
//	SHA256SUMS      the digests of all files
//
// The same commit gives the same bytes on every machine. go.mod names the toolchain, no setting of
// the machine changes the code, and a zip contains no time of the build.
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
	tag := flags.String("tag", "",
		"tag of the commit, such as v1.2.3; all files that name a version must name this one")
	dirty := flags.Bool("dirty", false,
		"also build a work tree with changes, or without a commit; RELEASE says so")
	list := flags.String("systems", "darwin,linux,windows",
		"operating systems to build the command tokenmint for; empty for none, which is quicker")
	flags.Usage = func() {
		_, _ = fmt.Fprint(flags.Output(), "Builds the zips of both functions for arm64 and "+
			"x86_64, templates that deploy them, the command tokenmint, and SHA256SUMS.\n\n",
			"Usage: go run ./cmd/release [--tag vX.Y.Z] [--out DIR] [--systems LIST] [--dirty]\n\n")
		flags.PrintDefaults()
	}
	_ = flags.Parse(os.Args[1:]) // exits after an error
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := release(ctx, options{*out, *tag, *dirty, *list}, flags.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

type options struct {
	out, tag string
	dirty    bool
	systems  string // a list with commas
}

// release makes the folder with all its files. After an error, there is no folder.
func release(ctx context.Context, o options, arguments []string) error {
	if len(arguments) > 0 {
		return fmt.Errorf("release takes flags only: %q", arguments)
	}
	if _, err := os.Lstat(o.out); err == nil {
		return fmt.Errorf("%s exists: remove it, or name another folder with --out", o.out)
	}
	wanted, err := findSystems(o.systems)
	if err != nil {
		return err
	}
	from, err := findSource(ctx, o)
	if err != nil {
		return err
	}
	unfinished, err := os.MkdirTemp(filepath.Dir(filepath.Clean(o.out)), ".release-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(unfinished) }() // after a success, it has another name
	if err := fill(ctx, unfinished, from, wanted); err != nil {
		return err
	}
	sums, err := writeSums(unfinished)
	if err != nil {
		return err
	}
	//nolint:gosec // G302: anyone may read a release
	if err := os.Chmod(unfinished, 0o755); err != nil {
		return err
	}
	if err := os.Rename(unfinished, o.out); err != nil {
		return err
	}
	_, err = fmt.Printf("%s%s", from.text(), sums)
	return err
}

// fill writes all files of a release except the digests.
func fill(ctx context.Context, dir string, from source, wanted []system) error {
	built, err := os.MkdirTemp("", "tokenmint-release-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(built) }()
	programs, err := fillFunctions(ctx, dir, from, built)
	if err != nil {
		return err
	}
	var commands []string
	for _, s := range wanted {
		program, err := buildCommand(ctx, from, s, built)
		if err != nil {
			return err
		}
		commands = append(commands, program)
	}
	programs = append(programs, commands...)
	if err := writeNotices(ctx, filepath.Join(dir, "NOTICES"), from, programs); err != nil {
		return err
	}
	for _, name := range []string{"LICENSE", "README.md", "config/" + policy} {
		if err := copyFile(filepath.Join(dir, filepath.Base(name)),
			filepath.Join(from.root, name)); err != nil {
			return err
		}
	}
	for i, s := range wanted {
		if err := writeCommand(dir, s, commands[i]); err != nil {
			return err
		}
	}
	return publish(filepath.Join(dir, "RELEASE"), from.text())
}

// fillFunctions writes the zips of the functions and the templates, and returns the paths of the
// programs. The runtime provided.al2023 starts the file bootstrap.
func fillFunctions(ctx context.Context, dir string, from source, built string) ([]string, error) {
	var programs []string
	for _, p := range processors {
		files, err := build(ctx, from, p, filepath.Join(built, p.name))
		if err != nil {
			return nil, err
		}
		// Of these programs alone, so that a zip does not depend on the systems of the command.
		notices := filepath.Join(built, p.name+"-NOTICES")
		if err := writeNotices(ctx, notices, from, files); err != nil {
			return nil, err
		}
		for _, file := range files {
			zipped := filepath.Join(dir, zipName(filepath.Base(file), p))
			err := writeZip(zipped, member{"bootstrap", 0o755, file},
				member{"LICENSE", 0o644, filepath.Join(from.root, "LICENSE")},
				member{"NOTICES", 0o644, notices})
			if err != nil {
				return nil, err
			}
		}
		if err := writeTemplate(dir, from, p); err != nil {
			return nil, err
		}
		if err := writeStack(dir, from, p); err != nil {
			return nil, err
		}
		programs = append(programs, files...)
	}
	return programs, nil
}

// writeSums writes the digests of all files in dir and returns them. `sha256sum -c` reads this
// form.
func writeSums(dir string) (string, error) {
	entries, err := os.ReadDir(dir) // sorted by name
	if err != nil {
		return "", err
	}
	var lines strings.Builder
	for _, entry := range entries {
		//nolint:gosec // G304: fill has written it
		data, err := os.ReadFile(filepath.Join(dir, entry.Name()))
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

// publish writes a file that anyone may read.
func publish(name, text string) error {
	return os.WriteFile(name, []byte(text), 0o644) //nolint:gosec // G306: anyone may read it
}
