package aws_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/sim/aws"
)

const (
	name = "tokenmint/parent"
	arn  = "arn:aws:secretsmanager:us-east-1:000000000000:secret:tokenmint/parent-c80c33"
	v1   = "11111111-1111-4111-8111-111111111111"
	v2   = "22222222-2222-4222-8222-222222222222"
	v3   = "33333333-3333-4333-8333-333333333333"
)

// newService returns a service with one secret. Version v1 is current, v2 is pending, and v3 has no
// label.
func newService(t *testing.T) (http.Handler, *aws.Memory) {
	t.Helper()
	now := time.Date(2026, 1, 2, 15, 4, 5, 678_000_000, time.UTC)
	mem := aws.NewMemory(func() time.Time {
		now = now.Add(time.Second)
		return now
	})
	ctx := t.Context()
	for _, err := range []error{
		mem.Create(ctx, name, v1, secrets.NewValue("SENTINEL-1")),
		mem.Put(ctx, name, v2, secrets.NewValue("SENTINEL-2"), secrets.Pending),
		mem.Put(ctx, name, v3, secrets.NewValue("SENTINEL-3"), "a"),
		mem.UpdateStage(ctx, name, "a", v3, ""),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return aws.New(mem), mem
}

// call sends one request in the form of the SDK. It checks the headers that all replies have.
func call(t *testing.T, service http.Handler, operation, body string) (status int, reply string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "secretsmanager."+operation)
	w := httptest.NewRecorder()
	service.ServeHTTP(w, r)
	if got := w.Header().Get("Content-Type"); got != "application/x-amz-json-1.1" {
		t.Errorf("content type is %q", got)
	}
	if w.Header().Get("X-Amzn-Requestid") == "" {
		t.Error("no request id")
	}
	return w.Code, strings.TrimSpace(w.Body.String())
}

// TestWire compares complete replies. Their shapes are those of the API reference.
func TestWire(t *testing.T) {
	t.Parallel()
	const ref = `"ARN":"` + arn + `","Name":"` + name + `"`
	for title, c := range map[string]struct{ operation, request, reply string }{
		"create": {"CreateSecret",
			`{"Name":"new","ClientRequestToken":"` + v1 +
				`","SecretString":"x","Tags":[{"Key":"k","Value":"v"}]}`,
			`{"ARN":"arn:aws:secretsmanager:us-east-1:000000000000:secret:new-999611",` +
				`"Name":"new","VersionId":"` + v1 + `"}`},
		"create without value": {"CreateSecret", `{"Name":"new"}`,
			`{"ARN":"arn:aws:secretsmanager:us-east-1:000000000000:secret:new-999611",` +
				`"Name":"new"}`},
		"describe": {"DescribeSecret", `{"SecretId":"` + name + `"}`,
			`{` + ref +
				`,"CreatedDate":1767366246.678,"LastChangedDate":1767366249.678,` +
				`"VersionIdsToStages":{"` + v1 + `":["AWSCURRENT"],"` + v2 + `":["AWSPENDING"]}}`},
		"get": {"GetSecretValue", `{"SecretId":"` + arn + `"}`,
			`{` + ref + `,"VersionId":"` + v1 +
				`","VersionStages":["AWSCURRENT"],"CreatedDate":1767366246.678,` +
				`"SecretString":"SENTINEL-1"}`},
		"get by version": {"GetSecretValue", `{"SecretId":"` + name + `","VersionId":"` + v3 + `"}`,
			`{` + ref + `,"VersionId":"` + v3 +
				`","CreatedDate":1767366248.678,"SecretString":"SENTINEL-3"}`},
		"get by label": {"GetSecretValue",
			`{"SecretId":"` + name + `","VersionStage":"AWSPENDING"}`,
			`{` + ref + `,"VersionId":"` + v2 +
				`","VersionStages":["AWSPENDING"],"CreatedDate":1767366247.678,` +
				`"SecretString":"SENTINEL-2"}`},
		"get by both": {"GetSecretValue",
			`{"SecretId":"` + name + `","VersionId":"` + v2 + `","VersionStage":"AWSPENDING"}`,
			`{` + ref + `,"VersionId":"` + v2 +
				`","VersionStages":["AWSPENDING"],"CreatedDate":1767366247.678,` +
				`"SecretString":"SENTINEL-2"}`},
		"put": {"PutSecretValue",
			`{"SecretId":"` + name + `","ClientRequestToken":"` + strings.Repeat("4", 32) +
				`","SecretString":"x","VersionStages":["a","b"]}`,
			`{` + ref + `,"VersionId":"` + strings.Repeat("4", 32) +
				`","VersionStages":["a","b"]}`},
		"move a label": {"UpdateSecretVersionStage",
			`{"SecretId":"` + name + `","VersionStage":"AWSCURRENT","RemoveFromVersionId":"` + v1 +
				`","MoveToVersionId":"` + v2 + `"}`,
			`{` + ref + `}`},
		"list": {"ListSecretVersionIds", `{"SecretId":"` + name + `"}`,
			`{` + ref + `,"Versions":[{"VersionId":"` + v1 +
				`","VersionStages":["AWSCURRENT"],"CreatedDate":1767366246.678},` +
				`{"VersionId":"` + v2 +
				`","VersionStages":["AWSPENDING"],"CreatedDate":1767366247.678}]}`},
		"list deprecated": {"ListSecretVersionIds",
			`{"SecretId":"` + name + `","IncludeDeprecated":true}`,
			`{` + ref + `,"Versions":[{"VersionId":"` + v1 +
				`","VersionStages":["AWSCURRENT"],"CreatedDate":1767366246.678},` +
				`{"VersionId":"` + v2 +
				`","VersionStages":["AWSPENDING"],"CreatedDate":1767366247.678},` +
				`{"VersionId":"` + v3 + `","CreatedDate":1767366248.678}]}`},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			service, _ := newService(t)
			status, reply := call(t, service, c.operation, c.request)
			if status != http.StatusOK || reply != c.reply {
				t.Errorf("got %d\n%s\nwant\n%s", status, reply, c.reply)
			}
		})
	}
}

