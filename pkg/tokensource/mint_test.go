package tokensource_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/pkg/tokensource"
)

// address is that of the mint in tests. Nothing listens there.
const address = "https://mint.example/tokens"

// mint is a mint behind a transport. It answers one request at a time.
type mint struct {
	mu      sync.Mutex
	calls   int
	current int // requests without an answer
	// answer returns the n-th reply, from 1. nil means a token that lives an hour.
	answer func(n int, r *http.Request) (*http.Response, error)
}

func (m *mint) RoundTrip(r *http.Request) (*http.Response, error) {
	m.mu.Lock()
	m.calls++
	m.current++
	n, answer := m.calls, m.answer
	m.mu.Unlock()
	defer func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.current--
	}()
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if answer != nil {
		return answer(n, r)
	}
	return issue(n, 3600), nil
}

func (m *mint) opened() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.current
}

func (m *mint) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.calls
}

// issue is the reply with the n-th token.
func issue(n, seconds int) *http.Response {
	return say(200, fmt.Sprintf(`{"token":"tk.eyJ1.SENTINEL%d","expires_in":%d}`, n, seconds))
}

// say is a reply with JSON. header holds names and values.
func say(status int, body string, header ...string) *http.Response {
	reply := &http.Response{StatusCode: status, Header: http.Header{},
		Body: io.NopCloser(strings.NewReader(body))}
	reply.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		reply.Header.Set(header[i], header[i+1])
	}
	return reply
}

// slow is an answer that comes after a time, unless the request ends first.
func slow(n int, r *http.Request, after time.Duration) (*http.Response, error) {
	select {
	case <-time.After(after):
		return issue(n, 3600), nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

// open returns a source of the mint. Its URL is address unless the options have one.
func (m *mint) open(t *testing.T, options tokensource.Options) *tokensource.Source {
	t.Helper()
	if options.URL == "" {
		options.URL = address
	}
	options.Client = &http.Client{Transport: m}
	source, err := tokensource.New(options)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// bearer is an Authorization that returns the values in turn, and the last one again and again.
func bearer(values ...string) func(context.Context, bool) (string, error) {
	return func(context.Context, bool) (string, error) {
		value := values[0]
		if len(values) > 1 {
			values = values[1:]
		}
		return value, nil
	}
}
