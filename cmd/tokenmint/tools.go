package main

import (
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

// tools are what the documents name, in the order in which they need it.
var tools = []tool{
	{"go", []string{"version"}, "1.26", false, "builds the functions and this command"},
	{"curl", []string{"--version"}, "7.75", false, "asks for tokens; 7.75 can sign requests for AWS"},
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
		}
	}
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
	return or(number.FindString(string(text)), "unknown"), nil
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
