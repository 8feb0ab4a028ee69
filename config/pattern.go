package config

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Pattern is a glob that is matched against a whole string, as [path.Match] does, segment by segment: `*` stands for any
// run of characters and `?` for one, and neither crosses a `/` or a `:`. It is never a regular expression.
type Pattern struct{ text string }

// Match reports whether the whole of s fits the pattern.
func (p Pattern) Match(s string) bool {
	globs, text, more := p.text, s, true
	for more {
		var glob, segment string
		var another bool
		glob, globs, more = strings.Cut(globs, ":")
		segment, text, another = strings.Cut(text, ":")
		if ok, err := path.Match(glob, segment); err != nil || !ok || more != another {
			return false
		}
	}
	return true
}

// String returns the pattern as written.
func (p Pattern) String() string { return p.text }

// ParsePattern checks a pattern for a claim. It refuses what looks like a regular expression, and what is open at both
// ends: such a pattern matches far more than its author had in mind.
func ParsePattern(text string) (Pattern, error) {
	if text == "" {
		return Pattern{}, errors.New("is empty: it would match only a caller without a name")
	}
	if strings.HasPrefix(text, "^") || strings.HasSuffix(text, "$") || strings.Contains(text, ".*") {
		return Pattern{}, fmt.Errorf("%q looks like a regular expression: patterns are globs, matched whole; write * for any run of characters", text)
	}
	if isWild(text[0]) && isWild(text[len(text)-1]) {
		return Pattern{}, fmt.Errorf("%q is not anchored: it must begin or end with what it means, such as maps-* or *@example.com", text)
	}
	if !IsPlainText(text) {
		return Pattern{}, fmt.Errorf("%q matches no caller: a value with a control character or broken UTF-8 matches nothing", text)
	}
	for segment := range strings.SplitSeq(text, ":") {
		if _, err := path.Match(segment, ""); err != nil {
			return Pattern{}, fmt.Errorf("%q: %w", text, err)
		}
	}
	return Pattern{text}, nil
}

// IsPlainText reports whether text means to every reader what it seems to: it is UTF-8 without control characters and
// without the character that stands for broken text.
func IsPlainText(text string) bool {
	for _, r := range text {
		if r == utf8.RuneError || unicode.IsControl(r) {
			return false
		}
	}
	return true
}

func isWild(c byte) bool { return strings.IndexByte("*?[]", c) >= 0 }
