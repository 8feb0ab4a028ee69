package tokensource

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

const (
	// A call that has a usable token waits no longer for the next one.
	renewalTimeout = 5 * time.Second

	firstPause   = time.Second
	longestPause = time.Minute
	// A longer Retry-After counts as this one, which no mint asks for.
	longestRetryAfter = 1000 * time.Hour
	// The mint shares tokens, so it may return an invalidated token for a while.
	refusedPause = time.Minute
)

// start starts a request. The caller has the lock.
func (s *Source) start(ctx context.Context) {
	timeout := s.timeout
	if s.isUsable() {
		timeout = min(timeout, renewalTimeout)
	}
	// The values of ctx are for the request. Its end is not: other calls may wait, too.
	request, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	f := &flight{cancel: cancel, done: make(chan struct{})}
	s.flight = f
	go func() {
		defer close(f.done)
		defer cancel()
		got, failed := s.fetch(request)
		s.land(f, got, failed)
	}()
}

// land notes the outcome of a request, unless nobody wants it any more.
func (s *Source) land(f *flight, got *lease, failed *Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.flight != f {
		return
	}
	s.flight = nil
	if failed == nil && slices.Contains(s.invalidated, got.token) {
		failed = &Error{Code: CodeTokenRefused, Message: "the mint repeats a refused token"}
	}
	if failed != nil {
		f.failed = failed
		s.fail(failed)
		return
	}
	s.held, s.failed, s.count, s.isTheirs = got, nil, 0, false
	// A mint may return the same token again near its end.
	s.paused, s.pause = got.start, min(firstPause, got.usage)
	s.handed = remember(s.handed, got.token)
}

func (s *Source) fail(e *Error) {
	s.failed, s.paused = e, s.now()
	s.pause = firstPause + jitter(min(4*firstPause<<min(s.count, 10), longestPause))
	s.count++
	s.isTheirs = e.Status >= 400
	switch {
	case e.IsRefusal():
		s.refusal, s.isTheirs = e, false
	case e.Code == CodeTokenRefused:
		s.pause = refusedPause
	default:
		s.pause += min(e.RetryAfter, longestRetryAfter)
	}
}

// giveUp notes that the calls left a request. While there is a usable token, the next calls use
// that. Otherwise each one with a short deadline would wait for a slow mint.
func (s *Source) giveUp() {
	if s.isUsable() {
		s.paused, s.pause = s.now(), firstPause
	}
}

// jitter returns a random duration below d.
func jitter(d time.Duration) time.Duration {
	return rand.N(d) // #nosec G404 -- it spreads load and protects nothing
}

// remember appends a token to a list and drops the oldest one of a long list.
func remember(list []tokens.Token, token tokens.Token) []tokens.Token {
	if slices.Contains(list, token) {
		return list
	}
	if len(list) == remembered {
		list = list[1:]
	}
	return append(slices.Clip(list), token)
}

// Invalidate says that Mapbox refused a token. If the source has it, it hands it out no more and
// gets another one. If another one was invalidated less than a minute before, it waits a minute.
// Only the first call for a token has an effect. The zero Token stands for everything: the source
// forgets its token, a refusal, and the request under way. Use that when the user or the policy
// changes.
func (s *Source) Invalidate(token tokens.Token) {
	s.mu.Lock()
	defer s.mu.Unlock()
	isHeld := s.held != nil && s.held.token == token
	if !isHeld && !token.IsZero() {
		return
	}
	s.held = nil
	if !s.isTheirs {
		s.pause = 0
	}
	if isHeld {
		if len(s.invalidated) > 0 && s.since(s.invalidatedAt) < refusedPause {
			s.paused, s.pause = s.now(), refusedPause
		}
		s.invalidated, s.invalidatedAt = remember(s.invalidated, token), s.now()
		return
	}
	s.refusal, s.failed, s.count = nil, nil, 0
	if s.flight != nil {
		s.flight.cancel()
		s.flight = nil
	}
}

// isOurs reports whether the source handed a token out, or may have: a temporary token.
func (s *Source) isOurs(token tokens.Token) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return token.Usage() == tokens.UsageTemporary || slices.Contains(s.handed, token)
}
