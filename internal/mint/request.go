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

	"github.com/tokenmint/tokenmint/config"
)

// maxBody is the size of the largest body that is read, in bytes.
const maxBody = 8 << 10

// request is what a caller asks for. A field is zero if the body has null in its place, or nothing.
type request struct {
	scopes  []string // as sent; nil asks for all scopes of the profile
	expires *time.Time
	ttl     *time.Duration
	profile string
}

// requestOf reads what the caller asks for.
func requestOf(e *event, route route) (request, error) {
	if route.kind == config.RoutePublic {
		if e.Body != (lenient[string]{}) {
			return request{}, refuseBody("this route accepts no body")
		}
		if e.RawQueryString != (lenient[string]{}) {
			return request{}, refuseBody(
				"this route accepts no query: end the address at the profile")
		}
		return request{profile: route.profile}, nil
	}
	if e.Body.wrong || e.IsBase64Encoded.wrong {
		return request{}, refuseBody("the body is not a string")
	}
	return decode(e.Body.value, e.IsBase64Encoded.value)
}

// decode reads a body: one JSON object with known names, each at most once.
func decode(body string, isBase64 bool) (request, error) {
	if isBase64 {
		text, err := base64.StdEncoding.DecodeString(body)
		if err != nil {
			return request{}, refuseBody("the event says that the body is base64, but it is not")
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
		return request{}, refuseBody("the body must be one JSON object; {} asks for all defaults")
	}
	f, err := decodeFields(in)
	if err != nil {
		return request{}, err
	}
	if _, err := in.Token(); err != nil { // the closing brace
		return request{}, refuseBody("the body is not JSON")
	}
	if _, err := in.Token(); !errors.Is(err, io.EOF) {
		return request{}, refuseBody("the JSON object must end the body, but more text follows")
	}
	return f.request()
}

// fields are the fields of a body. nil means that the body has null in its place, or nothing.
type fields struct {
	scopes  []*string // a nil element was null
	expires *string
	ttl     *string
	profile *string
	note    *string // ignored: Mapbox's clients send a note, but a temporary token has none
}

// decodeFields reads the object up to its closing brace. It reads name by name, because
// [json.Unmarshal] accepts a name twice and in any case. Then two readers of one body could
// understand two requests.
func decodeFields(in *json.Decoder) (fields, error) {
	var f fields
	unread := map[string]any{
		"scopes": &f.scopes, "expires": &f.expires, "ttl": &f.ttl, "profile": &f.profile,
		"note": &f.note,
	}
	for in.More() {
		token, err := in.Token()
		if err != nil {
			return fields{}, refuseBody("the body is not JSON")
		}
		name, _ := token.(string)
		into, ok := unread[name]
		if !ok {
			return fields{}, refuseBody(
				"unknown or repeated field%s; known are scopes, expires, ttl, profile and note",
				quoteName(name))
		}
		delete(unread, name)
		err = in.Decode(into)
		if _, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return fields{}, refuseType(name)
		}
		if err != nil {
			return fields{}, refuseBody("the body is not JSON")
		}
	}
	return f, nil
}

// request checks the values of the fields.
func (f fields) request() (request, error) {
	var r request
	if f.profile != nil {
		r.profile = *f.profile
	}
	if f.scopes != nil {
		r.scopes = make([]string, len(f.scopes))
	}
	for i, scope := range f.scopes {
		if scope == nil {
			return request{}, refuseType("scopes")
		}
		r.scopes[i] = *scope
	}
	if f.expires != nil && f.ttl != nil {
		return request{}, refuseBody("expires and ttl exclude each other: send one")
	}
	if f.ttl != nil {
		ttl, err := time.ParseDuration(*f.ttl)
		if err != nil {
			return request{}, refuseBody("ttl is not a duration such as 15m or 90s")
		}
		r.ttl = &ttl
	}
	if f.expires != nil {
		expires, err := parseTime(*f.expires)
		if err != nil {
			return request{}, refuseBody(
				"expires is not a time in RFC 3339 form, such as 2026-01-02T15:04:05Z")
		}
		r.expires = &expires
	}
	return r, nil
}

func refuseType(field string) *refusal {
	return refuseBody("%s has the wrong type: scopes is an array of strings, "+
		"all other fields are strings", field)
}

// parseTime reads RFC 3339, with letters in any case, and two more forms that clients of the Tokens
// API send. strftime writes an offset without its colon. Mapbox's SDK for Python writes no zone and
// means UTC.
func parseTime(s string) (t time.Time, err error) {
	layouts := []string{time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05"}
	for _, layout := range layouts {
		if t, err = time.Parse(layout, strings.ToUpper(s)); err == nil {
			return t, nil
		}
	}
	return time.Time{}, err
}

// checkForm refuses what no profile could grant.
func (r *request) checkForm(route route) error {
	mapboxForm := route.username != ""
	switch {
	case mapboxForm && r.ttl == nil && r.expires == nil:
		return refusePermanent
	case mapboxForm && r.scopes == nil,
		r.scopes != nil && len(r.scopes) == 0,
		slices.ContainsFunc(r.scopes, isOdd):
		return refuseScopes
	}
	return nil
}

// isOdd reports whether s cannot be a scope. A token is odd, so none reaches messages and records.
func isOdd(s string) bool {
	const plain = "abcdefghijklmnopqrstuvwxyz0123456789-_:"
	return s == "" || len(s) > 64 || strings.Trim(s, plain) != ""
}

// quoteName returns a field's name in quotes, with a blank before it. It returns "" for a text that
// does not look like a name, since that could be a token.
func quoteName(name string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
	if name == "" || len(name) > 40 || strings.Trim(name, plain) != "" {
		return ""
	}
	return fmt.Sprintf(" %q", name)
}
