package tokens_test

import (
	"context"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// signature is the end of every test token. No test output may show it.
const signature = "SentinelSentinel-Sent9"

// makeToken returns a token in Mapbox's form.
func makeToken(usage, payload string) tokens.Token {
	encoded := base64.RawURLEncoding.EncodeToString([]byte(payload))
	return tokens.NewToken(usage + "." + encoded + "." + signature)
}

// parent is the authorizing token of the tests.
var parent = makeToken("sk", `{"u":"jane","a":"ckparent"}`)

// jane authorizes the calls of the tests.
var jane = tokens.Auth{Token: parent, Username: "jane"}

// newClient returns a client of a loopback server with this handler. It repeats nothing.
func newClient(t *testing.T, handler http.HandlerFunc) *tokens.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return build(t, tokens.Config{BaseURL: server.URL, MaxWait: -1})
}

func build(t testing.TB, config tokens.Config) *tokens.Client {
	t.Helper()
	client, err := tokens.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// answer returns a handler with one fixed answer. header is pairs of name and value.
func answer(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Add(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// sent is a request as a server saw it.
type sent struct{ method, uri, contentType, body string }

// record returns a handler that keeps the requests, and a function that returns them. It checks the
// authorizing token and removes it from the URIs.
func record(
	t *testing.T, auth tokens.Token, handler http.HandlerFunc,
) (http.HandlerFunc, func() []sent) {
	var mu sync.Mutex
	var requests []sent
	return func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			query := r.URL.Query()
			if got := query["access_token"]; len(got) != 1 || got[0] != auth.Reveal() {
				t.Errorf("%s %s: the request does not have exactly our token", r.Method, r.URL.Path)
			}
			query.Del("access_token")
			uri := strings.TrimSuffix(r.URL.EscapedPath()+"?"+query.Encode(), "?")
			mu.Lock()
			requests = append(requests, sent{r.Method, uri, r.Header.Get("Content-Type"),
				string(body)})
			mu.Unlock()
			handler(w, r)
		}, func() []sent {
			mu.Lock()
			defer mu.Unlock()
			return requests
		}
}

// wire is a network in memory. testing/synctest can wait for it, unlike for a socket.
type wire struct {
	conns chan net.Conn
	done  chan struct{}
	close func()
}

// serveWire starts a server on a network in memory. It returns a transport to the server.
func serveWire(t *testing.T, handler http.Handler) *http.Transport {
	t.Helper()
	w := &wire{conns: make(chan net.Conn), done: make(chan struct{})}
	w.close = sync.OnceFunc(func() { close(w.done) })
	server := httptest.NewUnstartedServer(handler)
	_ = server.Listener.Close()
	server.Listener = w
	server.Start()
	transport := &http.Transport{DialContext: w.dial}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
	})
	return transport
}

func (w *wire) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case w.conns <- far:
		return near, nil
	case <-w.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (w *wire) Accept() (net.Conn, error) {
	select {
	case conn := <-w.conns:
		return conn, nil
	case <-w.done:
		return nil, net.ErrClosed
	}
}

func (w *wire) Close() error   { w.close(); return nil }
func (w *wire) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

// roundTrip is a function that is a transport.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

var someTime = time.Date(2026, 1, 2, 3, 4, 5, 678_900_000, time.UTC)

// operations calls each operation of the API once, with correct arguments.
var operations = []struct {
	name     string
	repeated bool   // after a 5xx or a broken exchange, by the package comment
	success  string // the body of a good reply
	call     func(context.Context, *tokens.Client) error
}{
	{"List", true, `[]`, func(ctx context.Context, c *tokens.Client) error {
		for _, err := range c.List(ctx, jane, tokens.ListOptions{}) {
			if err != nil {
				return err
			}
		}
		return nil
	}},
	{"ListScopes", true, `[]`, func(ctx context.Context, c *tokens.Client) error {
		_, err := c.ListScopes(ctx, jane)
		return err
	}},
	{"Retrieve", true, `{"code":"TokenValid"}`, func(ctx context.Context, c *tokens.Client) error {
		_, err := c.Retrieve(ctx, parent)
		return err
	}},
	{"Delete", true, ``, func(ctx context.Context, c *tokens.Client) error {
		return c.Delete(ctx, jane, "ck1")
	}},
	{"Create", false, `{"id":"ck1","token":"sk.a.b"}`,
		func(ctx context.Context, c *tokens.Client) error {
			_, err := c.Create(ctx, jane, tokens.CreateRequest{})
			return err
		}},
	{"CreateTemporary", false, `{"token":"tk.a.b","expires":"2026-01-02T03:04:05.000Z"}`,
		func(ctx context.Context, c *tokens.Client) error {
			_, err := c.CreateTemporary(ctx, jane, tokens.TemporaryRequest{Expires: someTime})
			return err
		}},
	{"Update", false, `{"id":"ck1"}`, func(ctx context.Context, c *tokens.Client) error {
		_, err := c.Update(ctx, jane, "ck1", tokens.UpdateRequest{Note: new("n")})
		return err
	}},
}