// A put without labels moves AWSCURRENT, as at the service. Our own stores refuse such a put.
func TestPutWithoutLabels(t *testing.T) {
	t.Parallel()
	service, mem := newService(t)
	id := strings.Repeat("4", 32)
	status, reply := call(t, service, "PutSecretValue",
		`{"SecretId":"`+name+`","ClientRequestToken":"`+id+`","SecretString":"x"}`)
	d, err := mem.Describe(t.Context(), name)
	if status != http.StatusOK || err != nil || !d.Has(id, secrets.Current) ||
		!d.Has(v1, secrets.Previous) {
		t.Errorf("got %d %s; labels %v, %v", status, reply, d.Stages, err)
	}
}

func TestRotationEnabled(t *testing.T) {
	t.Parallel()
	service, mem := newService(t)
	if err := mem.SetRotationEnabled(t.Context(), name, true); err != nil {
		t.Fatal(err)
	}
	if _, reply := call(t, service, "DescribeSecret",
		`{"SecretId":"`+name+`"}`); !strings.Contains(reply, `"RotationEnabled":true`) {
		t.Errorf("got %s", reply)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	const notFound, exists = "ResourceNotFoundException", "ResourceExistsException"
	const invalid, unreadable = "InvalidParameterException", "SerializationException"
	for title, c := range map[string]struct{ operation, request, code string }{
		"create twice": {"CreateSecret",
			`{"Name":"` + name + `","ClientRequestToken":"` + v1 + `","SecretString":"x"}`, exists},
		"create without id": {"CreateSecret", `{"Name":"new","SecretString":"x"}`, invalid},
		"create binary": {"CreateSecret",
			`{"Name":"new","ClientRequestToken":"` + v1 + `","SecretBinary":"eA=="}`, invalid},
		"describe nothing": {"DescribeSecret", `{}`, notFound},
		"describe null":    {"DescribeSecret", `null`, notFound},
		"get no such version": {"GetSecretValue", `{"SecretId":"` + name + `","VersionId":"4"}`,
			notFound},
		"get no such label": {"GetSecretValue", `{"SecretId":"` + name + `","VersionStage":"a"}`,
			notFound},
		"get not both": {"GetSecretValue",
			`{"SecretId":"` + name + `","VersionId":"` + v1 + `","VersionStage":"AWSPENDING"}`,
			"InvalidRequestException"},
		"put another value": {"PutSecretValue",
			`{"SecretId":"` + name + `","ClientRequestToken":"` + v1 + `","SecretString":"x"}`,
			exists},
		"put binary": {"PutSecretValue",
			`{"SecretId":"` + name + `","ClientRequestToken":"` + v3 + `","SecretBinary":"eA=="}`,
			invalid},
		"put nothing": {"PutSecretValue",
			`{"SecretId":"` + name + `","ClientRequestToken":"` + v3 + `"}`, invalid},
		"move from nowhere": {"UpdateSecretVersionStage",
			`{"SecretId":"` + name + `","VersionStage":"AWSCURRENT","MoveToVersionId":"` + v2 +
				`"}`, invalid},
		"remove current": {"UpdateSecretVersionStage",
			`{"SecretId":"` + name + `","VersionStage":"AWSCURRENT","RemoveFromVersionId":"` + v1 +
				`"}`, invalid},
		"list nothing":      {"ListSecretVersionIds", `{"SecretId":"missing"}`, notFound},
		"not JSON":          {"PutSecretValue", `{"SecretString":"SENTINEL`, unreadable},
		"wrong type":        {"PutSecretValue", `{"SecretString":["SENTINEL"]}`, unreadable},
		"array":             {"PutSecretValue", `["SENTINEL"]`, unreadable},
		"empty body":        {"PutSecretValue", ``, unreadable},
		"two objects":       {"DescribeSecret", `{}{}`, unreadable},
		"other operation":   {"RotateSecret", `{}`, "UnknownOperationException"},
		"no operation":      {"", `{}`, "UnknownOperationException"},
		"twice its prefix":  {"secretsmanager.DescribeSecret", `{}`, "UnknownOperationException"},
		"operation in case": {"describeSecret", `{}`, "UnknownOperationException"},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			service, _ := newService(t)
			status, reply := call(t, service, c.operation, c.request)
			if status != http.StatusBadRequest ||
				!strings.HasPrefix(reply, `{"__type":"`+c.code+`","message":"`) {
				t.Errorf("got %d %s, want 400 %s", status, reply, c.code)
			}
			if strings.Contains(reply, "SENTINEL") {
				t.Error("the reply repeats a value")
			}
		})
	}
}

