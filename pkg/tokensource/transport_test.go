package tokensource_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/tokenmint/tokenmint/pkg/tokensource"
)

// wire is a transport that notes the addresses of requests.
type wire struct {
	sent   []string
	answer func(r *http.Request) (*http.Response, error)
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	w.sent = append(w.sent, r.URL.String())
	if w.answer != nil {
		return w.answer(r)
	}
	reply := say(200, "{}")
	reply.Request = r
	return reply, nil
}

func TestTransportAddsTheTokenOnMapboxOnly(t *testing.T) {
	t.Parallel()
	const own = "access_token=tk.eyJ1.SENTINEL1"
	for asked, query := range map[string]string{
		"https://api.mapbox.com/a":                          own,
		"https://API.Mapbox.com/a?x=1&y=%2F":                "x=1&y=%2F&" + own,
		"https://a.tiles.mapbox.cn/a":                       own,
		"https://api.mapbox.com:443/a":                      own,
		"https://api.mapbox.com/a?access_token=":            own,
		"https://api.mapbox.com/a?access_token=tk.old.one":  own,
		"https://api.mapbox.com/a?access_token=pk.a.b&x=1":  "access_token=pk.a.b&x=1",
		"http://127.0.0.1:8788/a":                           own,
		"https://tiles.example.com:1/a":                     own,
		"http://127.0.0.1:8789/a":                           "",
		"http://api.mapbox.com/a":                           "",
		"https://api.mapbox.com:8443/a":                     "",
		"https://mapbox.com/a":                              "",
		"https://api.mapbox.com.evil.example/a":             "",
		"https://evilmapbox.com/a":                          "",
		"https://evil.example/api.mapbox.com?u=.mapbox.com": "u=.mapbox.com",
		"https://api.mapbox.com@evil.example/":              "",
	} {
		t.Run(asked, func(t *testing.T) {
			t.Parallel()
			w := &wire{}
			source := (&mint{}).open(t, tokensource.Options{
				Hosts: []string{"127.0.0.1:8788", "tiles.example.com"}})
			reply := get(t, source.Transport(w), asked)
			defer reply.Body.Close()
			sent, err := url.Parse(w.sent[0])
			if err != nil || sent.RawQuery != query {
				t.Errorf("query %q, want %q", sent.RawQuery, query)
			}
			if got := reply.Request.URL.String(); got != asked {
				t.Errorf("the reply names the request %s", got)
			}
		})
	}
}

func get(t *testing.T, transport http.RoundTripper, address string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	reply, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

// A redirect to another host carries the token neither in its address nor in the Referer.
func TestTransportKeepsTheTokenInARedirect(t *testing.T) {
	t.Parallel()
	var referer string
	w := &wire{answer: func(r *http.Request) (*http.Response, error) {
		if r.URL.Host == "api.mapbox.com" {
			return say(302, "", "Location", "https://evil.example/"), nil
		}
		referer = r.Referer()
		return say(200, "{}"), nil
	}}
	client := http.Client{Transport: (&mint{}).open(t, tokensource.Options{}).Transport(w)}
	reply, err := client.Get("https://api.mapbox.com/a") //nolint:noctx // nothing waits
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	if len(w.sent) != 2 || strings.Contains(w.sent[1]+referer, "SENTINEL") {
		t.Errorf("%d requests; the second one or its Referer has the token", len(w.sent))
	}
}

// No error shows the token, whatever the transport wraps into it, and however it is printed.
func TestErrorsShowNoToken(t *testing.T) {
	t.Parallel()
	source := (&mint{}).open(t, tokensource.Options{})
	w := &wire{answer: func(r *http.Request) (*http.Response, error) {
		return nil, &url.Error{Op: "Get", URL: r.URL.String(), Err: fmt.Errorf("dial %s %s: %w",
			r.URL, url.QueryEscape(r.URL.String()), io.ErrUnexpectedEOF)}
	}}
	client := http.Client{Transport: source.Transport(w)}
	reply, err := client.Get("https://api.mapbox.com/a") //nolint:noctx // nothing waits
	if err == nil {
		reply.Body.Close()
		t.Fatal("no error")
	}
	for cause := err; cause != nil; cause = errors.Unwrap(cause) {
		if strings.Contains(fmt.Sprintf("%v %+v %#v", cause, cause, cause), "SENTINEL") {
			t.Errorf("%T shows the token", cause)
		}
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the cause is lost: %v", err)
	}
}

// A mint or a proxy may repeat what it was sent.
func TestErrorsOfTheMintShowNoSecret(t *testing.T) {
	t.Parallel()
	m := &mint{answer: func(int, *http.Request) (*http.Response, error) {
		return say(403,
			`{"message":"SENTINEL-jwt, tk.eyJ1.SENTINEL9\nis bad","code":"x"}`), nil
	}}
	source := m.open(t, tokensource.Options{Authorization: bearer("Bearer SENTINEL-jwt")})
	_, _, err := source.Token(t.Context())
	if err == nil || strings.Contains(fmt.Sprintf("%v %#v", err, err), "SENTINEL") ||
		strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
}
