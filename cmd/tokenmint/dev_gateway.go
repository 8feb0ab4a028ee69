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

// devCaller is who calls when nothing else is said. AWS has no such account.
const devCaller = "arn:aws:iam::000000000000:user/dev"

// maxPayload is the largest request that an HTTP API takes, in bytes.
// Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
const maxPayload = 10 << 20

// gateway stands in for API Gateway: it makes a request into an event of payload format 2.0, adds the caller, and writes the
// function's reply.
func gateway(handler *mint.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		event, status, err := eventOf(r)
		if err != nil {
			writeJSON(w, status, map[string]string{"message": err.Error()})
			return
		}
		reply, err := handler.HandleJSON(r.Context(), event)
		if err != nil {
			writeJSON(w, http.StatusInternalServerError, map[string]string{"message": "Internal Server Error"})
			return
		}
		for name, value := range reply.Headers {
			w.Header().Set(name, value)
		}
		w.WriteHeader(reply.StatusCode)
		_, _ = io.WriteString(w, reply.Body) // the client may have left
	}
}

// eventOf makes the event, or says with which status the gateway itself refuses.
// Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
func eventOf(r *http.Request) (payload json.RawMessage, status int, err error) {
	var event events.APIGatewayV2HTTPRequest
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxPayload))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, http.StatusRequestEntityTooLarge, errors.New("Request Entity Too Large") //nolint:staticcheck // API Gateway's own text
	} else if err != nil {
		return nil, http.StatusBadRequest, fmt.Errorf("read body: %w", err)
	}
	event = events.APIGatewayV2HTTPRequest{
		Version:         "2.0",
		RawPath:         r.URL.Path,
		RawQueryString:  r.URL.RawQuery,
		Headers:         flatten(r.Header, strings.ToLower),
		IsBase64Encoded: !isText(r.Header.Get("Content-Type")),
		Body:            string(body),
	}
	event.QueryStringParameters = flatten(r.URL.Query(), func(name string) string { return name })
	if event.IsBase64Encoded {
		event.Body = base64.StdEncoding.EncodeToString(body)
	}
	event.RouteKey, event.PathParameters = routeOf(r.Method, r.URL.Path)
	request := &event.RequestContext
	request.Stage, request.RequestID, request.RouteKey = "$default", newID(), event.RouteKey
	request.HTTP.Method, request.HTTP.Path, request.HTTP.Protocol = r.Method, r.URL.Path, r.Proto
	request.HTTP.UserAgent = r.UserAgent()
	authorizer, err := authorizerOf(r)
	if err != nil {
		return nil, http.StatusBadRequest, err
	}
	if authorizer, err = addBearer(authorizer, event.Headers); err != nil {
		return nil, http.StatusBadRequest, err
	}
	payload, err = withAuthorizer(event, authorizer)
	return payload, http.StatusBadRequest, err
}

// routeOf finds the route of a request and its path parameters, as API Gateway does. A path without a route gets the key
// of the catch-all route, which the stack does not have: the mint answers 404, as API Gateway would.
func routeOf(method, path string) (key string, parameters map[string]string) {
	if path == "/tokens" {
		return method + " /tokens", nil
	}
	if username, ok := strings.CutPrefix(path, "/tokens/v2/"); ok && username != "" && !strings.Contains(username, "/") {
		return method + " /tokens/v2/{username}", map[string]string{"username": username}
	}
	return "$default", nil
}

// withAuthorizer encodes the event. The authorizer goes in as it is: null differs from absent in a part of it.
func withAuthorizer(event events.APIGatewayV2HTTPRequest, authorizer json.RawMessage) (json.RawMessage, error) {
	text, err := json.Marshal(event)
	if err != nil {
		return nil, err
	}
	var fields map[string]json.RawMessage
	var request map[string]json.RawMessage
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

// authorizerOf returns the caller: the developer, or whom the header X-Dev-Authorizer describes as
// requestContext.authorizer would. null stands for a route without an authorizer.
func authorizerOf(r *http.Request) (json.RawMessage, error) {
	header := r.Header.Get("X-Dev-Authorizer")
	if header == "" {
		header = `{"iam":{"userArn":"` + devCaller + `","accountId":"000000000000"}}`
	}
	if err := checkAuthorizer(header); err != nil {
		return nil, fmt.Errorf("X-Dev-Authorizer: %w", err)
	}
	return json.RawMessage(header), nil
}

// checkAuthorizer finds slips by which the header would describe nobody.
func checkAuthorizer(header string) error {
	var kinds map[string]json.RawMessage
	if json.Unmarshal([]byte(header), &kinds) != nil {
		return errors.New(`it must be the JSON of requestContext.authorizer, such as {"iam":{"userArn":"arn:aws:iam::1:role/web"}}`)
	}
	for kind, value := range kinds {
		var members map[string]json.RawMessage
		isObject := json.Unmarshal(value, &members) == nil && members != nil
		switch kind {
		case "iam":
			if !isObject || members["userArn"] == nil {
				return errors.New(`"iam" needs "userArn": {"iam":{"userArn":"arn:aws:iam::1:role/web"}}`)
			}
		case "jwt":
			var claims map[string]json.RawMessage
			if !isObject || json.Unmarshal(members["claims"], &claims) != nil || claims == nil {
				return errors.New(`"jwt" needs "claims", an object: {"jwt":{"claims":{"groups":"maps"}}}`)
			}
		case "lambda":
			if !isObject && string(value) != "null" {
				return errors.New(`"lambda" must be an object or null: {"lambda":{"tenant":"acme"}}`)
			}
		default:
			return fmt.Errorf("unknown member %q: known are iam, jwt and lambda", kind)
		}
	}
	return nil
}

// isText reports whether an HTTP API passes a body of this type on as it is. All else it encodes.
func isText(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && (strings.HasPrefix(media, "text/") || media == "application/json" ||
		media == "application/javascript" || media == "application/xml" || strings.HasSuffix(media, "+json"))
}

func flatten(values map[string][]string, name func(string) string) map[string]string {
	flat := make(map[string]string, len(values))
	for _, key := range slices.Sorted(maps.Keys(values)) {
		flat[name(key)] = strings.Join(values[key], ",")
	}
	return flat
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may have left
}
