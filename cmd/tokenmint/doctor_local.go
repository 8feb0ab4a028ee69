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

// tool is a program that a documented step calls.
type tool struct {
	name     string
	version  []string // arguments that print it
	least    string   // version; "" = any
	optional bool
	why      string
}

// tools are what docs/deploy.md names, in the order in which it needs them.
var tools = []tool{
	{"git", []string{"--version"}, "", true, "fetches this repository and its releases"},
	{"go", []string{"version"}, "1.26", false, "builds the functions and this command"},
	{"curl", []string{"--version"}, "7.88", false, "asks for tokens; since 7.88 it signs the header of a session's credentials for AWS"},
	{"sam", []string{"--version"}, "", false, "builds and deploys the stack"},
	{"aws", []string{"--version"}, "2.9", false, "reads the stack's outputs, and exports credentials since 2.9"},
	{"docker", []string{"--version"}, "", true, "runs the functions as Lambda does, for sam local only"},
}

// toolLimit is how long a program may take to say its version. The SAM CLI's first start takes seconds.
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
			missing("%s does not say its version: %v; it %s", t.name, err, t.why)
		case slices.Compare(numbers(version), numbers(t.least)) < 0:
			missing("%s is of version %s, and should be %s or later; it %s", t.name, version, t.least, t.why)
		default:
			f.ok("%s %s: %s", t.name, version, t.why)
			if t.name == "aws" {
				checkCredentials(ctx, f, path)
			}
		}
	}
	d.sayScopes(f)
}

// checkCredentials asks AWS who these credentials are, which needs no right.
func checkCredentials(ctx context.Context, f *findings, aws string) {
	ctx, cancel := context.WithTimeout(ctx, toolLimit)
	defer cancel()
	who, err := exec.CommandContext(ctx, aws, "sts", "get-caller-identity", "--query", "Arn", "--output", "text").Output()
	if err != nil {
		f.wrong("credentials: AWS does not take those that aws finds: aws configure, or aws sso login; they deploy the stack")
		return
	}
	f.ok("credentials: of %s", strings.TrimSpace(string(who)))
}

// sayScopes says what the one prerequisite must be that cannot be looked at here: bootstrap asks Mapbox about the token itself.
func (d doctor) sayScopes(f *findings) {
	cfg, err := loadConfig(d.config)
	if err != nil {
		f.wrong("configuration: %v", err)
		return
	}
	for _, warning := range cfg.Warnings {
		f.note("configuration: %s", warning)
	}
	f.note("mapbox token: make one with %s; bootstrap checks it", strings.Join(cfg.ParentScopes(), ", "))
}

// number is a version: the first number with a dot in it.
var number = regexp.MustCompile(`\d+\.\d+[.\d]*`)

// ask returns the version that the program prints, "unknown" if there is none in it.
func (t tool) ask(ctx context.Context, path string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, toolLimit)
	defer cancel()
	text, err := exec.CommandContext(ctx, path, t.version...).Output() //nolint:gosec // G204: a program of the table above
	if err != nil {
		return "", err
	}
	return cmp.Or(number.FindString(string(text)), "unknown"), nil
}

// numbers reads a version such as 1.26.8; what is no number in it counts for nothing.
func numbers(version string) []int {
	var all []int
	for part := range strings.SplitSeq(version, ".") {
		if n, err := strconv.Atoi(part); err == nil {
			all = append(all, n)
		}
	}
	return all
}
