package tokensource_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"
	"time"
)

// wireOf leads from one source to the mint of a lab.
type wireOf struct {
	lab  *lab
	open atomic.Int32
}

func (w *wireOf) RoundTrip(r *http.Request) (*http.Response, error) {
	if w.open.Add(1) > 1 {
		w.lab.t.Error("a source has two open requests")
	}
	defer w.open.Add(-1)
	n, a := w.lab.next(r)
	timer := time.NewTimer(a.After.duration())
	defer timer.Stop()
	wait := timer.C
	if a.Silence {
		wait = nil
	}
	select {
	case <-wait:
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	if a.Error {
		return nil, errors.New("connection reset by peer")
	}
	return a.reply(n), nil
}

// next notes a request and returns its number and the answer to it.
func (l *lab) next(r *http.Request) (int, answer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests = append(l.requests, l.truth())
	l.sent = append(l.sent, r.Header.Get("Authorization"))
	n, a := len(l.requests), l.answers[0]
	if len(l.answers) > 1 {
		l.answers = l.answers[1:]
	}
	if a.ExpiresIn != nil {
		age, _ := strconv.Atoi(a.Headers["age"])
		life := (*a.ExpiresIn - seconds(age)).duration()
		l.ends[a.token(n)] = l.truth().Add(life)
	}
	return n, a
}

func (a answer) token(n int) string {
	if a.Token != "" {
		return a.Token
	}
	return fmt.Sprintf("tk.%d", n)
}

func (a answer) reply(n int) *http.Response {
	body := []byte(a.JSON)
	switch {
	case a.Text != nil:
		body = []byte(*a.Text)
	case a.ExpiresIn != nil:
		body, _ = json.Marshal(map[string]any{"token": a.token(n), "expires_in": *a.ExpiresIn})
	}
	reply := &http.Response{StatusCode: max(a.Status, 200), Header: http.Header{},
		Body: io.NopCloser(bytes.NewReader(body))}
	for name, value := range a.Headers {
		reply.Header.Set(name, value)
	}
	return reply
}

// check compares what happened with what a step wants.
func (l *lab) check(i int, s step) {
	l.t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if s.Want != "" {
		l.checkGroup(i, s)
	}
	if n := len(l.requests); s.Requests != nil && !isIn(n, s.Requests) {
		l.t.Errorf("step %d: %d requests, want %s", i, n, s.Requests)
	}
	if n := len(l.requests); s.Gap != nil {
		gap := l.requests[n-1].Sub(l.requests[n-2])
		if gap < s.Gap[0].duration() || gap > s.Gap[1].duration() {
			l.t.Errorf("step %d: %s between two requests, want %v", i, gap, s.Gap)
		}
	}
	if s.Refreshes != nil && !slices.Equal(l.refreshes, s.Refreshes) {
		l.t.Errorf("step %d: refresh was %v, want %v", i, l.refreshes, s.Refreshes)
	}
	if s.Sent != nil && !slices.Equal(l.sent, s.Sent) {
		l.t.Errorf("step %d: %q was sent, want %q", i, l.sent, s.Sent)
	}
}

// isIn reports whether n is the wanted number, or in the wanted range.
func isIn(n int, want json.RawMessage) bool {
	var limits []int
	if json.Unmarshal(want, &limits) != nil {
		return string(want) == strconv.Itoa(n)
	}
	return limits[0] <= n && n <= limits[1]
}

func (l *lab) checkGroup(i int, s step) {
	l.t.Helper()
	g := l.groups[s.Want]
	g.mu.Lock()
	defer g.mu.Unlock()
	if s.Pending != (g.pending > 0) || s.Pending && len(g.got) > 0 {
		l.t.Errorf("step %d: %d calls of %s wait, %+v have ended", i, g.pending, s.Want, g.got)
	}
	for _, got := range g.got {
		want := s.outcome
		if want.Status == 0 {
			want.Status = got.Status
		}
		if want.Cause == "" {
			want.Cause = got.Cause
		}
		if want.Code == "" {
			want.Code = "<nil>"
		}
		if got != want {
			l.t.Errorf("step %d: a call of %s got %+v, want %+v", i, s.Want, got, want)
		}
	}
}
