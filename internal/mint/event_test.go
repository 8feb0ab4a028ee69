package mint_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

// change sets the value at a dotted path of an event's JSON.
func change(
	t *testing.T, event events.APIGatewayV2HTTPRequest, path, value string,
) json.RawMessage {
	t.Helper()
	var top map[string]any
	if err := json.Unmarshal(rawEvent(t, event), &top); err != nil {
		t.Fatal(err)
	}
	at, names := top, strings.Split(path, ".")
	for _, name := range names[:len(names)-1] {
		inner, ok := at[name].(map[string]any)
		if !ok {
			inner = map[string]any{}
			at[name] = inner
		}
		at = inner
	}
	if last := names[len(names)-1]; value == "" {
		delete(at, last)
	} else {
		at[last] = json.RawMessage(value)
	}
	text, err := json.Marshal(top)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// A field that the mint does not use refuses nobody, whatever its type. One that it uses refuses
// only its use.
func TestOnlyWhatIsUsedIsDecoded(t *testing.T) {
	t.Parallel()
	b := newTestMint(t).withParent()
	odd := []string{`1.5`, `-1e999`, `"x"`, `true`, `null`, `[]`, `{}`, `{"a":{"b":[null]}}`}
	jwt := withJWT(post("/tokens", "", "{}"), map[string]any{"groups": []any{"maps"}, "sub": "ann"})
	for _, field := range []string{
		"requestContext.timeEpoch", "requestContext.time", "requestContext.stage",
		"requestContext.accountId", "requestContext.http.sourceIp",
		"requestContext.authentication", "requestContext.domainName", "cookies", "rawPath",
		"rawQueryString", "queryStringParameters",
		"stageVariables", "headers.accept", "headers.origin", "pathParameters", "multiValueHeaders",
		"somethingNew",
		"requestContext.authorizer.iam.accessKey", "requestContext.authorizer.iam.cognitoIdentity",
		"requestContext.authorizer.jwt.scopes",
		"requestContext.authorizer.jwt.claims.email_verified",
		"requestContext.authorizer.jwt.claims.address",
	} {
		event := post("/tokens", webCaller, "{}")
		if strings.Contains(field, "jwt") {
			event = jwt
		}
		for _, value := range odd {
			if got := b.sendJSON(t.Context(), change(t, event, field, value)); got.Status != 200 {
				t.Errorf("%s is %s: status %d, code %q", field, value, got.Status, got.Code)
			}
		}
	}
	for name, tc := range map[string]struct {
		field, value string
		status       int
		code         string
	}{
		"route a number": {"routeKey", `7`, 200, ""}, // the context has it too
		"route key of two routes": {"requestContext.routeKey", `"POST /tokens/v2/{username}"`, 404,
			"not_found"},
		"catch-all route": {"routeKey", `"$default"`, 404, "not_found"},
		"method differs": {"requestContext.http.method", `"GET"`, 405,
			"method_not_allowed"},
		"body a number":         {"body", `7`, 400, "malformed"},
		"body an object":        {"body", `{}`, 400, "malformed"},
		"body null":             {"body", `null`, 400, "malformed"},
		"encoding a text":       {"isBase64Encoded", `"false"`, 400, "malformed"},
		"context a list":        {"requestContext", `[]`, 403, "event_unreadable"},
		"context null":          {"requestContext", `null`, 403, "no_authorizer"},
		"authorizer a text":     {"requestContext.authorizer", `"web"`, 403, "event_unreadable"},
		"authorizer null":       {"requestContext.authorizer", `null`, 403, "no_authorizer"},
		"authorizer of no kind": {"requestContext.authorizer", `{}`, 403, "no_authorizer"},
		"IAM a text": {"requestContext.authorizer.iam", `"` + webCaller + `"`, 403,
			"event_unreadable"},
		"IAM null": {"requestContext.authorizer.iam", `null`, 403, "no_authorizer"},
		"ARN a list": {"requestContext.authorizer.iam.userArn", `["` + webCaller +
			`"]`, 403, "event_unreadable"},
		"ARN null": {"requestContext.authorizer.iam.userArn", `null`, 403,
			"no_authorizer"},
		"JWT a list": {"requestContext.authorizer", `{"jwt":[]}`, 403,
			"event_unreadable"},
		"two kinds, one odd": {"requestContext.authorizer.jwt", `7`, 403, "event_unreadable"},
	} {
		t.Run(name, func(t *testing.T) {
			got := b.sendJSON(t.Context(), change(t, post("/tokens", webCaller, "{}"), tc.field,
				tc.value))
			if got.Status != tc.status || got.Code != tc.code {
				t.Errorf("%s: status %d, code %q", name, got.Status, got.Code)
			}
		})
	}
}

// What an authorizer says is refused where its type is not the documented one.
func TestAuthorizersThatSayOddThings(t *testing.T) {
	t.Parallel()
	b := newTestMint(t).withParent()
	for name, tc := range map[string]struct{ path, authorizer, code string }{
		"claims a list": {"/jwt/tokens", `{"jwt":{"claims":[]}}`, "event_unreadable"},
		"claims null":   {"/jwt/tokens", `{"jwt":{"claims":null}}`, "no_authorizer"},
		"a claim twice": {"/jwt/tokens", `{"jwt":{"claims":{"sub":"a","sub":"b"}}}`,
			"event_unreadable"},
		"context of Lambda null":   {"/custom/tokens", `{"lambda":null}`, "caller_not_allowed"},
		"context of Lambda empty":  {"/custom/tokens", `{"lambda":{}}`, "caller_not_allowed"},
		"context of Lambda a text": {"/custom/tokens", `{"lambda":"gold"}`, "event_unreadable"},
		"context of Lambda a list": {"/custom/tokens", `{"lambda":["gold"]}`, "event_unreadable"},
		"context of Lambda twice": {"/custom/tokens", `{"lambda":{"tier":"gold","tier":"iron"}}`,
			"event_unreadable"},
		"context in format 1.0": {"/custom/tokens", `{"principalId":"ann","tier":"gold"}`,
			"no_authorizer"},
		"context claims to be IAM": {"/custom/tokens",
			`{"lambda":{"iam":{"userArn":"` + webCaller + `"}}}`, "caller_not_allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			event := change(t, post(tc.path, "", "{}"), "requestContext.authorizer", tc.authorizer)
			if got := b.sendJSON(t.Context(), event); got.Status != 403 || got.Code != tc.code {
				t.Errorf("status %d, code %q", got.Status, got.Code)
			}
		})
	}
}

