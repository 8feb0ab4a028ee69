package tokens_test

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// result is what an operation returned. value is nil for Delete.
type result struct {
	value any
	err   error
}

func returned[T any](value T, err error) result { return result{value, err} }

var (
	created  = time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)
	modified = time.Date(2026, 2, 2, 3, 4, 5, 0, time.UTC)
)

// secretJSON is a secret token on the wire without its value and without the last brace.
const secretJSON = `{"id":"ck1","usage":"sk","client":"api","default":false,"note":"ci",` +
	`"scopes":["uploads:read"],"created":"2026-01-02T03:04:05.678Z",` +
	`"modified":"2026-02-02T05:04:05+02:00","allowedUrls":["https://example.com"],` +
	`"unknown":{"a":[1]}`

var secretMetadata = tokens.Metadata{
	ID: "ck1", Usage: tokens.UsageSecret, Client: "api", Note: "ci",
	Scopes:  []string{"uploads:read"},
	Created: created, Modified: modified, AllowedURLs: []string{"https://example.com"},
}

func withToken(m tokens.Metadata, token tokens.Token) tokens.Metadata {
	m.Token = token
	return m
}

// TestOperations checks each operation on the wire: the request, and the value read from the reply.
func TestOperations(t *testing.T) {
	t.Parallel()
	fresh := makeToken("sk", `{"u":"jane","a":"ck1"}`)
	tests := []struct {
		name   string
		status int
		reply  string
		call   func(context.Context, *tokens.Client) result
		want   any
		sent   sent
	}{
		{
			"create", 201, secretJSON + `,"token":"` + fresh.Reveal() + `"}`,
			func(ctx context.Context, c *tokens.Client) result {
				return returned(c.Create(ctx, jane, tokens.CreateRequest{
					Scopes: []string{"uploads:read"}, Note: "ci",
					AllowedURLs: []string{"https://example.com"},
					Resources:   []string{"r"}, AllowedApplications: []tokens.Application{
						{Platform: "iOS", BundleID: "com.example"}},
				}))
			},
			withToken(secretMetadata, fresh),
			sent{"POST", "/tokens/v2/jane", "application/json",
				`{"scopes":["uploads:read"],"note":"ci",` +
					`"allowedUrls":["https://example.com"],"resources":["r"],` +
					`"allowedApplications":[{"platform":"iOS","bundleId":"com.example"}]}`},
		},
		{
			"create without scopes, answered 200", 200,
			`{"id":"ck2","token":"pk.a.b","note":null,"scopes":[],"default":true}`,
			func(ctx context.Context, c *tokens.Client) result {
				return returned(c.Create(ctx, jane, tokens.CreateRequest{}))
			},
			tokens.Metadata{ID: "ck2", Default: true, Scopes: []string{},
				Token: tokens.NewToken("pk.a.b")},
			sent{"POST", "/tokens/v2/jane", "application/json", `{"scopes":[]}`},
		},
		{
			"update", 200, secretJSON + `}`,
			func(ctx context.Context, c *tokens.Client) result {
				return returned(c.Update(ctx, jane, "ck1", tokens.UpdateRequest{
					Note: new(""), Scopes: []string{"a:b"},
					AllowedURLs: []string{}, RemoveAllowedURLs: true,
				}))
			},
			secretMetadata,
			sent{"PATCH", "/tokens/v2/jane/ck1", "application/json",
				`{"allowedUrls":null,"note":"","scopes":["a:b"]}`},
		},
		{
			"update to no scopes", 200, secretJSON + `}`,
			func(ctx context.Context, c *tokens.Client) result {
				request := tokens.UpdateRequest{Scopes: []string{}}
				return returned(c.Update(ctx, jane, "ck1", request))
			},
			secretMetadata,
			sent{"PATCH", "/tokens/v2/jane/ck1", "application/json", `{"scopes":[]}`},
		},
		{
			"update URLs", 200, secretJSON + `}`,
			func(ctx context.Context, c *tokens.Client) result {
				request := tokens.UpdateRequest{AllowedURLs: []string{"https://example.com"}}
				return returned(c.Update(ctx, jane, "ck1", request))
			},
			secretMetadata,
			sent{"PATCH", "/tokens/v2/jane/ck1", "application/json",
				`{"allowedUrls":["https://example.com"]}`},
		},
		{
			"delete", 204, ``,
			func(ctx context.Context, c *tokens.Client) result {
				return result{nil, c.Delete(ctx, jane, "ck1")}
			},
			nil,
			sent{"DELETE", "/tokens/v2/jane/ck1", "", ``},
		},
		{
			"retrieve permanent", 200,
			`{"code":"TokenValid","token":{"usage":"sk","user":"jane","authorization":"ck1"}}`,
			func(ctx context.Context, c *tokens.Client) result {
				return returned(c.Retrieve(ctx, parent))
			},
			tokens.Retrieved{Verdict: tokens.VerdictValid, Usage: "sk", User: "jane", ID: "ck1"},
			sent{"GET", "/tokens/v2", "", ``},
		},
		{
			"retrieve temporary", 200,
			`{"code":"TokenExpired","token":{"usage":"tk","user":"jane","client":"api",` +
				`"created":"2026-01-02T03:04:05.678Z","expires":"2026-02-02T03:04:05.000Z",` +
				`"scopes":["a:b"]}}`,
			func(ctx context.Context, c *tokens.Client) result {
				return returned(c.Retrieve(ctx, parent))
			},
			tokens.Retrieved{Verdict: tokens.VerdictExpired, Usage: "tk", User: "jane",
				Client:  "api",
				Created: created, Expires: modified, Scopes: []string{"a:b"}},
			sent{"GET", "/tokens/v2", "", ``},
		},
		{
			"retrieve malformed", 200, `{"code":"TokenMalformed"}`,
			func(ctx context.Context, c *tokens.Client) result {
				return returned(c.Retrieve(ctx, parent))
			},
			tokens.Retrieved{Verdict: tokens.VerdictMalformed},
			sent{"GET", "/tokens/v2", "", ``},
		},
		{
			"list scopes", 200, `[{"id":"styles:read","description":"Read","public":true},` +
				`{"id":"tokens:read","description":""}]`,
			func(ctx context.Context, c *tokens.Client) result {
				return returned(c.ListScopes(ctx, jane))
			},
			[]tokens.Scope{{ID: "styles:read", Description: "Read", Public: true},
				{ID: "tokens:read"}},
			sent{"GET", "/scopes/v1/jane", "", ``},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			handler, requests := record(t, parent, answer(test.status, test.reply))
			got := test.call(t.Context(), newClient(t, handler))
			if got.err != nil || !reflect.DeepEqual(got.value, test.want) {
				t.Errorf("returned %+v, error %v; want %+v", got.value, got.err, test.want)
			}
			if !slices.Equal(requests(), []sent{test.sent}) {
				t.Errorf("sent %+v, want %+v", requests(), test.sent)
			}
		})
	}
}

