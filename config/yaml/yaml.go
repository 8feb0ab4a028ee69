// Package yaml reads the part of YAML that policies are written in: mappings and lists, in blocks
// or in brackets, and texts of one line. It refuses everything else with a message that says what
// to write instead: anchors, aliases, tags, texts over several lines, tabs and several documents.
//
// A function reads its policy while a caller waits. A full YAML library would add 0.4 ms to that,
// a twelfth of hello world's start. A part of YAML is also safer: there is only one way to read it.
// The tests compare this package with a full library.
package yaml

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Kind is what a node is.
type Kind int

// The kinds of nodes.
const (
	Scalar   Kind = iota // a text, a number, true, false or null
	Mapping              // Content has names and values in turn
	Sequence             // Content has the items
)

// Node is a part of a document.
type Node struct {
	Kind    Kind
	Line    int    // where the node begins; the first line is 1
	Value   string // of a scalar, without its quotes
	Quoted  bool   // the scalar is in quotes
	Content []*Node
}

// Error is what is wrong with a document, and where.
type Error struct {
	Line    int
	Problem string
}

// Error says the problem and its line.
func (e *Error) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Problem) }

// Parse reads a document. It returns nil if the text has only comments. The error is an [*Error].
func Parse(text []byte) (*Node, error) {
	r := &reader{text: strings.TrimPrefix(string(text), "\ufeff"), line: 1}
	if err := r.checkCharacters(); err != nil {
		return nil, err
	}
	return r.document()
}

// A reader goes through the text once. The first error ends it.
type reader struct {
	text  string
	at    int // the byte that comes next
	line  int
	start int // where the line begins
	depth int
}

func (r *reader) fail(format string, args ...any) error {
	return &Error{r.line, fmt.Sprintf(format, args...)}
}

// checkCharacters refuses characters that nobody sees and that versions of YAML treat differently.
func (r *reader) checkCharacters() error {
	line := 1
	for i, c := range r.text {
		switch {
		case c == '\n':
			line++
		case c == '\r' && strings.HasPrefix(r.text[i:], "\r\n"):
		case c == utf8.RuneError:
			return &Error{line, "the text is not UTF-8"}
		case c < ' ', c >= 0x7f && c <= 0x9f, c == '\u2028', c == '\u2029', c == '\ufeff',
			c == '\ufffe', c == '\uffff':
			return &Error{line, fmt.Sprintf("the character %q is not allowed: use spaces, "+
				"or an escape in double quotes", c)}
		}
	}
	return nil
}

func (r *reader) document() (*Node, error) {
	r.skip()
	if r.marker("---") {
		line := r.line
		r.at += len("---")
		if r.skip(); r.line == line && !r.ended() {
			return nil, r.fail("--- must stand alone in its line")
		}
	}
	if r.ended() {
		return nil, nil //nolint:nilnil // the contract: nothing is there
	}
	root, err := r.block()
	if err != nil {
		return nil, err
	}
	r.skip()
	if r.marker("---") || r.marker("...") {
		return nil, r.fail("the file holds more than one document")
	}
	if !r.ended() {
		return nil, r.fail("the line is indented unlike the lines before it")
	}
	return root, nil
}

func (r *reader) ended() bool { return r.at == len(r.text) }

// marker reports whether the line begins with mark, which separates documents.
func (r *reader) marker(mark string) bool {
	return r.column() == 0 && strings.HasPrefix(r.text[r.at:], mark) && r.blankAt(r.at+len(mark))
}

// column is the number of bytes before the next one in its line. Only spaces stand before a block.
func (r *reader) column() int { return r.at - r.start }

// blankAt reports whether the byte at i ends a word: a space, the end of the line or of the text.
func (r *reader) blankAt(i int) bool {
	return i >= len(r.text) || r.text[i] == ' ' || r.text[i] == '\n' || r.text[i] == '\r'
}

// skip goes to the next byte that means something, over spaces, comments and ends of lines.
func (r *reader) skip() {
	for !r.ended() {
		switch c := r.text[r.at]; {
		case c == '\n':
			r.line++
			r.start = r.at + 1
		case c == ' ' || c == '\r':
		case c == '#' && (r.at == 0 || r.blankAt(r.at-1)):
			end := strings.IndexByte(r.text[r.at:], '\n')
			if end < 0 {
				end = len(r.text) - r.at
			}
			r.at += end
			continue
		default:
			return
		}
		r.at++
	}
}

// deepest is how far nodes may stand inside each other. A policy needs six levels.
const deepest = 20

func (r *reader) down() error {
	if r.depth++; r.depth > deepest {
		return r.fail("more than %d levels stand inside each other", deepest)
	}
	return nil
}

func (r *reader) up() { r.depth-- }