// What is no event of an HTTP API is refused, with a record, and nothing of it is quoted.
func TestEventsThatAreNone(t *testing.T) {
	t.Parallel()
	b := newTestMint(t).withParent()
	http1 := `{"version":"1.0","resource":"/tokens","path":"/tokens","httpMethod":"POST",` +
		`"headers":{},"requestContext":{"requestId":"r"},"body":"{}"}`
	for name, tc := range map[string]struct {
		raw    string
		status int
		code   string
		says   string
	}{
		"an array": {`[]`, 403, "event_unreadable", "cannot be read"},
		"nothing":  {``, 403, "event_unreadable", "cannot be read"},
		"a token": {`"` + b.planted[0] + `"`, 403, "event_unreadable",
			"cannot be read"},
		"format 1.0": {http1, 403, "event_unreadable", "payload format 1.0"},
		"of a REST API": {strings.Replace(http1, `"version":"1.0",`, "", 1), 403,
			"event_unreadable", "payload format 1.0"},
		"1.0 with a route": {strings.Replace(http1, `{"version"`,
			`{"routeKey":"POST /tokens","version"`, 1), 403, "event_unreadable",
			"payload format 1.0"},
		"an empty object":    {`{}`, 404, "not_found", "Not Found"},
		"of another service": {`{"Records":[]}`, 404, "not_found", "Not Found"},
		"no path parameters": {
			`{"version":"2.0","routeKey":"POST /tokens/v2/{username}","rawPath":"/tokens/v2/acme"}`,
			404, "not_found", "Not Found"},
		"username a number": {
			`{"version":"2.0","routeKey":"POST /tokens/v2/{username}",` +
				`"pathParameters":{"username":7}}`,
			404, "not_found", "Not Found"},
		"username with slash": {
			`{"version":"2.0","routeKey":"POST /tokens/v2/{username}",` +
				`"pathParameters":{"username":"a/b"}}`,
			404, "not_found", "Not Found"},
		"any method": {`{"version":"2.0","routeKey":"ANY /tokens"}`, 405,
			"method_not_allowed", "POST"},
		"a proxy's route": {`{"version":"2.0","routeKey":"POST /{proxy+}","rawPath":"/tokens"}`,
			404, "not_found", "Not Found"},
	} {
		t.Run(name, func(t *testing.T) {
			before := len(b.audits())
			got := b.sendJSON(t.Context(), json.RawMessage(tc.raw))
			if got.Status != tc.status || got.Code != tc.code ||
				!strings.Contains(got.Message, tc.says) {
				t.Errorf("%s: status %d, code %q, message %q", name, got.Status, got.Code,
					got.Message)
			}
			b.noLeak(got.Raw)
			if len(b.audits()) != before+1 {
				t.Errorf("%s: %d audit records", name, len(b.audits())-before)
			}
		})
	}
	if b.mints() != 0 {
		t.Errorf("%d mints", b.mints())
	}
}

// API Gateway writes names of headers in small letters, emulators as they came.
func TestHeadersAreFoundInAnyCase(t *testing.T) {
	t.Parallel()
	b := newTestMint(t)
	b.yaml = guarded
	b.handler = b.newHandler(b.mapbox)
	b.withParent()
	const page = "https://maps.example.com"
	for name, tc := range map[string]struct {
		headers map[string]string
		status  int
	}{
		"small":               {map[string]string{"origin": page}, 200},
		"as browsers send it": {map[string]string{"Origin": page}, 200},
		"capitals":            {map[string]string{"ORIGIN": page}, 200},
		"twice the same":      {map[string]string{"Origin": page, "origin": page}, 200},
		"two that differ": {map[string]string{"Origin": page, "origin": "https://evil.example"},
			403},
		"one of them empty": {map[string]string{"Origin": page, "origin": ""}, 403},
		"another letter":    {map[string]string{"or\u0131gin": "https://evil.example"}, 200},
	} {
		t.Run(name, func(t *testing.T) {
			event := get("/public/tokens/page", "")
			event.Headers = tc.headers
			if got := b.send(t.Context(), event); got.Status != tc.status {
				t.Errorf("%s: status %d, code %q", name, got.Status, got.Code)
			}
		})
	}
	jwt := withJWT(as(""), map[string]any{"groups": "maps"})
	jwt.Headers = map[string]string{"Authorization": jwt.Headers["authorization"]}
	if got := b.send(t.Context(), jwt); got.Status != 200 {
		t.Errorf("Authorization: status %d, code %q", got.Status, got.Code)
	}
	jwt.Headers["authorization"] = "Bearer " + jwtOf("{}")
	if got := b.send(t.Context(), jwt); got.Status != 403 {
		t.Errorf("two tokens: status %d", got.Status)
	}
}
