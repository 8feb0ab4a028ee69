package mint

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
)

// event has the fields of an HTTP API's event, payload format 2.0, that the mint uses. No other
// field is decoded, so no other field can refuse a caller.
// Source:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
type event struct {
	Version         lenient[string]         `json:"version"`
	RouteKey        lenient[string]         `json:"routeKey"`
	Headers         json.RawMessage         `json:"headers"`
	PathParameters  lenient[map[string]any] `json:"pathParameters"`
	Body            lenient[string]         `json:"body"`
	IsBase64Encoded lenient[bool]           `json:"isBase64Encoded"`
	RawQueryString  lenient[string]         `json:"rawQueryString"`

	RequestContext requestContext `json:"requestContext"`

	// Fields of payload format 1.0.
	HTTPMethod json.RawMessage `json:"httpMethod"`
	Resource   json.RawMessage `json:"resource"`

	// unreadable says that an object on the path to the authorizer's fields has another type.
	unreadable bool
}

type requestContext struct {
	RequestID  lenient[string]      `json:"requestId"`
	RouteKey   lenient[string]      `json:"routeKey"`
	HTTP       lenient[httpRequest] `json:"http"`
	Authorizer authorizer           `json:"authorizer"`
}

type httpRequest struct {
	Method lenient[string] `json:"method"`
}

// authorizer is what API Gateway's authorizer says about the caller. One field is set.
type authorizer struct {
	IAM *struct {
		UserARN lenient[string] `json:"userArn"`
	} `json:"iam"`
	JWT *struct {
		Claims json.RawMessage `json:"claims"`
	} `json:"jwt"`
	Lambda json.RawMessage `json:"lambda"` // null if the authorizer gives no context
}

// readEvent decodes an event. The error means that raw is not a JSON object; it may quote raw.
func readEvent(raw json.RawMessage) (*event, error) {
	e := &event{}
	err := json.Unmarshal(raw, e)
	// encoding/json skips a value of a wrong type, goes on and returns the first such error.
	// Lenient fields return none, so the error is about one of the plain objects above.
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
		e.unreadable = true
		return e, nil
	}
	return e, err
}

// lenient is a field that may have a wrong type. Then it is zero and wrong, and only the code that
// uses the field refuses the request. A field that is absent or null is zero and not wrong.
type lenient[T any] struct {
	value T
	wrong bool
}

// UnmarshalJSON implements [json.Unmarshaler]. It returns no error.
func (l *lenient[T]) UnmarshalJSON(text []byte) error {
	// Most fields are short plain texts. json.Unmarshal would set up a decoder for each.
	if s, ok := any(&l.value).(*string); ok && isPlainJSON(text) {
		*s = string(text[1 : len(text)-1])
		return nil
	}
	if json.Unmarshal(text, &l.value) != nil {
		*l = lenient[T]{wrong: true}
	}
	return nil
}

// isPlainJSON reports whether a JSON value is a string of ASCII without escapes.
func isPlainJSON(value []byte) bool {
	odd := func(r rune) bool { return r == '\\' || r >= 0x7f }
	return value[0] == '"' && !bytes.ContainsFunc(value, odd)
}

// isFormat1 reports whether the event has payload format 1.0. REST APIs send it, and HTTP APIs can.
func (e *event) isFormat1() bool {
	return e.Version.value == "1.0" || e.routeKey() == "" &&
		(e.HTTPMethod != nil || e.Resource != nil)
}

// routeKey returns the key of the route that API Gateway chose, such as "POST /tokens". It returns
// "" if the event has no key, or two different ones.
func (e *event) routeKey() string {
	key, other := e.RouteKey.value, e.RequestContext.RouteKey.value
	switch {
	case key == "":
		return other
	case other == "" || other == key:
		return key
	}
	return ""
}

// header returns the value of a header, and whether the request has the header. API Gateway writes
// names in small letters, emulators write them as the client did. The value is "" if it is not a
// string, or if two spellings of the name have different values.
func (e *event) header(name string) (value string, sent bool) {
	var headers map[string]any
	if json.Unmarshal(e.Headers, &headers) != nil {
		return "", e.Headers != nil
	}
	for key, field := range headers {
		if !strings.EqualFold(key, name) {
			continue
		}
		text, ok := field.(string)
		if !ok || sent && value != text {
			return "", true
		}
		value, sent = text, true
	}
	return value, sent
}
