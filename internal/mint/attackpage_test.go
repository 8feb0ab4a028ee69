package mint_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

// The page that operators read is the table that runs.
func TestAttacksAreDocumented(t *testing.T) {
	t.Parallel()
	var page strings.Builder
	page.WriteString(`# Attacks

This page is for people who review the API. It lists what a caller with a modest right, or none, may
try, and what the mint answers. The test that makes each attempt writes this page:
` + "`go test ./internal/mint -run Attacks -update`" + `. Before the attempts, the owner of a better
right has got their tokens, so these are in the cache.

| attempt | status | code |
| --- | --- | --- |
`)
	for _, a := range attacks() {
		fmt.Fprintf(&page, "| %s | %d | `%s` |\n", a.attempt, a.status, a.code)
	}
	const file = "../../docs/attacks.md"
	if *updateDocs {
		//nolint:gosec // a page for all to read
		if err := os.WriteFile(file, []byte(page.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != page.String() {
		t.Errorf("docs/attacks.md is not the table that runs: %v", err)
	}
}

var updateDocs = flag.Bool("update", false, "write docs/attacks.md from the table of attacks")
