package mint

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// maxBody is the longest body that is read, in bytes.
const maxBody = 8 << 10

// request is what a caller asks for. A field that was not sent, or sent as null, is zero.
type request struct {
	scopes  []string // as sent; nil: all that the profile grants
	expires *time.Time
	ttl     *time.Duration
	profile string
}

// decode reads a body: one JSON object with known names, each at most once. It reads the object name by name, because
// [json.Unmarshal] accepts a name twice and in any case, and then two readers of one body may see two requests.
func decode(body string, isBase64 bool) (request, error) {
	if isBase64 {
		text, err := base64.StdEncoding.DecodeString(body)
		if err != nil {
			return request{}, refuseBody("the body is not the base64 that it is said to be")
		}
		body = string(text)
	}
	if len(body) > maxBody {
		return request{}, refuseTooLarge
	}
	if !utf8.ValidString(body) {
		return request{}, refuseBody("the body is not UTF-8")
	}
	in := json.NewDecoder(strings.NewReader(body))
	if open, err := in.Token(); err != nil || open != json.Delim('{') {
		return request{}, refuseBody("the body must be one JSON object; {} asks for what your profile gives")
	}
	req, err := decodeFields(in)
	if err != nil {
		return request{}, err
	}
	if _, err := in.Token(); err != nil { // the closing brace
		return request{}, refuseBody("the body is not JSON")
	}
	if _, err := in.Token(); !errors.Is(err, io.EOF) {
		return request{}, refuseBody("something follows the JSON object")
	}
	return req, nil
}

// fields are what a body may hold. A note is accepted because Mapbox's own clients send one; a temporary token cannot carry it.
type fields struct {
	scopes       []*string // nil: an element that is null
	expires, ttl *string   // nil: not sent, or null
	profile      string
	note         string

	seen [5]bool
}

// place returns where the value of a field goes, or nil if there is no such field or it was there before.
func (f *fields) place(name string) any {
	i, into := -1, any(nil)
	switch name {
	case "scopes":
		i, into = 0, &f.scopes
	case "expires":
		i, into = 1, &f.expires
	case "ttl":
		i, into = 2, &f.ttl
	case "profile":
		i, into = 3, &f.profile
	case "note":
		i, into = 4, &f.note
	}
	if i < 0 || f.seen[i] {
		return nil
	}
	f.seen[i] = true
	return into
}

func decodeFields(in *json.Decoder) (request, error) {
	var f fields
	for in.More() {
		token, err := in.Token()
		if err != nil {
			return request{}, refuseBody("the body is not JSON")
		}
		name, _ := token.(string)
		into := f.place(name)
		if into == nil {
			return request{}, refuseBody("unknown or repeated field%s; known are scopes, expires, ttl, profile and note", quoteName(name))
		}
		if err := in.Decode(into); err != nil {
			if _, ok := errors.AsType[*json.UnmarshalTypeError](err); !ok {
				return request{}, refuseBody("the body is not JSON")
			}
			return request{}, refuseType(name)
		}
	}
	req := request{profile: f.profile}
	if err := req.setScopes(f.scopes); err != nil {
		return request{}, err
	}
	return req, req.setTimes(f.expires, f.ttl)
}

func (r *request) setScopes(scopes []*string) error {
	if scopes == nil {
		return nil
	}
	r.scopes = make([]string, len(scopes))
	for i, scope := range scopes {
		if scope == nil {
			return refuseType("scopes")
		}
		r.scopes[i] = *scope
	}
	return nil
}

func refuseType(field string) *refusal {
	return refuseBody("%s is of the wrong type: scopes is an array of strings, all else is a string", field)
}

func (r *request) setTimes(expires, ttl *string) error {
	if expires != nil && ttl != nil {
		return refuseBody("expires and ttl exclude each other: send one")
	}
	if ttl != nil {
		d, err := time.ParseDuration(*ttl)
		if err != nil {
			return refuseBody("ttl is not a duration such as 15m or 90s")
		}
		r.ttl = &d
	}
	if expires != nil {
		t, err := parseTime(*expires)
		if err != nil {
			return refuseBody("expires is not a time in RFC 3339 form, such as 2026-01-02T15:04:05Z")
		}
		r.expires = &t
	}
	return nil
}

// parseTime reads RFC 3339, whose letters may be small, and two forms that clients of the Tokens API send besides: an offset without its
// colon, as strftime writes it, and no zone, which means UTC, as Mapbox's SDK for Python writes it.
func parseTime(s string) (t time.Time, err error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05"} {
		if t, err = time.Parse(layout, strings.ToUpper(s)); err == nil {
			return t, nil
		}
	}
	return time.Time{}, err
}

// checkForm refuses what no profile could grant.
func (r *request) checkForm(route route) error {
	timed := r.ttl != nil || r.expires != nil
	switch {
	case route.username != "" && !timed:
		return refusePermanent
	case route.username != "" && r.scopes == nil, r.scopes != nil && len(r.scopes) == 0, slices.ContainsFunc(r.scopes, isOdd):
		return refuseScopes
	}
	return nil
}

// isOdd reports whether s cannot be a scope. It bounds what reaches messages and records: a token is odd.
func isOdd(s string) bool {
	return s == "" || len(s) > 64 || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-_:") != ""
}

// quoteName quotes a field's name back to the sender, if it looks like one.
func quoteName(name string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
	if name == "" || len(name) > 40 || strings.Trim(name, plain) != "" {
		return ""
	}
	return fmt.Sprintf(" %q", name)
}
