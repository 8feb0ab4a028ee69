package config

import (
	"errors"
	"fmt"
	"path"
	"strings"
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
		return Pattern{}, fmt.Errorf("%q is not anchored: it must begin or end with what it means", text)
	}
	for segment := range strings.SplitSeq(text, ":") {
		if _, err := path.Match(segment, ""); err != nil {
			return Pattern{}, fmt.Errorf("%q: %w", text, err)
		}
	}
	return Pattern{text}, nil
}

// ParseARNPattern checks a pattern for the ARN of an IAM user or role, such as arn:aws:iam::*:role/web-*. Its partition and
// its kind of principal must be written out.
func ParseARNPattern(text string) (Pattern, error) {
	pattern, err := ParsePattern(text)
	if err != nil {
		return Pattern{}, err
	}
	parts := strings.Split(text, ":")
	if len(parts) != 6 || parts[0] != "arn" || strings.ContainsAny(parts[1], "*?[") || parts[2] != "iam" || parts[3] != "" {
		return Pattern{}, fmt.Errorf("%q is not anchored: write a whole ARN such as arn:aws:iam::*:role/web-*", text)
	}
	resource := parts[5]
	if resource != "root" && !strings.HasPrefix(resource, "role/") && !strings.HasPrefix(resource, "user/") {
		return Pattern{}, fmt.Errorf("%q must name a role/…, a user/… or root", text)
	}
	return pattern, nil
}

func isWild(c byte) bool { return strings.IndexByte("*?[]", c) >= 0 }
