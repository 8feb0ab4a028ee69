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

// source is what a release is made of.
type source struct {
	root      string
	version   string // without the v; "none" where no tag was given
	commit    string // with a "+changes" where the work tree differs from it; "none" outside a repository
	toolchain string // such as go1.26.8
	template  string // text of template.yaml
}

// text is the file RELEASE. What is in the binaries is the same for the same source, so the commit
// stands here and not there.
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

// findCommit refuses changes, since nobody could rebuild what has them; files that no commit has
// are changes too.
func findCommit(ctx context.Context, root string, dirty bool) (string, error) {
	const remedy = "commit, or say --dirty"
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

// checkTag returns the tag's version if the commit has the tag and all files that name a version
// name this one.
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
	for file, pattern := range map[string]string{
		"template.yaml":     `(?m)^    SemanticVersion: (\S+)$`,
		"docs/openapi.yaml": `(?m)^  version: (\S+)$`,
		"CHANGELOG.md":      `(?m)^## \[(\d\S*)\] - \d{4}-\d\d-\d\d$`, // the newest comes first
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

// run returns what a command wrote, without the last line's end. env is added to this program's own
// environment.
func run(ctx context.Context, dir string, env []string, name string, arguments ...string) (string,
	error) {
	cmd := exec.CommandContext(ctx, name, arguments...) //nolint:gosec // G204: go and git
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%s %s: %w", name, arguments[0], errors.Join(err,
			errors.New(strings.TrimSpace(stderr.String()))))
	}
	return strings.TrimSuffix(string(out), "\n"), err
}
