package config

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Pattern is a glob for a whole string. `*` matches any number of characters and `?` matches one,
// as in [path.Match]. Neither matches a `/` or a `:`. The zero Pattern matches only the empty
// string.
type Pattern struct{ text string }

// Match reports whether the pattern matches the whole of s.
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

// String returns the pattern as it is in the file.
func (p Pattern) String() string { return p.text }

// ParsePattern checks a pattern for a claim. It refuses a text that looks like a regular
// expression, and a pattern with wildcards at both ends: it would match far more than its author
// expects.
func ParsePattern(text string) (Pattern, error) {
	if text == "" {
		return Pattern{}, errors.New("is empty: it would match only a caller without a name")
	}
	if strings.HasPrefix(text, "^") || strings.HasSuffix(text, "$") ||
		strings.Contains(text, ".*") {
		return Pattern{}, fmt.Errorf("%q looks like a regular expression: "+
			"a pattern is a glob for the whole text; write * for any characters", text)
	}
	if isWild(text[0]) && isWild(text[len(text)-1]) {
		return Pattern{}, fmt.Errorf("%q is not anchored: it must begin or end with a fixed text, "+
			"such as maps-* or *@example.com", text)
	}
	if !IsPlainText(text) {
		return Pattern{}, fmt.Errorf("%q matches no caller: "+
			"a value with a control character or broken UTF-8 matches nothing", text)
	}
	for segment := range strings.SplitSeq(text, ":") {
		if _, err := path.Match(segment, ""); err != nil {
			return Pattern{}, fmt.Errorf("%q: %w", text, err)
		}
	}
	return Pattern{text}, nil
}

// IsPlainText reports whether text is UTF-8 without control characters and without the character
// U+FFFD, which stands for broken text. Two programs may read other texts differently.
func IsPlainText(text string) bool {
	for _, r := range text {
		if r == utf8.RuneError || unicode.IsControl(r) {
			return false
		}
	}
	return true
}

func isWild(c byte) bool { return strings.IndexByte("*?[]", c) >= 0 }
