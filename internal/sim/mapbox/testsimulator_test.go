package mapbox_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
)

// birth is the time at the start of each test. Only Advance changes the time.
var birth = time.Date(2030, 5, 1, 12, 0, 0, 250e6, time.UTC)

// everything has the scopes for all operations.
var everything = []string{
	"tokens:read", "tokens:write", "scopes:list", "styles:tiles", "styles:read", "fonts:read",
	"datasets:read",
	"uploads:read", "uploads:write", "uploads:list",
}

// testSimulator is a simulator behind an HTTP server. It has the accounts alice and bob. The field
// all is a token of alice's with the scopes in everything.
type testSimulator struct {
	t   *testing.T
	sim *mapbox.Simulator
	url string

	all, allID string
}

func newTestSimulator(t *testing.T, cfg mapbox.Config) *testSimulator {
	t.Helper()
	b := &testSimulator{t: t}
	b.sim = newSimulator(t, cfg)
	server := httptest.NewServer(b.sim)
	t.Cleanup(server.Close)
	b.url = server.URL
	b.allID, b.all = b.issue("alice", everything...)
	return b
}

// in returns the testSimulator for a subtest.
func (b *testSimulator) in(t *testing.T) *testSimulator {
	sub := *b
	sub.t = t
	return &sub
}

func newSimulator(t testing.TB, cfg mapbox.Config) *mapbox.Simulator {
	t.Helper()
	if cfg.Now == nil {
		cfg.Now = func() time.Time { return birth }
	}
	sim, err := mapbox.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"alice", "bob"} {
		if err := sim.AddAccount(name); err != nil {
			t.Fatal(err)
		}
	}
	return sim
}

func (b *testSimulator) issue(user string, scopes ...string) (id, token string) {
	b.t.Helper()
	id, token, err := b.sim.AddToken(user, "made manually", scopes)
	if err != nil {
		b.t.Fatal(err)
	}
	return id, token
}

// answer is a decoded reply. Tests print its status and message. They never print its body, which
// may contain a token.
type answer struct {
	status int
	header http.Header
	raw    []byte
	object map[string]any
	rows   []map[string]any
}

func (a answer) text(name string) string {
	s, _ := a.object[name].(string)
	return s
}

// do sends a request. The query contains the token and the params, which are pairs of a name and a
// value.
func (b *testSimulator) do(method, path, token, body string, params ...string) answer {
	b.t.Helper()
	q := make(url.Values)
	if token != "" {
		q.Set("access_token", token)
	}
	for pair := range slices.Chunk(params, 2) {
		q.Set(pair[0], pair[1])
	}
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.url+path+"?"+q.Encode(),
		strings.NewReader(body))
	if err != nil {
		b.t.Fatal("the request is malformed")
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded") // as curl labels its data
	return b.send(req)
}

func (b *testSimulator) send(req *http.Request) answer {
	b.t.Helper()
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		b.t.Fatalf("%s %s: no answer", req.Method, req.URL.Path)
	}
	defer res.Body.Close()
	a := answer{status: res.StatusCode, header: res.Header}
	if a.raw, err = io.ReadAll(res.Body); err != nil {
		b.t.Fatalf("%s %s: half an answer", req.Method, req.URL.Path)
	}
	if json.Unmarshal(a.raw, &a.object) != nil {
		_ = json.Unmarshal(a.raw, &a.rows)
	}
	return a
}

// want checks the status and the message of an answer.
func (b *testSimulator) want(a answer, status int, message string) {
	b.t.Helper()
	if a.status != status || a.text("message") != message {
		b.t.Errorf("got %d %q, want %d %q", a.status, a.text("message"), status, message)
	}
}

// create creates a permanent token with b.all.
func (b *testSimulator) create(body string) answer {
	b.t.Helper()
	a := b.do("POST", "/tokens/v2/alice", b.all, body)
	if a.status != http.StatusOK {
		b.t.Fatalf("create: got %d %q", a.status, a.text("message"))
	}
	return a
}

// temporary creates a temporary token that lives for d.
func (b *testSimulator) temporary(by string, d time.Duration, scopes ...string) string {
	b.t.Helper()
	a := b.do("POST", "/tokens/v2/alice", by,
		temporaryBody(b.sim.Now().Add(d).Format(time.RFC3339), scopes))
	if a.status != http.StatusOK {
		b.t.Fatalf("create temporary: got %d %q", a.status, a.text("message"))
	}
	return a.text("token")
}

func temporaryBody(expires string, scopes []string) string {
	body, _ := json.Marshal(map[string]any{"expires": expires, "scopes": scopes})
	return string(body)
}

// verdict returns the code that the operation retrieve answers.
func (b *testSimulator) verdict(token string) string {
	b.t.Helper()
	a := b.do("GET", "/tokens/v2", token, "")
	if a.status != http.StatusOK {
		b.t.Fatalf("retrieve: got %d %q", a.status, a.text("message"))
	}
	return a.text("code")
}

// column returns one member of each row.
func (a answer) column(name string) []string {
	values := []string{}
	for _, row := range a.rows {
		s, _ := row[name].(string)
		values = append(values, s)
	}
	return values
}
