package openapi_test

import (
	"encoding/json"
	"maps"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// checkReply holds a reply to the document.
func checkReply(t *testing.T, op operation, got events.APIGatewayV2HTTPResponse) {
	t.Helper()
	documented, ok := op.Responses[strconv.Itoa(got.StatusCode)]
	if !ok {
		t.Fatalf("status %d is not documented", got.StatusCode)
	}
	content, ok := documented.Content[got.Headers["Content-Type"]]
	if !ok {
		t.Fatalf("content type %q is not documented", got.Headers["Content-Type"])
	}
	body, err := jsonschema.UnmarshalJSON(strings.NewReader(got.Body))
	if err != nil {
		t.Fatal(err)
	}
	// Clients are told to ignore members that they do not know, so the schemas are open. Here
	// nothing else may be there.
	closed := map[string]any{"allOf": []any{content.Schema}, "unevaluatedProperties": false}
	if err := compile(t, closed).Validate(shortened(body)); err != nil {
		t.Error(err)
	}
	checkHeaders(t, documented, got.Headers)
}

func checkHeaders(t *testing.T, documented response, got map[string]string) {
	t.Helper()
	for name, header := range documented.Headers {
		text, sent := got[name]
		switch {
		case !sent && !header.Required:
			continue
		case !sent:
			t.Errorf("header %s is documented, but not sent", name)
			continue
		}
		var value any = text
		if number, err := strconv.Atoi(text); err == nil {
			value = number
		}
		if err := compile(t, header.Schema).Validate(value); err != nil {
			t.Errorf("header %s: %v", name, err)
		}
	}
	for name := range got {
		// which stands above the schema
		if _, ok := documented.Headers[name]; !ok && name != "Content-Type" {
			t.Errorf("header %s is sent, but not documented", name)
		}
	}
}

// nameOf returns the status of a reply, and the code of a refusal.
func nameOf(t *testing.T, got events.APIGatewayV2HTTPResponse) string {
	t.Helper()
	var body struct{ Code string }
	if err := json.Unmarshal([]byte(got.Body), &body); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(strconv.Itoa(got.StatusCode) + " " + body.Code)
}

// evidence is what was produced: the kinds of reply by path, and the bodies.
type evidence struct{ seen sync.Map }

func (e *evidence) add(t *testing.T, path string, got events.APIGatewayV2HTTPResponse) {
	t.Helper()
	var body any
	if err := json.Unmarshal([]byte(got.Body), &body); err != nil {
		t.Fatal(err)
	}
	e.seen.Store(path+" "+nameOf(t, got), true)
	e.seen.Store(canonical(t, body), true)
}

// check fails for what the document promises and nobody has seen. Of examples it wants the very
// body, on either path.
func (e *evidence) check(t *testing.T, path string, op operation) {
	t.Helper()
	for status, response := range op.Responses {
		if status == "401" { // API Gateway's own reply
			continue
		}
		content := response.Content["application/json"]
		replies := map[string]string{} // by the name of their example
		if status == "200" {
			replies["token"] = status
		} else {
			for _, code := range content.codes(t) {
				replies[code] = status + " " + code
			}
		}
		for example, reply := range replies {
			if _, ok := e.seen.Load(path + " " + reply); !ok {
				t.Errorf("%s: %s is documented, but was never produced", path, reply)
			}
			if _, ok := e.seen.Load(canonical(t, content.Examples[example].Value)); !ok {
				t.Errorf("%s: %s has no example, or one that was never produced", path, reply)
			}
		}
		if len(content.Examples) != len(replies) {
			t.Errorf("%s: status %s has an example of what it is not", path, status)
		}
	}
}

// canonical returns a body in one form.
func canonical(t *testing.T, body any) string {
	t.Helper()
	text, err := json.Marshal(shortened(body))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// shortened returns a body with no more of a token than its first characters, which say its kind:
// none belongs in the message of a failure, and no two are the same.
func shortened(body any) any {
	object, _ := body.(map[string]any)
	token, ok := object["token"].(string)
	if !ok {
		return body
	}
	object = maps.Clone(object)
	object["token"] = token[:min(len(token), len("tk."))]
	return object
}