func TestCreateTemporary(t *testing.T) {
	t.Parallel()
	at := func(day, hour, minute, second int) time.Time {
		return time.Date(2026, 1, day, hour, minute, second, 0, time.UTC)
	}
	issued, expires := at(2, 3, 4, 5), at(2, 4, 4, 5)
	token := makeToken("tk",
		`{"u":"jane","iat":1767323045,"exp":1767326645,"scopes":["a:b"],"client":"api"}`)
	replies := map[string]struct {
		fields string
		want   tokens.Temporary
	}{
		"complete": {`,"issued_at":"2026-01-01T00:00:00.000Z",` +
			`"expires":"2026-01-01T01:00:00.000Z",` +
			`"expires_in":3600`,
			tokens.Temporary{Token: token, IssuedAt: at(1, 0, 0, 0), Expires: at(1, 1, 0, 0)}},
		"token only": {``, tokens.Temporary{Token: token, IssuedAt: issued, Expires: expires}},
		"no issue time": {`,"expires":"2026-01-02T04:00:00Z"`,
			tokens.Temporary{Token: token, IssuedAt: issued, Expires: at(2, 4, 0, 0)}},
		"no expiry": {`,"issued_at":"2026-01-02T03:00:00"`,
			tokens.Temporary{Token: token, IssuedAt: at(2, 3, 0, 0), Expires: expires}},
		"no zone, microseconds": {`,"issued_at":"","expires":"2026-01-02T04:04:05.123456"`,
			tokens.Temporary{Token: token, IssuedAt: issued,
				Expires: expires.Add(123456 * time.Microsecond)}},
	}
	for name, reply := range replies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := `{"token":"` + token.Reveal() + `"` + reply.fields + `}`
			handler, requests := record(t, parent, answer(200, body))
			request := tokens.TemporaryRequest{
				Scopes:  []string{"a:b"},
				Expires: time.Date(2026, 1, 2, 5, 4, 5, 678_900_000, time.FixedZone("", 3600)),
			}
			got, err := newClient(t, handler).CreateTemporary(t.Context(), jane, request)
			if err != nil || got != reply.want {
				t.Errorf("%+v, error %v; want %+v", got, err, reply.want)
			}
			want := sent{"POST", "/tokens/v2/jane", "application/json",
				`{"expires":"2026-01-02T04:04:05.678Z","scopes":["a:b"]}`}
			if !slices.Equal(requests(), []sent{want}) {
				t.Errorf("sent %+v, want %+v", requests(), want)
			}
		})
	}
}

