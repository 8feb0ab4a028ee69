package main

import (
	"cmp"
	"context"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// tool is a program that docs/deploy.md calls.
type tool struct {
	name     string
	version  []string // arguments that print the version
	least    string   // the oldest version that works; "" means any
	optional bool
	why      string
}

// tools are in the order in which docs/deploy.md needs them.
var tools = []tool{
	{"git", []string{"--version"}, "", true, "fetches this repository and its releases"},
	{"go", []string{"version"}, "1.26", false, "builds the functions and this command"},
	{"curl", []string{"--version"}, "7.88", false,
		"requests tokens; since 7.88 it signs the session token header for AWS"},
	{"sam", []string{"--version"}, "", false, "builds and deploys the stack"},
	{"aws", []string{"--version"}, "2.9", false, "reads the stack's outputs, and exports " +
		"credentials since 2.9"},
	{"docker", []string{"--version"}, "", true, "runs the functions for sam local only"},
}

// toolLimit bounds the time of one program. The first start of the SAM CLI takes seconds.
const toolLimit = 30 * time.Second

func (d doctor) checkTools(ctx context.Context, f *findings) {
	for _, t := range tools {
		missing := f.wrong
		if t.optional {
			missing = f.note
		}
		path, err := d.lookPath(t.name)
		if err != nil {
			missing("%s is not installed; it %s", t.name, t.why)
			continue
		}
		version, err := t.ask(ctx, path)
		switch {
		case err != nil:
			missing("%s does not print its version: %v; it %s", t.name, err, t.why)
		case slices.Compare(numbers(version), numbers(t.least)) < 0:
			missing("%s has version %s, but needs %s or "+
				"later; it %s", t.name, version, t.least, t.why)
		default:
			f.ok("%s %s: %s", t.name, version, t.why)
			if t.name == "aws" {
				checkCredentials(ctx, f, path)
			}
		}
	}
	d.noteScopes(f)
}

// checkCredentials asks AWS for the identity of the credentials. This call needs no permission.
func checkCredentials(ctx context.Context, f *findings, aws string) {
	ctx, cancel := context.WithTimeout(ctx, toolLimit)
	defer cancel()
	arguments := []string{"sts", "get-caller-identity", "--query", "Arn", "--output", "text"}
	arn, err := exec.CommandContext(ctx, aws, arguments...).Output()
	if err != nil {
		f.wrong("credentials: AWS refuses those that aws finds: run aws configure or aws sso " +
			"login; " +
			"they deploy the stack")
		return
	}
	f.ok("credentials: of %s", strings.TrimSpace(string(arn)))
}

// noteScopes lists the scopes of the first parent token. doctor cannot check the token itself here.
func (d doctor) noteScopes(f *findings) {
	cfg, err := loadConfig(d.config)
	if err != nil {
		f.wrong("configuration: %v", err)
		return
	}
	f.noteWarnings(cfg)
	f.checkCases(cfg)
	f.note("mapbox token: make one with %s; bootstrap checks it",
		strings.Join(cfg.ParentScopes(), ", "))
}

// number matches a version: a number with a dot in it.
var number = regexp.MustCompile(`\d+\.\d+[.\d]*`)

// ask returns the version that the program prints, or "unknown" if it prints none.
func (t tool) ask(ctx context.Context, path string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, toolLimit)
	defer cancel()
	//nolint:gosec // G204: path and arguments come from tools
	text, err := exec.CommandContext(ctx, path, t.version...).Output()
	if err != nil {
		return "", err
	}
	return cmp.Or(number.FindString(string(text)), "unknown"), nil
}

// numbers returns the numbers of a version such as 1.26.8. It ignores a part that is no number.
func numbers(version string) []int {
	var all []int
	for part := range strings.SplitSeq(version, ".") {
		if n, err := strconv.Atoi(part); err == nil {
			all = append(all, n)
		}
	}
	return all
}
