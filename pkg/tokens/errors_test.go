package tokens_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

func TestErrorFields(t *testing.T) {
	t.Parallel()
	client := newClient(t, answer(429, `{"message":"Too Many Requests"}`,
		"X-Rate-Limit-Reset", "1767323045", "X-Amz-Cf-Id", "Zx9=="))
	err := client.Delete(t.Context(), jane, "ck1")
	e := checkError(t, err, 429, tokens.OutcomeDidNotHappen)
	got := fmt.Sprint(e.Op, "|", e.Path, "|", e.Message, "|",
		e.RateLimitReset.UTC().Format(time.DateTime), "|", e.RequestID, "|", e.Err)
	want := "delete token|/tokens/v2/jane/ck1|Too Many Requests|2026-01-02 03:04:05|Zx9==|<nil>"
	if got != want {
		t.Errorf("fields %s, want %s", got, want)
	}
	want = "delete token at /tokens/v2/jane/ck1: status 429: Too Many Requests"
	if err.Error() != want {
		t.Errorf("error %q, want %q", err, want)
	}
}

// TestMissingScope: Mapbox's reply to a missing scope does not say so, therefore the error does.
func TestMissingScope(t *testing.T) {
	t.Parallel()
	tests := []struct {
		operation, message string
		status             int
		scope              string // that the error names
	}{
		{"List", "Not Found", 404, "tokens:read"},
		{"List", "Not found", 404, "tokens:read"},
		{"Create", "Not Found", 404, "tokens:write"},
		{"CreateTemporary", "Not Found", 404, "tokens:write"},
		{"Update", "Not Found", 404, "tokens:write"},
		{"Delete", "Not Found", 404, "tokens:write"},
		{"ListScopes", "Forbidden", 403, "scopes:list"},
		{"List", "No such user", 404, ""},
		{"List", "Not Found", 401, ""},
		{"Create", "Forbidden", 403, ""},
		{"Retrieve", "Not Found", 404, ""}, // it needs no scope
	}
	for _, test := range tests {
		for _, op := range operations {
			if op.name != test.operation {
				continue
			}
			err := op.call(t.Context(), newClient(t, answer(test.status, `{"message":"`+
				test.message+`"}`)))
			checkError(t, err, test.status, tokens.OutcomeDidNotHappen)
			text := err.Error()
			hint := strings.Contains(text, "lacks the scope")
			if hint != (test.scope != "") || !strings.Contains(text, test.scope) {
				t.Errorf("%s, %d %s: %q, want it to name %q",
					test.operation, test.status, test.message, text, test.scope)
			}
		}
	}
}

func TestMessages(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, body, want string }{
		{"plain", `{"message":"scopes are invalid"}`, "scopes are invalid"},
		{"HTML", `<html>`, ""},
		{"no body", ``, ""},
		{"half a body", `{"message":"sc`, ""},
		{"another type", `{"message":{"a":1}}`, ""},
		{"two lines", `{"message":"a\nlevel=INFO\u001b[0m"}`, "a level=INFO [0m"},
		{"our token", `{"message":"bad ` + parent.Reveal() + `!"}`, "bad " + parent.String() + "!"},
		{"another's token", `{"message":"bad tk.eyJ1.x-_=/+9, sorry"}`, "bad tk.[redacted], sorry"},
		{"in a URL", `{"message":"GET /?a=b&access_token%3Dsk.eyJ1.abc&c=d"}`,
			"GET /?a=b&access_token%3Dsk.[redacted]&c=d"},
		{"two tokens", `{"message":"pk.a and sk.b"}`, "pk.[redacted] and sk.[redacted]"},
		{"nested prefixes", `{"message":"k.k.pk.sk.a"}`, "k.k.pk.[redacted]"},
		{"no tokens", `{"message":"usage must be pk. or sk. ok.v3 k."}`,
			"usage must be pk. or sk. ok.v3 k."},
		{"long", `{"message":"` + strings.Repeat("é", 400) + `"}`, strings.Repeat("é", 150) + "…"},
		{"long, odd", `{"message":"a` + strings.Repeat("é", 400) + `"}`,
			"a" + strings.Repeat("é", 149) + "…"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			err := newClient(t, answer(422, test.body)).Delete(t.Context(), jane, "ck1")
			if e := checkError(t, err, 422, tokens.OutcomeDidNotHappen); e.Message != test.want {
				t.Errorf("message %q, want %q", e.Message, test.want)
			}
		})
	}
}

// TestCauses: errors.Is finds the cause, and errors.As does not.
func TestCauses(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	_, err := build(t, tokens.Config{BaseURL: server.URL}).Retrieve(ctx, parent)
	checkError(t, err, 0, tokens.OutcomeUnknown)
	if !errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, want a cancellation", err)
	}
	if strings.Count(err.Error(), "canceled") != 1 {
		t.Errorf("%v: the text says it more than once", err)
	}
	_, err = newClient(t, halfBody).Retrieve(t.Context(), parent)
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v, want an unexpected end", err)
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		t.Errorf("%T comes out of the error", err)
	}
}

// FuzzReply feeds one body to the decoder of each operation, as a success and as a refusal.
func FuzzReply(f *testing.F) {
	for _, op := range operations {
		f.Add([]byte(op.success))
	}
	for _, seed := range []string{
		secretJSON + `}`, `[` + secretJSON + `}]`,
		`{"message":"` + parent.Reveal() + `"}`, `{"code":"TokenValid","token":null}`,
		`null`, `[null]`, `{"token":"` + parent.Reveal(), `{"message":"k.pk.` + "\xff" + `"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, status := range []int{200, 400} {
			client := build(t, tokens.Config{MaxAttempts: 1, HTTPClient: &http.Client{
				Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
					w := httptest.NewRecorder()
					answer(status, string(body))(w, req)
					return w.Result(), nil
				}),
			}})
			for _, op := range operations {
				err := op.call(t.Context(), client)
				if err == nil {
					continue
				}
				want := map[int]tokens.Outcome{200: tokens.OutcomeHappened,
					400: tokens.OutcomeDidNotHappen}
				checkError(t, err, status, want[status])
				text := err.Error()
				if len(text) > 1000 || !utf8.ValidString(text) ||
					strings.Contains(text, parent.Reveal()) {
					t.Errorf("%s, body %q: an error of %d bytes is too long, not UTF-8, or shows "+
						"a token",
						op.name, body, len(text))
				}
			}
		}
	})
}
