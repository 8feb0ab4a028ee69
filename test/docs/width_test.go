package docs_test

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestTextIsWithin120Columns checks all Markdown of the repository. Rows of tables cannot be
// broken, and blocks are printed as a program writes them.
func TestTextIsWithin120Columns(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "git", "-C", root, "ls-files", "*.md").Output()
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Fields(string(out))
	if len(all) < 15 {
		t.Fatalf("only %d pages were found", len(all))
	}
	for _, page := range all {
		for _, wide := range wideLines(read(t, page), 120) {
			t.Errorf("%s:%s", page, wide)
		}
	}
}

// wideLines returns the lines of text that are too wide, each as "number: columns".
func wideLines(text string, most int) (wide []string) {
	inBlock, number := false, 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimRight(line, "\r\n")
		if strings.HasPrefix(line, "```") {
			inBlock = !inBlock
		}
		columns := utf8.RuneCountInString(line)
		if columns > most && !inBlock && !strings.HasPrefix(line, "|") {
			wide = append(wide, fmt.Sprintf("%d: %d columns, want at most %d", number,
				columns, most))
		}
	}
	return wide
}

func TestWideLines(t *testing.T) {
	t.Parallel()
	const text = "four\nfives\n| a | table |\n```sh\nlong command\n```\nérié\nlast one"
	want := []string{"2: 5 columns, want at most 4", "8: 8 columns, want at most 4"}
	if got := wideLines(text, 4); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
