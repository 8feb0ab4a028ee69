package mint

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// maxBody is the longest body that is read, in bytes.
const maxBody = 8 << 10

// request is what a caller asks for. A field that was not sent, or sent as null, is zero.
type request struct {
	scopes  []string // as sent; nil: all that the profile grants
	expires time.Time
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

func decodeFields(in *json.Decoder) (request, error) {
	var req request
	var expires, ttl string
	var note json.RawMessage // Mapbox's own clients send one; a temporary token cannot carry it
	fields := map[string]any{"scopes": &req.scopes, "expires": &expires, "ttl": &ttl, "profile": &req.profile, "note": &note}
	for in.More() {
		token, err := in.Token()
		if err != nil {
			return request{}, refuseBody("the body is not JSON")
		}
		name, _ := token.(string)
		into, ok := fields[name]
		if !ok {
			return request{}, refuseBody("unknown or repeated field%s; known are scopes, expires, ttl, profile and note", quoteName(name))
		}
		delete(fields, name)
		if err := in.Decode(into); err != nil {
			if _, ok := errors.AsType[*json.UnmarshalTypeError](err); !ok {
				return request{}, refuseBody("the body is not JSON")
			}
			return request{}, refuseBody("%s is of the wrong type: scopes is an array of strings, all else is a string", name)
		}
	}
	return req, req.setTimes(expires, ttl)
}

func (r *request) setTimes(expires, ttl string) error {
	if expires != "" && ttl != "" {
		return refuseBody("expires and ttl exclude each other: send one")
	}
	if ttl != "" {
		d, err := time.ParseDuration(ttl)
		if err != nil {
			return refuseBody("ttl is not a duration such as 15m or 90s")
		}
		r.ttl = &d
	}
	if expires != "" {
		t, err := parseTime(expires)
		if err != nil {
			return refuseBody("expires is not a time in RFC 3339 form, such as 2026-01-02T15:04:05Z")
		}
		r.expires = t
	}
	return nil
}

// parseTime reads RFC 3339, and the same without a zone as UTC: so Mapbox's SDK for Python writes it.
func parseTime(s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Parse("2006-01-02T15:04:05", s)
	}
	return t, nil
}

// checkForm refuses what no profile could grant.
func (r *request) checkForm(route route) error {
	timed := r.ttl != nil || !r.expires.IsZero()
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
	plain := bytes.ContainsFunc([]byte(name), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-'
	})
	if name == "" || len(name) > 40 || plain {
		return ""
	}
	return fmt.Sprintf(" %q", name)
}
