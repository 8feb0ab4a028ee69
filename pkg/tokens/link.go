package tokens

import (
	"errors"
	"strings"
)

var errMalformedLink = errors.New("malformed Link header")

// nextLink returns the target of the first link with the relation next in the Link headers of a
// reply, or "" when there is none. Only the absence of such a link ends a list. So a header that
// does not follow RFC 8288 is an error.
func nextLink(headers []string) (string, error) {
	for _, rest := range headers {
		for {
			rest = strings.TrimLeft(rest, " \t,")
			if rest == "" {
				break
			}
			target, after, ok := strings.Cut(rest, ">")
			if !ok || len(target) < 2 || target[0] != '<' {
				return "", errMalformedLink
			}
			relation, after, err := linkRelation(after)
			if err != nil {
				return "", err
			}
			if hasWord(relation, "next") {
				return target[1:], nil
			}
			rest = after
		}
	}
	return "", nil
}

// linkRelation reads the parameters after a link's target. It returns the value of the first rel,
// which is the valid one, and the text after the link.
func linkRelation(s string) (relation, rest string, err error) {
	for found := false; ; {
		s = strings.TrimLeft(s, " \t")
		if s == "" || s[0] == ',' {
			return relation, s, nil
		}
		if s[0] != ';' {
			return "", "", errMalformedLink
		}
		s = s[1:]
		end := strings.IndexAny(s+",", "=;,")
		name, value := strings.TrimSpace(s[:end]), ""
		s = s[end:]
		if strings.HasPrefix(s, "=") {
			if value, s, err = linkValue(strings.TrimLeft(s[1:], " \t")); err != nil {
				return "", "", err
			}
		}
		if !found && strings.EqualFold(name, "rel") {
			relation, found = value, true
		}
	}
}

// linkValue reads a parameter's value, quoted or not. It also returns the text after the value.
func linkValue(s string) (value, rest string, err error) {
	if !strings.HasPrefix(s, `"`) {
		end := strings.IndexAny(s+",", ";,")
		return strings.TrimSpace(s[:end]), s[end:], nil
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:], nil
		case s[i] == '\\' && i+1 < len(s):
			i++
		}
		b.WriteByte(s[i])
	}
	return "", "", errMalformedLink
}

// hasWord reports whether list contains word. Words are separated by spaces; case is ignored.
func hasWord(list, word string) bool {
	for item := range strings.FieldsSeq(list) {
		if strings.EqualFold(item, word) {
			return true
		}
	}
	return false
}
