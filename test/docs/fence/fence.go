// Package fence reads the fenced code blocks of the project's Markdown pages. Each block names its
// kind, so that a test can run it.
package fence

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Kinds are the words that may follow the opening fence. test/docs runs or checks each kind.
var Kinds = []string{"sh", "sh aws", "sh ci", "sh long", "json", "yaml", "yaml github",
	"yaml gitlab", "yaml codebuild", "js", "js before", "js recipe", "html recipe", "http recipe",
	"go", "text", "text output", "mermaid", "hcl", "ts", "js simulator", "go simulator"}

// Block is the text between two fences.
type Block struct {
	Page string
	Line int    // of the opening fence, from 1
	Kind string // one of Kinds
	Text string
}

// Read returns the blocks of a page in their order. It knows only fences of three backticks at the
// start of a line. Any other block, and a block of an unknown kind, is an error. Otherwise no test
// would run the block, and nobody would notice.
func Read(page, text string) ([]Block, error) {
	var blocks []Block
	var open *Block
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimRight(line, "\r\n")
		kind, isFence := strings.CutPrefix(line, "```")
		switch {
		case open != nil && line == "```":
			blocks = append(blocks, *open)
			open = nil
		case open != nil && isFence:
			return nil, fmt.Errorf("%s:%d: a block must end with ``` alone on its line",
				page, number)
		case open != nil:
			open.Text += line + "\n"
		case isFence && !slices.Contains(Kinds, kind):
			return nil, fmt.Errorf("%s:%d: unknown kind of block %q; known are %s", page, number,
				kind, strings.Join(Kinds, ", "))
		case isFence:
			open = &Block{Page: page, Line: number, Kind: kind}
		case isHidden(line):
			return nil, fmt.Errorf("%s:%d: a block must begin with ``` at the start of its line",
				page, number)
		}
	}
	if open != nil {
		return nil, fmt.Errorf("%s:%d: the block does not end", page, open.Line)
	}
	return blocks, nil
}

// Of returns the blocks of a kind on a page below root. It is an error if there are none.
func Of(root, page, kind string) ([]Block, error) {
	text, err := os.ReadFile(filepath.Join(root, page)) //nolint:gosec // G304: a page of ours
	if err != nil {
		return nil, err
	}
	blocks, err := Read(page, string(text))
	if err != nil {
		return nil, err
	}
	blocks = slices.DeleteFunc(blocks, func(b Block) bool { return b.Kind != kind })
	if len(blocks) == 0 {
		return nil, fmt.Errorf("%s has no block of the kind %q", page, kind)
	}
	return blocks, nil
}

// isHidden reports whether a line is a fence for Markdown, but not for Read.
func isHidden(line string) bool {
	inner := strings.TrimLeft(line, " \t>*+-0123456789.)")
	return strings.HasPrefix(inner, "~~~") || inner != line && strings.HasPrefix(inner, "```")
}
