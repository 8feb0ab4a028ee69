package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// source is the work tree that a release is built from.
type source struct {
	root    string // folder of go.mod
	version string // without the v; "none" if no tag was given
	// ends with "+changes" if the work tree has changes; "none" if there is no commit
	commit    string
	toolchain string // such as go1.26.8
	template  string // text of template.yaml
}

// text returns the text of the file RELEASE. Only this file names the commit: two commits with the
// same code have the same programs.
func (s source) text() string {
	return fmt.Sprintf("version %s\ncommit %s\ntoolchain %s\n", s.version, s.commit, s.toolchain)
}

func findSource(ctx context.Context, o options) (source, error) {
	module, err := run(ctx, ".", nil, "go", "env", "GOMOD")
	if err != nil {
		return source{}, err
	}
	s := source{root: filepath.Dir(module), version: "none"}
	template, err := os.ReadFile(filepath.Join(s.root, "template.yaml"))
	if err != nil {
		return source{}, fmt.Errorf("run it in the repository: %w", err)
	}
	s.template = string(template)
	if s.toolchain, err = find(filepath.Join(s.root, "go.mod"),
		`(?m)^toolchain (\S+)$`); err != nil {
		return source{}, err
	}
	if s.commit, err = findCommit(ctx, s.root, o.dirty); err != nil {
		return source{}, err
	}
	if o.tag != "" {
		s.version, err = checkTag(ctx, s, o.tag)
	}
	return s, err
}

// findCommit returns the commit of the work tree. A changed or untracked file is an error, unless
// dirty is set: nobody can build the same release from the commit alone.
func findCommit(ctx context.Context, root string, dirty bool) (string, error) {
	const remedy = "commit, or add --dirty"
	commit, err := run(ctx, root, nil, "git", "rev-parse", "--verify", "HEAD")
	if err != nil {
		if dirty {
			return "none", nil
		}
		return "", fmt.Errorf("no commit: %s: %w", remedy, err)
	}
	changes, err := run(ctx, root, nil, "git", "status", "--porcelain")
	switch {
	case err != nil:
		return "", err
	case changes == "":
		return commit, nil
	case dirty:
		return commit + "+changes", nil
	}
	return "", fmt.Errorf("the work tree differs from its commit: %s:\n%s", remedy, changes)
}

// checkTag returns the version that the tag names. It is an error if the tag is on another commit,
// or if a file names another version.
func checkTag(ctx context.Context, s source, tag string) (string, error) {
	tagged, err := run(ctx, s.root, nil, "git", "rev-parse", "--verify", "--quiet",
		"refs/tags/"+tag+"^{commit}")
	if err != nil {
		return "", fmt.Errorf("there is no tag %s", tag)
	}
	if tagged != s.commit {
		return "", fmt.Errorf("tag %s is on %s, but the work tree is at %s", tag, tagged, s.commit)
	}
	version := strings.TrimPrefix(tag, "v")
	for file, pattern := range map[string]string{ //nolint:gosec // G101: no credential, but a name
		"HomebrewFormula/tokenmint.rb": `(?m)^  url ".*", tag: "v(\S+)"$`,
		"docs/openapi.yaml":            `(?m)^  version: (\S+)$`,
		// The newest comes first.
		"CHANGELOG.md": `(?m)^## \[(\d\S*)\] - \d{4}-\d\d-\d\d$`,
	} {
		named, err := find(filepath.Join(s.root, file), pattern)
		if err != nil {
			return "", err
		}
		if named != version {
			return "", fmt.Errorf("the tag is %s, but %s names version %s", tag, file, named)
		}
	}
	return version, nil
}

// find returns the first group of the pattern's first match in a file.
func find(file, pattern string) (string, error) {
	text, err := os.ReadFile(file) //nolint:gosec // G304: a file of the repository
	if err != nil {
		return "", err
	}
	match := regexp.MustCompile(pattern).FindSubmatch(text)
	if match == nil {
		return "", fmt.Errorf("%s has no line like %s", filepath.Base(file), pattern)
	}
	return string(match[1]), nil
}

// run starts a command and returns its standard output without the last line break. The command
// gets the environment of this program, and env.
func run(
	ctx context.Context, dir string, env []string, name string, arguments ...string,
) (string, error) {
	cmd := exec.CommandContext(ctx, name, arguments...) //nolint:gosec // G204: go and git
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		said := errors.New(strings.TrimSpace(stderr.String()))
		err = fmt.Errorf("%s %s: %w", name, arguments[0], errors.Join(err, said))
	}
	return strings.TrimSuffix(string(out), "\n"), err
}
