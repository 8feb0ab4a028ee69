package tokens

import (
	"errors"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// redact replaces the authorizing token, and everything that looks like a token, in a text from
// outside. A server, a proxy or net/http may repeat what the client sent.
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
		// The character before the prefix does not matter. In an escaped URL it is a letter: %3Dsk.
		if before != "" && strings.ContainsRune("pst", rune(before[len(before)-1])) {
			if text = strings.TrimLeftFunc(after, isTokenRune); len(text) < len(after) {
				b.WriteString("[redacted]")
			}
		}
	}
}

func isTokenRune(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' ||
		strings.ContainsRune("-_.=+/%", r)
}

// Redact returns a text from outside as one line of at most 300 bytes, for errors and logs. It
// replaces everything that looks like a token, and the secret, which need not look like one. The
// zero Token is no secret.
func Redact(text string, secret Token) string {
	const limit = 300
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, redact(text, secret))
	if len(text) <= limit {
		return text
	}
	end := limit
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}

// sealed is an error from outside that shows only its redacted text.
type sealed struct {
	text string
	is   func(target error) bool // a function, because fmt prints only its address
}

func (s *sealed) Error() string        { return s.text }
func (s *sealed) Is(target error) bool { return s.is(target) }

// Seal returns err without the URLs that net/http or a transport has wrapped around the cause, and
// with the text that [Redact] returns. errors.Is still finds the cause. errors.As does not, because
// the cause may contain a URL. Use it for each request with a token in its URL.
func Seal(err error, secret Token) error {
	cause := err
	for {
		wrapped, ok := errors.AsType[*url.Error](cause)
		if !ok {
			break
		}
		cause = wrapped.Err
	}
	return &sealed{
		text: Redact(cause.Error(), secret),
		is:   func(target error) bool { return errors.Is(cause, target) },
	}
}