func TestUnknownOperationNamesWhatIsServed(t *testing.T) {
	t.Parallel()
	service, _ := newService(t)
	_, reply := call(t, service, "DeleteSecret", `{}`)
	const served = "CreateSecret, DescribeSecret, GetSecretValue, ListSecretVersionIds, " +
		"PutSecretValue, UpdateSecretVersionStage"
	if !strings.Contains(reply, served) {
		t.Errorf("got %s", reply)
	}
}

func TestOnlyItsOwnRequests(t *testing.T) {
	t.Parallel()
	service, _ := newService(t)
	for title, c := range map[string]struct{ method, target string }{
		"not a POST":      {http.MethodGet, "secretsmanager.DescribeSecret"},
		"no service":      {http.MethodPost, "DescribeSecret"},
		"another service": {http.MethodPost, "DynamoDB_20120810.DescribeSecret"},
		"no target":       {http.MethodPost, ""},
	} {
		t.Run(title, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), c.method, "/",
				strings.NewReader(`{"SecretId":"`+name+`"}`))
			r.Header.Set("X-Amz-Target", c.target)
			w := httptest.NewRecorder()
			service.ServeHTTP(w, r)
			if w.Code != http.StatusBadRequest ||
				!strings.Contains(w.Body.String(), "UnknownOperationException") {
				t.Errorf("%s: got %d %s", title, w.Code, w.Body)
			}
		})
	}
}

func TestBodyIsBounded(t *testing.T) {
	t.Parallel()
	service, _ := newService(t)
	longest := `{"SecretId":"` + name + `"}` + strings.Repeat(" ", 512<<10)
	if status, reply := call(t, service, "DescribeSecret",
		longest[:512<<10]); status != http.StatusOK {
		t.Errorf("a body of the longest length: got %d %s", status, reply)
	}
	status, reply := call(t, service, "DescribeSecret", longest[:512<<10+1])
	if status != http.StatusRequestEntityTooLarge || !strings.Contains(reply, "524288 bytes") {
		t.Errorf("a longer body: got %d %s", status, reply)
	}
}

// A request that ends early is an error of the body. A canceled request is a server error.
func TestBrokenRequest(t *testing.T) {
	t.Parallel()
	service, _ := newService(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for title, c := range map[string]struct {
		request *http.Request
		status  int
		code    string
	}{
		"caller has gone": {
			httptest.NewRequestWithContext(ctx, http.MethodPost, "/", strings.NewReader(`{}`)),
			http.StatusInternalServerError, "InternalServiceError"},
		"body breaks off": {httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/",
			io.MultiReader(strings.NewReader(`{`), broken{})), http.StatusBadRequest,
			"SerializationException"},
	} {
		t.Run(title, func(t *testing.T) {
			c.request.Header.Set("X-Amz-Target", "secretsmanager.DescribeSecret")
			w := httptest.NewRecorder()
			service.ServeHTTP(w, c.request)
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.code) {
				t.Errorf("%s: got %d %s, want %d %s", title, w.Code, w.Body, c.status, c.code)
			}
		})
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
