package yaml

import (
	"strconv"
	"strings"
)

// plain reads a text without quotes. It ends with its line, before a comment, before a colon and a
// space, or before one of the characters in stop.
func (r *reader) plain(stop string) (*Node, error) {
	if err := r.checkFirst(); err != nil {
		return nil, err
	}
	from := r.at
	for ; !r.ended(); r.at++ {
		c := r.text[r.at]
		if c == '\n' || c == '\r' || strings.IndexByte(stop, c) >= 0 ||
			c == ':' && r.colonEnds(stop) || c == '#' && r.blankAt(r.at-1) {
			break
		}
	}
	value := strings.TrimRight(r.text[from:r.at], " ")
	r.at = from + len(value)
	if value == "" {
		return nil, r.fail("%q: a value is expected here", r.rest())
	}
	if value == "<<" {
		return nil, r.fail("<< merges mappings: write out what it stands for")
	}
	return &Node{Line: r.line, Value: value}, nil
}

// colonEnds reports whether the colon that comes next ends a text.
func (r *reader) colonEnds(stop string) bool {
	next := r.at + 1
	return r.blankAt(next) || strings.IndexByte(stop, r.text[next]) >= 0
}

// checkFirst refuses a text whose first character means something in YAML.
func (r *reader) checkFirst() error {
	c := r.text[r.at]
	switch {
	case c == '*':
		return r.fail("%q: a text that begins with * must be in quotes", r.rest())
	case c == '&':
		return r.fail("%q: a policy has no anchors: write out what is meant each time", r.rest())
	case c == '!':
		return r.fail("%q: a policy has no tags: write the value alone, in quotes if it is a text",
			r.rest())
	case c == '|' || c == '>':
		return r.fail("%q: a text has one line: write it in quotes", r.rest())
	case strings.IndexByte("%@`,]}#:", c) >= 0,
		strings.IndexByte("-?", c) >= 0 && r.endsWord(r.at+1):
		return r.fail("%q: a value is expected here; a text that begins with %q must be in quotes",
			r.rest(), c)
	}
	return nil
}

// endsWord reports whether the byte at i cannot continue a word, in a block or in brackets.
func (r *reader) endsWord(i int) bool {
	return r.blankAt(i) || strings.IndexByte(",[]{}", r.text[i]) >= 0
}

// singleQuoted reads a text in single quotes. Two of them stand for one.
func (r *reader) singleQuoted() (*Node, error) {
	var value strings.Builder
	for rest := r.rest()[1:]; ; {
		before, after, closed := strings.Cut(rest, "'")
		value.WriteString(before)
		if !closed {
			return nil, r.fail("the quote is not closed in this line: a text has one line")
		}
		if !strings.HasPrefix(after, "'") {
			r.at += len(r.rest()) - len(after)
			return r.quoted(value.String())
		}
		value.WriteByte('\'')
		rest = after[1:]
	}
}

// doubleQuoted reads a text in double quotes.
func (r *reader) doubleQuoted() (*Node, error) {
	var value strings.Builder
	rest := r.rest()[1:]
	for {
		end := strings.IndexAny(rest, `"\`)
		if end < 0 {
			return nil, r.fail("the quote is not closed in this line: a text has one line")
		}
		value.WriteString(rest[:end])
		rest = rest[end:]
		if rest[0] == '"' {
			r.at += len(r.rest()) - len(rest) + 1
			return r.quoted(value.String())
		}
		char, length := escaped(rest)
		if length == 0 {
			return nil, r.fail("%q begins with an escape that is not known: write \\\\ for a "+
				"backslash, or use single quotes", rest)
		}
		value.WriteRune(char)
		rest = rest[length:]
	}
}

// quoted returns a text in quotes, of which the closing one was read.
func (r *reader) quoted(value string) (*Node, error) {
	if !r.endsWord(r.at) && r.text[r.at] != ':' {
		return nil, r.fail("%q follows the closing quote", r.rest())
	}
	return &Node{Line: r.line, Value: value, Quoted: true}, nil
}

// escapes are the escapes of JSON, and the null byte.
const (
	escapes = `"\/bfnrt0`
	meant   = "\"\\/\b\f\n\r\t\x00"
)

// escaped returns the character that the escape at the beginning of text means, and the number of
// bytes of the escape. The number is 0 if the escape is not known.
func escaped(text string) (rune, int) {
	if len(text) < 2 {
		return 0, 0
	}
	if i := strings.IndexByte(escapes, text[1]); i >= 0 {
		return rune(meant[i]), 2
	}
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[text[1]]
	if digits == 0 || len(text) < 2+digits {
		return 0, 0
	}
	char, err := strconv.ParseUint(text[2:2+digits], 16, 32)
	if err != nil || char >= 0xd800 && char < 0xe000 || char > 0x10ffff {
		return 0, 0
	}
	return rune(char), 2 + digits
}
