package mint

import (
	"bytes"
	"encoding/json"
	"strings"
)

// event is as much of an HTTP API's event, payload format 2.0, as the mint uses. Nothing else is decoded, so no other field
// can refuse a caller.
// Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
type event struct {
	Version         lenient[string]         `json:"version"`
	RouteKey        lenient[string]         `json:"routeKey"`
	Headers         json.RawMessage         `json:"headers"`
	PathParameters  lenient[map[string]any] `json:"pathParameters"`
	Body            lenient[string]         `json:"body"`
	IsBase64Encoded lenient[bool]           `json:"isBase64Encoded"`

	RequestContext lenient[requestContext] `json:"requestContext"`

	// In payload format 1.0 only.
	HTTPMethod json.RawMessage `json:"httpMethod"`
	Resource   json.RawMessage `json:"resource"`
}

type requestContext struct {
	RequestID  lenient[string]      `json:"requestId"`
	RouteKey   lenient[string]      `json:"routeKey"`
	HTTP       lenient[httpRequest] `json:"http"`
	Authorizer lenient[authorizer]  `json:"authorizer"`
}

type httpRequest struct {
	Method lenient[string] `json:"method"`
}

// authorizer is what API Gateway's authorizer says. One of its fields is there.
type authorizer struct {
	IAM lenient[*struct {
		UserARN lenient[string] `json:"userArn"`
	}] `json:"iam"`
	JWT lenient[*struct {
		Claims json.RawMessage `json:"claims"`
	}] `json:"jwt"`
	Lambda json.RawMessage `json:"lambda"` // null when the authorizer allows a request without a context
}

// lenient is a field that may be absent or null, which is its zero value. A value of another type is also zero, and wrong:
// only who uses the field refuses it.
type lenient[T any] struct {
	value T
	wrong bool
}

// UnmarshalJSON implements [json.Unmarshaler]. It returns no error.
func (l *lenient[T]) UnmarshalJSON(text []byte) error {
	// Most fields are short plain texts, for which encoding/json would set up a decoder each.
	if s, ok := any(&l.value).(*string); ok && isPlainJSON(text) {
		*s = string(text[1 : len(text)-1])
		return nil
	}
	if json.Unmarshal(text, &l.value) != nil {
		*l = lenient[T]{wrong: true}
	}
	return nil
}

// isPlainJSON reports whether a JSON value is a text that reads as it is written: ASCII without escapes.
func isPlainJSON(value []byte) bool {
	return value[0] == '"' && !bytes.ContainsFunc(value, func(r rune) bool { return r == '\\' || r >= 0x7f })
}

// isFormat1 reports whether the event has payload format 1.0, as a REST API sends it, or an HTTP API that is set so.
func (e *event) isFormat1() bool {
	return e.Version.value == "1.0" || e.routeKey() == "" && (e.HTTPMethod != nil || e.Resource != nil)
}

// routeKey returns the key of the route that API Gateway chose, such as "POST /tokens". It is "" when the event has none,
// or two that differ.
func (e *event) routeKey() string {
	key, other := e.RouteKey.value, e.RequestContext.value.RouteKey.value
	switch {
	case key == "":
		return other
	case other == "" || other == key:
		return key
	}
	return ""
}

// header returns a header's value. API Gateway writes names in small letters, emulators as they came. A name that is there
// in several spellings with different values is as good as absent, as is a value that is not a text.
func (e *event) header(name string) string {
	var headers map[string]any
	if json.Unmarshal(e.Headers, &headers) != nil {
		return ""
	}
	found, seen := "", false
	for key, value := range headers {
		if !strings.EqualFold(key, name) {
			continue
		}
		text, ok := value.(string)
		if !ok || seen && found != text {
			return ""
		}
		found, seen = text, true
	}
	return found
}