// TestUnreadableReplies: a reply reports success and cannot be read. The operation has happened.
func TestUnreadableReplies(t *testing.T) {
	t.Parallel()
	common := []string{
		``, `<html>sk.` + signature, `{"id":"ck1","token":"sk.` + signature, `"text"`, `5`, `null`,
	}
	special := map[string][]string{
		"List": {`{}`, `[null]`, `[{}]`, `[{"id":5}]`, `[] []`,
			`[{"id":"a","created":"yesterday"}]`, `[{"id":"a","created":5}]`},
		"ListScopes": {`{}`, `[5]`},
		"Retrieve":   {`{}`, `[]`, `{"code":5}`},
		"Create": {`{}`, `[]`, `{"token":"sk.a.` + signature + `"}`, `{"id":"ck1"}`,
			`{"id":"ck1","token":["` + signature + `"]}`},
		"CreateTemporary": {`{}`, `{"token":"tk.a.` + signature + `"}`,
			`{"token":"` + makeToken("tk", `{"u":"j"}`).Reveal() + `"}`},
		"Update": {`{}`, `[]`},
	}
	for _, op := range operations {
		if op.name == "Delete" { // its reply has nothing to read
			continue
		}
		for i, body := range append(slices.Clone(common), special[op.name]...) {
			t.Run(fmt.Sprintf("%s/%d", op.name, i), func(t *testing.T) {
				t.Parallel()
				err := op.call(t.Context(), newClient(t, answer(200, body)))
				checkError(t, err, 200, tokens.OutcomeHappened)
				checkSilent(t, "error", fmt.Sprint(err))
			})
		}
	}
}

func TestBodyBound(t *testing.T) {
	t.Parallel()
	for _, op := range operations {
		for extra, ok := range map[int]bool{0: true, 1: op.name == "Delete"} {
			t.Run(fmt.Sprintf("%s/%d", op.name, extra), func(t *testing.T) {
				t.Parallel()
				body := op.success + strings.Repeat(" ", 1<<20+extra-len(op.success))
				err := op.call(t.Context(), newClient(t, answer(http.StatusOK, body)))
				if ok && err != nil {
					t.Error(err)
				} else if !ok {
					checkError(t, err, 200, tokens.OutcomeHappened)
				}
			})
		}
	}
}
