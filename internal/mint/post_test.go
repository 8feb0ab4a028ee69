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

// post is an event: POST path with a body, from an IAM caller. The route is the one that API
// Gateway finds for the path.
func post(path, caller, body string) events.APIGatewayV2HTTPRequest {
	event := events.APIGatewayV2HTTPRequest{Version: "2.0", RawPath: path, Body: body}
	event.RouteKey = "$default"
	if username, ok := strings.CutPrefix(path, "/tokens/v2/"); ok && username != "" &&
		!strings.Contains(username, "/") {
		event.RouteKey, event.PathParameters = "POST /tokens/v2/{username}",
			map[string]string{"username": username}
	} else if path == "/tokens" {
		event.RouteKey = "POST /tokens"
	}
	event.RequestContext.RouteKey = event.RouteKey
	event.RequestContext.RequestID = "req-1"
	event.RequestContext.Stage = "$default"
	event.RequestContext.HTTP.Method = http.MethodPost
	event.RequestContext.Authorizer = &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
		IAM: &events.APIGatewayV2HTTPRequestContextAuthorizerIAMDescription{UserARN: caller},
	}
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
func withPayload(
	event events.APIGatewayV2HTTPRequest, payload string, said map[string]string,
) events.APIGatewayV2HTTPRequest {
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
