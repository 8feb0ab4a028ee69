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
	page.WriteString(`
## Routes

These attempts use another kind of route, or a request that two readers may understand differently.
The caller is what the audit record says. A test takes the guard of each row out of the source. The
mint must then answer differently.

| attempt | status | code | caller | guard |
| --- | --- | --- | --- | --- |
`)
	for _, a := range routeAttacks() {
		fmt.Fprintf(&page, "| %s | %d | %s | %s | `internal/mint/%s` |\n", a.attempt, a.status,
			quoted(a.code), quoted(a.caller), a.guard.file)
	}
	const file = "../../docs/internals/attacks.md"
	if *updateDocs {
		//nolint:gosec // a page for all to read
		if err := os.WriteFile(file, []byte(page.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != page.String() {
		t.Errorf("docs/internals/attacks.md is not the table that runs: %v", err)
	}
}

// quoted is a text as code in Markdown. An empty text has none.
func quoted(text string) string {
	if text == "" {
		return ""
	}
	return "`" + text + "`"
}

var updateDocs = flag.Bool("update", false,
	"write docs/internals/attacks.md from the table of attacks")
