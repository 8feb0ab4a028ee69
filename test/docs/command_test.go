package docs_test

import (
	"regexp"
	"strings"
	"testing"
)

// TestPagesUseTheInstalledCommand: readers of docs/ have installed the command, and a page that
// uses it says where to get it. Only contributors compile it each time.
func TestPagesUseTheInstalledCommand(t *testing.T) {
	t.Parallel()
	uses := regexp.MustCompile(`(?m)^(.*\| )?tokenmint [a-z]+ `)
	found := 0
	for _, page := range pages(t) {
		text := read(t, page)
		if strings.HasPrefix(page, "docs/internals/") || !strings.HasPrefix(page, "docs/") {
			continue
		}
		if strings.Contains(text, "go run ./cmd/tokenmint") {
			t.Errorf("%s: write tokenmint instead of go run ./cmd/tokenmint", page)
		}
		if uses.MatchString(text) && page != "docs/install.md" {
			if found++; !strings.Contains(text, "(install.md)") {
				t.Errorf("%s uses the command and does not lead to docs/install.md", page)
			}
		}
	}
	if found < 8 {
		t.Errorf("%d pages use the command: are they read as they are written?", found)
	}
}
