package mint_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// post is an event: POST path with a body, from an IAM caller.
func post(path, caller, body string) events.APIGatewayV2HTTPRequest {
	event := request(http.MethodPost, path)
	event.Body = body
	event.RequestContext.Authorizer = &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
		IAM: &events.APIGatewayV2HTTPRequestContextAuthorizerIAMDescription{UserARN: caller},
	}
	return event
}

// get is an event: GET path, from a page of this origin, or from none. No authorizer has run.
func get(path, origin string) events.APIGatewayV2HTTPRequest {
	event := request(http.MethodGet, path)
	if event.Headers = map[string]string{}; origin != "" {
		event.Headers["origin"] = origin
	}
	return event
}

// request is an event with the route that API Gateway finds for the path.
func request(method, path string) events.APIGatewayV2HTTPRequest {
	event := events.APIGatewayV2HTTPRequest{Version: "2.0", RawPath: path, RouteKey: "$default"}
	for _, route := range []string{"/tokens", "/jwt/tokens", "/custom/tokens"} {
		if username, ok := strings.CutPrefix(path, route+"/v2/"); ok && isSegment(username) {
			event.RouteKey = method + " " + route + "/v2/{username}"
			event.PathParameters = map[string]string{"username": username}
		} else if path == route {
			event.RouteKey = method + " " + route
		}
	}
	if profile, ok := strings.CutPrefix(path, "/public/tokens/"); ok && isSegment(profile) {
		event.RouteKey = method + " /public/tokens/{profile}"
		event.PathParameters = map[string]string{"profile": profile}
	}
	event.RequestContext.RouteKey = event.RouteKey
	event.RequestContext.RequestID = "req-1"
	event.RequestContext.Stage = "$default"
	event.RequestContext.HTTP.Method = method
	return event
}

func isSegment(text string) bool { return text != "" && !strings.Contains(text, "/") }

// on moves an event from an IAM route to the route of another kind, such as /jwt.
func on(kind string, event events.APIGatewayV2HTTPRequest) events.APIGatewayV2HTTPRequest {
	event.RouteKey = strings.Replace(event.RouteKey, " /tokens", " "+kind+"/tokens", 1)
	event.RequestContext.RouteKey = event.RouteKey
	event.RawPath = strings.Replace(event.RawPath, "/tokens", kind+"/tokens", 1)
	return event
}

// withJWT makes the caller the bearer of a JWT with these claims, which API Gateway has verified.
// It adds an issuer and an end.
func withJWT(
	event events.APIGatewayV2HTTPRequest, claims map[string]any,
) events.APIGatewayV2HTTPRequest {
	payload := map[string]any{"iss": "https://id.example/", "exp": json.Number("1767369845")}
	maps.Copy(payload, claims)
	text, err := json.Marshal(payload)
	if err != nil {
		panic(err) // a test's own map
	}
	return withPayload(event, string(text), flatClaims(payload))
}

// withPayload makes the caller the bearer of a JWT with this payload, of which the event says this.
// The route is that for JWTs.
func withPayload(
	event events.APIGatewayV2HTTPRequest, payload string, said map[string]string,
) events.APIGatewayV2HTTPRequest {
	event = on("/jwt", event)
	event.Headers = maps.Clone(event.Headers)
	if event.Headers == nil {
		event.Headers = map[string]string{}
	}
	event.Headers["authorization"] = "Bearer " + jwtOf(payload)
	event.RequestContext.Authorizer = &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
		JWT: &events.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription{Claims: said},
	}
	return event
}

// jwtOf is a token with this payload.
func jwtOf(payload string) string {
	return "eyJhbGciOiJSUzI1NiJ9." + base64.RawURLEncoding.EncodeToString([]byte(payload)) +
		".c2lnbmF0dXJl"
}

// flatClaims is what API Gateway makes of claims: each is a text, and the list ["a","b"] is the
// text "[a b]".
func flatClaims(payload map[string]any) map[string]string {
	said := map[string]string{}
	for name, value := range payload {
		said[name] = fmt.Sprint(value)
	}
	return said
}
