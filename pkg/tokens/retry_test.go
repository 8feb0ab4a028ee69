package tokens_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

func abort(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func halfBody(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "100")
	_, _ = w.Write([]byte(`[{"id":`))
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// never does not answer. It reads the body first, else the server would not notice that its client
// has gone.
func never(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

// TestRetries has the rows of the table in the package comment that have a reply or a connection.
// TestRetriesWithoutConnection and TestRetriesHalfBody have the others.
func TestRetries(t *testing.T) {
	t.Parallel()
	const all, safe, none = "all", "safe", "none"
	failures := []struct {
		name    string
		handler http.HandlerFunc
		again   string
		status  int
		outcome tokens.Outcome
	}{
		{"429", answer(429, `{"message":"Too Many Requests"}`), all, 429,
			tokens.OutcomeDidNotHappen},
		{"500", answer(500, `{"message":"Internal Server Error"}`), safe, 500,
			tokens.OutcomeUnknown},
		{"503 in HTML", answer(503, `<html>`), safe, 503, tokens.OutcomeUnknown},
		{"reset", abort, safe, 0, tokens.OutcomeUnknown},
		{"time-out", never, safe, 0, tokens.OutcomeUnknown},
		{"redirect", answer(307, ``, "Location", "/elsewhere"), none, 307, tokens.OutcomeUnknown},
		{"400", answer(400, `{}`), none, 400, tokens.OutcomeDidNotHappen},
		{"401", answer(401, `{"message":"Unauthorized"}`), none, 401, tokens.OutcomeDidNotHappen},
		{"404", answer(404, `{"message":"Not Found"}`), none, 404, tokens.OutcomeDidNotHappen},
		{"422", answer(422, `{"message":"scopes are invalid"}`), none, 422,
			tokens.OutcomeDidNotHappen},
		{"unexpected success", answer(202, `{}`), none, 202, tokens.OutcomeHappened},
	}
	for _, failure := range failures {
		for _, op := range operations {
			t.Run(failure.name+"/"+op.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					var attempts atomic.Int32
					transport := serveWire(t, http.HandlerFunc(func(
						w http.ResponseWriter, r *http.Request,
					) {
						attempts.Add(1)
						failure.handler(w, r)
					}))
					client := build(t, tokens.Config{
						BaseURL:    "http://wire.test",
						HTTPClient: &http.Client{Transport: transport, Timeout: 5 * time.Second},
					})
					err := op.call(t.Context(), client)
					want := int32(1)
					if failure.again == all || failure.again == safe && op.repeated {
						want = 4
					}
					if got := attempts.Load(); got != want {
						t.Errorf("%d attempts, want %d", got, want)
					}
					checkError(t, err, failure.status, failure.outcome)
				})
			})
		}
	}
}

// checkError fails unless err is an Error with this status and outcome.
func checkError(t *testing.T, err error, status int, outcome tokens.Outcome) *tokens.Error {
	t.Helper()
	e, ok := errors.AsType[*tokens.Error](err)
	if !ok {
		t.Fatalf("error %v (%T), want a *tokens.Error", err, err)
	}
	if e.Status != status || tokens.OutcomeOf(err) != outcome {
		t.Errorf("%v: status %d, outcome %q; want %d, %q",
			err, e.Status, tokens.OutcomeOf(err), status, outcome)
	}
	return e
}

func TestRetriesWithoutConnection(t *testing.T) {
	t.Parallel()
	refused := &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	causes := map[string]error{
		"refused": refused,
		"no such host": &net.OpError{
			Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "wire.test"}},
		"proxy": &net.OpError{Op: "proxyconnect", Err: refused},
	}
	for name, cause := range causes {
		for _, op := range operations {
			t.Run(name+"/"+op.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					dials := 0
					dial := func(context.Context, string, string) (net.Conn, error) {
						dials++
						return nil, cause
					}
					transport := &http.Transport{DialContext: dial}
					client := build(t, tokens.Config{
						BaseURL: "http://wire.test", HTTPClient: &http.Client{Transport: transport},
						MaxAttempts: 3,
					})
					err := op.call(t.Context(), client)
					checkError(t, err, 0, tokens.OutcomeDidNotHappen)
					if dials != 3 {
						t.Errorf("%d dials, want 3", dials)
					}
				})
			})
		}
	}
}

// TestRetriesHalfBody: half a body is a reason to repeat a read. Any other operation has happened.
func TestRetriesHalfBody(t *testing.T) {
	t.Parallel()
	wants := map[string]struct {
		attempts int32
		failed   bool
	}{
		"List": {4, true}, "ListScopes": {4, true}, "Retrieve": {4, true},
		"Create": {1, true}, "CreateTemporary": {1, true}, "Update": {1, true},
		"Delete": {1, false}, // its body says nothing
	}
	for _, op := range operations {
		t.Run(op.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var attempts atomic.Int32
				transport := serveWire(t, http.HandlerFunc(func(
					w http.ResponseWriter, r *http.Request,
				) {
					attempts.Add(1)
					halfBody(w, r)
				}))
				client := build(t, tokens.Config{
					BaseURL: "http://wire.test", HTTPClient: &http.Client{Transport: transport},
				})
				err := op.call(t.Context(), client)
				if want := wants[op.name]; attempts.Load() != want.attempts ||
					(err != nil) != want.failed {
					t.Errorf("%d attempts, error %v; want %+v", attempts.Load(), err, want)
				}
				if err != nil {
					checkError(t, err, 200, tokens.OutcomeHappened)
				}
			})
		})
	}
}

// TestDeleteInDoubt: after one attempt with an unknown outcome, the outcome stays unknown.
func TestDeleteInDoubt(t *testing.T) {
	t.Parallel()
	notFound, failed, limited := answer(404, ``), answer(500, ``), answer(429, ``)
	type answers = []http.HandlerFunc
	tests := []struct {
		name    string
		answers answers
		status  int
		outcome tokens.Outcome
	}{
		{"not found at once", answers{notFound}, 404, tokens.OutcomeDidNotHappen},
		{"not found after a reset", answers{abort, notFound}, 404, tokens.OutcomeUnknown},
		{"not found after 500, 429", answers{failed, limited, notFound}, 404,
			tokens.OutcomeUnknown},
		{"not found after 429", answers{limited, notFound}, 404, tokens.OutcomeDidNotHappen},
		{"done after a reset", answers{abort, answer(204, ``)}, 0, tokens.OutcomeHappened},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				arrivals, _, err := scenario(t, tokens.Config{}, test.answers, remove(t.Context()))
				if len(arrivals) != len(test.answers) {
					t.Errorf("%d requests, want %d", len(arrivals), len(test.answers))
				}
				if test.status != 0 {
					checkError(t, err, test.status, test.outcome)
				} else if err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestContextAlreadyDone(t *testing.T) {
	t.Parallel()
	client := newClient(t, func(http.ResponseWriter, *http.Request) {
		t.Error("a request was sent")
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, op := range operations {
		err := op.call(ctx, client)
		checkError(t, err, 0, tokens.OutcomeDidNotHappen)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want a cancellation", op.name, err)
		}
	}
}
