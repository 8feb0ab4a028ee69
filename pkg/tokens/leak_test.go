package tokens_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

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
		transport := roundTrip(func(req *http.Request) (*http.Response, error) {
			return nil, err(req)
		})
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
		"redirect":          served(answer(302, location, "Location", location)),
		"unparsable target": served(answer(302, ``, "Location", "http://[::1"+location)),
		"echoed as message": served(answer(500, `{"message":"`+location+`"}`,
			"X-Amz-Cf-Id", location)),
		"echoed as body": served(answer(200, parent.Reveal())),
		"echoed as response": {BaseURL: raw(t, func(line string) string {
			return line + "\r\n\r\n"
		})},
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
