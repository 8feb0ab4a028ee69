package tokens_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
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
			err := op.call(t.Context(), newClient(t, answer(test.status, `{"message":"`+test.message+`"}`)))
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

// TestOddTokenIsRedacted: a value without Mapbox's form is a secret too. It may be a password that
// somebody configured by mistake.
func TestOddTokenIsRedacted(t *testing.T) {
	t.Parallel()
	odd := tokens.NewToken("correct horse/battery")
	client := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		answer(401, `{"message":"`+r.URL.Query().Get("access_token")+" "+r.URL.RawQuery+`"}`)(w, r)
	})
	_, err := client.ListScopes(t.Context(), tokens.Auth{Token: odd, Username: "jane"})
	text, want := err.Error(), odd.String()+" access_token="+odd.String()
	if strings.Contains(text, "horse") || !strings.Contains(text, want) {
		t.Errorf("%d bytes of error do not show the token redacted", len(text))
	}
}

// raw serves each connection with one raw answer, made from the first line of the request.
func raw(t *testing.T, answer func(requestLine string) string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(conn, answer(r.Method+" "+r.URL.String()+" HTTP/1.1"))
		_ = conn.Close()
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// TestNoErrorShowsAToken causes failures that repeat or wrap the request. It prints the error, and
// everything that the error wraps, with every verb.
func TestNoErrorShowsAToken(t *testing.T) {
	t.Parallel()
	location := "/?access_token=" + parent.Reveal()
	leaky := func(err func(*http.Request) error) tokens.Config {
		transport := roundTrip(func(req *http.Request) (*http.Response, error) { return nil, err(req) })
		return tokens.Config{HTTPClient: &http.Client{Transport: transport}}
	}
	served := func(handler http.HandlerFunc) tokens.Config {
		server := httptest.NewServer(handler)
		t.Cleanup(server.Close)
		return tokens.Config{BaseURL: server.URL}
	}
	refusing := httptest.NewServer(nil)
	refusing.Close()
	configs := map[string]tokens.Config{
		"redirect":           served(answer(302, location, "Location", location)),
		"unparsable target":  served(answer(302, ``, "Location", "http://[::1"+location)),
		"echoed as message":  served(answer(500, `{"message":"`+location+`"}`, "X-Amz-Cf-Id", location)),
		"echoed as body":     served(answer(200, parent.Reveal())),
		"echoed as response": {BaseURL: raw(t, func(line string) string { return line + "\r\n\r\n" })},
		"echoed as header": {BaseURL: raw(t, func(line string) string {
			return "HTTP/1.1 200 OK\r\n" + line + "\r\n\r\n"
		})},
		"echoed as status": {BaseURL: raw(t, func(line string) string {
			return "HTTP/1.1 2x " + line + "\r\n\r\n"
		})},
		"echoed as length": {BaseURL: raw(t, func(line string) string {
			return "HTTP/1.1 200 OK\r\nContent-Length: " + line + "\r\n\r\n"
		})},
		"refused": {BaseURL: refusing.URL},
		"not TLS": {BaseURL: strings.Replace(served(abort).BaseURL, "http", "https", 1)},
		"reset":   served(abort),
		"nested URL": leaky(func(r *http.Request) error {
			inner := &url.Error{Op: "b", URL: r.URL.String(), Err: io.EOF}
			return &url.Error{Op: "a", URL: r.URL.String(), Err: inner}
		}),
		"wrapped URL": leaky(func(r *http.Request) error {
			return fmt.Errorf("proxy: %w", &url.Error{Op: "a", URL: r.URL.String(), Err: io.EOF})
		}),
		"joined URL": leaky(func(r *http.Request) error {
			return errors.Join(io.EOF, &url.Error{Op: "a", URL: r.URL.String(), Err: io.EOF})
		}),
		"own error": leaky(func(r *http.Request) error { return requestError{r} }),
		"text": leaky(func(r *http.Request) error {
			return errors.New("broke: " + r.URL.String())
		}),
		"escaped twice": leaky(func(r *http.Request) error {
			return errors.New(url.QueryEscape(r.URL.String()))
		}),
	}
	for name, config := range configs {
		config.MaxWait = -1
		for _, op := range operations {
			t.Run(name+"/"+op.name, func(t *testing.T) {
				t.Parallel()
				err := op.call(t.Context(), build(t, config))
				if err == nil && op.name != "Delete" {
					t.Fatal("no error")
				}
				for e := range chain(err) {
					text := printed(t, e)
					checkSilent(t, fmt.Sprintf("%T", e), text)
					_, ok := e.(*url.Error) //nolint:errorlint // chain unwraps
					if ok || strings.Contains(text, "http://[::1") {
						t.Errorf("the error holds a %T or a redirect's target", e)
					}
				}
			})
		}
	}
}

// requestError is a transport's error that shows its request when it is printed or unwrapped.
type requestError struct{ Request *http.Request }

func (e requestError) Error() string { return e.Request.URL.String() }

// chain yields err and every error that it wraps.
func chain(err error) func(yield func(error) bool) {
	return func(yield func(error) bool) {
		for pending := []error{err}; len(pending) > 0; {
			e := pending[0]
			pending = pending[1:]
			if e == nil {
				continue
			}
			if !yield(e) {
				return
			}
			switch e := e.(type) { //nolint:errorlint // this is the unwrapping
			case interface{ Unwrap() error }:
				pending = append(pending, e.Unwrap())
			case interface{ Unwrap() []error }:
				pending = append(pending, e.Unwrap()...)
			}
		}
	}
}

// TestTokenAsID: a token in place of an id is a likely mistake. Mapbox answers it with 400.
func TestTokenAsID(t *testing.T) {
	t.Parallel()
	other := makeToken("pk", `{"u":"jane","a":"ck2"}`)
	err := newClient(t, answer(400, ``)).Delete(t.Context(), jane, other.Reveal())
	e := checkError(t, err, 400, tokens.OutcomeDidNotHappen)
	if e.Path != "/tokens/v2/jane/pk.[redacted]" {
		t.Errorf("path of %d bytes is not redacted", len(e.Path))
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
				want := map[int]tokens.Outcome{200: tokens.OutcomeHappened, 400: tokens.OutcomeDidNotHappen}
				checkError(t, err, status, want[status])
				text := err.Error()
				if len(text) > 1000 || !utf8.ValidString(text) || strings.Contains(text, parent.Reveal()) {
					t.Errorf("%s, body %q: an error of %d bytes is too long, not UTF-8, or shows a token",
						op.name, body, len(text))
				}
			}
		}
	})
}
