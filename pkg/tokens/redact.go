package tokens

import (
	"errors"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// redact replaces, in text from outside, the authorising token and whatever else looks like a token:
// a server, a proxy or net/http itself may echo what we sent.
func redact(text string, auth Token) string {
	if value := auth.Reveal(); value != "" {
		text = strings.ReplaceAll(text, value, auth.String())
		text = strings.ReplaceAll(text, url.QueryEscape(value), auth.String())
	}
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, "k.")
		if !found {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(before + "k.")
		text = after
		// What stands before the prefix does not matter: in an escaped URL it is a letter, as in %3Dsk.
		if before != "" && strings.ContainsRune("pst", rune(before[len(before)-1])) {
			if text = strings.TrimLeftFunc(after, isTokenRune); len(text) < len(after) {
				b.WriteString("[redacted]")
			}
		}
	}
}

func isTokenRune(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-_.=+/%", r)
}

// line returns a redacted text as one line of bounded length, fit for a log.
func line(text string, auth Token) string {
	const limit = 300
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, redact(text, auth))
	if len(text) <= limit {
		return text
	}
	end := limit
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}

// sealed is an error from outside of which only the redacted text shows. errors.Is still sees the chain,
// but nothing can take an error with a URL out of it, nor print one.
type sealed struct {
	text string
	is   func(target error) bool // a function, because fmt prints its address and nothing more
}

func (s *sealed) Error() string        { return s.text }
func (s *sealed) Is(target error) bool { return s.is(target) }

// seal returns err without the URLs that net/http, or a transport below it, wrapped around the cause.
func seal(err error, auth Token) error {
	cause := err
	for {
		wrapped, ok := errors.AsType[*url.Error](cause)
		if !ok {
			break
		}
		cause = wrapped.Err
	}
	return &sealed{
		text: line(cause.Error(), auth),
		is:   func(target error) bool { return errors.Is(cause, target) },
	}
}
