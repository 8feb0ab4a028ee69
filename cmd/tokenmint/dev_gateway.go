package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/tokenmint/tokenmint/internal/mint"
)

// devCaller is the default caller. AWS has no account with this number.
const devCaller = "arn:aws:iam::000000000000:user/dev"

// maxPayload is the largest request body that an HTTP API accepts, in bytes.
// Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
const maxPayload = 10 << 20

// gateway stands in for API Gateway. It turns a request into an event of payload format 2.0, adds
// the caller, and writes the reply of the function.
func gateway(handler *mint.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		event, status, err := eventOf(r)
		if err != nil {
			writeMessage(w, status, err.Error())
			return
		}
		reply, err := handler.HandleJSON(r.Context(), event)
		if err != nil {
			writeMessage(w, http.StatusInternalServerError, "Internal Server Error")
			return
		}
		for name, value := range reply.Headers {
			w.Header().Set(name, value)
		}
		w.WriteHeader(reply.StatusCode)
		_, _ = io.WriteString(w, reply.Body) // the client may have left
	}
}

// errTooLarge is the message of API Gateway.
//
//nolint:staticcheck // ST1005: API Gateway's own text
var errTooLarge = errors.New("Request Entity Too Large")

// errUnauthorized is the message of API Gateway for a request without the identity that the route
// needs.
var errUnauthorized = errors.New("Unauthorized")

// eventOf returns the event for a request, or the status with which the gateway refuses it.
// Source:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
func eventOf(r *http.Request) (payload json.RawMessage, status int, err error) {
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxPayload))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, http.StatusRequestEntityTooLarge, errTooLarge
	}
	if err != nil {
		return nil, http.StatusBadRequest, fmt.Errorf("read body: %w", err)
	}
	route := routeOf(r.Method, r.URL.Path)
	event := requestEvent(r, route, body)
	authorizer, err := authorizerOf(r, route.kind, event.Headers)
	if errors.Is(err, errUnauthorized) {
		return nil, http.StatusUnauthorized, err
	}
	if err != nil {
		return nil, http.StatusBadRequest, err
	}
	payload, err = withAuthorizer(event, authorizer)
	return payload, http.StatusBadRequest, err
}

// requestEvent returns the event without its authorizer.
func requestEvent(r *http.Request, route route, body []byte) events.APIGatewayV2HTTPRequest {
	event := events.APIGatewayV2HTTPRequest{
		Version:               "2.0",
		RawPath:               r.URL.Path,
		RawQueryString:        r.URL.RawQuery,
		Headers:               flatten(r.Header, strings.ToLower),
		QueryStringParameters: flatten(r.URL.Query(), strings.Clone),
		IsBase64Encoded:       !isText(r.Header.Get("Content-Type")),
		Body:                  string(body),
	}
	if event.IsBase64Encoded {
		event.Body = base64.StdEncoding.EncodeToString(body)
	}
	event.RouteKey, event.PathParameters = route.key, route.parameters
	request := &event.RequestContext
	request.Stage, request.RequestID, request.RouteKey = "$default", newID(), event.RouteKey
	request.HTTP.Method, request.HTTP.Path, request.HTTP.Protocol = r.Method, r.URL.Path, r.Proto
	request.HTTP.UserAgent = r.UserAgent()
	return event
}

// withAuthorizer encodes the event. It keeps the authorizer as it is, because null and an absent
// member mean different things.
func withAuthorizer(event events.APIGatewayV2HTTPRequest,
	authorizer json.RawMessage) (json.RawMessage, error) {
	text, err := json.Marshal(event)
	if err != nil {
		return nil, err
	}
	var fields, request map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(fields["requestContext"], &request); err != nil {
		return nil, err
	}
	request["authorizer"] = authorizer
	if fields["requestContext"], err = json.Marshal(request); err != nil {
		return nil, err
	}
	return json.Marshal(fields)
}

// isText reports whether an HTTP API passes a body of this type unchanged. It encodes other bodies.
func isText(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return false
	}
	switch media {
	case "application/json", "application/javascript", "application/xml":
		return true
	}
	return strings.HasPrefix(media, "text/") || strings.HasSuffix(media, "+json")
}

// flatten joins the values of each name with commas.
func flatten(values map[string][]string, name func(string) string) map[string]string {
	flat := make(map[string]string, len(values))
	for _, key := range slices.Sorted(maps.Keys(values)) {
		flat[name(key)] = strings.Join(values[key], ",")
	}
	return flat
}
