package tokensource

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

const (
	firstPause   = time.Second
	longestPause = time.Minute
	// A longer Retry-After counts as this one. No mint asks for more.
	longestRetryAfter = time.Hour
	// The mint shares tokens, so it may return an invalidated token for a while.
	refusedPause = time.Minute
)

// fly makes a request in the call that planned it. The request ends with the call.
func (s *Source) fly(caller, request context.Context, f *flight) {
	var got *lease
	failed := &Error{Code: CodeUnreachable, Message: "a function of the options panicked"}
	defer func() { s.land(f, got, failed) }() // also after a panic, so that nobody waits for ever
	got, failed = s.fetch(request)
	if failed != nil && caller.Err() != nil {
		failed = nil // the call ended, and the mint is not at fault
	}
}

// land notes the outcome of a request: a token, a failure, or neither if the call ended.
func (s *Source) land(f *flight, got *lease, failed *Error) {
	s.mu.Lock()
	isCurrent := s.flight == f // else Invalidate has forgotten it
	if isCurrent {
		s.flight = nil
		if got != nil && slices.Contains(s.refused, got.token) {
			got, failed = nil, &Error{Code: CodeTokenRefused,
				Message: "the mint returned a refused token again"}
		}
		s.note(got, failed)
	}
	s.mu.Unlock()
	f.end()
	if isCurrent && failed != nil && s.onError != nil {
		s.onError(failed)
	}
}

func (s *Source) note(got *lease, failed *Error) {
	switch {
	case got != nil:
		s.held, s.failed, s.pause, s.count = got, nil, 0, 0
		s.handed = remember(s.handed, got.token)
	case failed != nil:
		s.count++
		s.failed, s.failure, s.pause = failed, s.now(), pauseAfter(failed, s.count)
	case s.isUsable():
		// The next calls use the old token. Otherwise each one with a short deadline would wait.
		s.failure, s.pause = s.now(), firstPause
	}
}

// pauseAfter returns how long the source asks no more after its count-th failure in a row.
func pauseAfter(e *Error, count int) time.Duration {
	switch {
	case e.IsRefusal():
		return RefusalMemory
	case e.Code == CodeTokenRefused:
		return refusedPause
	case e.RetryAfter > 0:
		asked := min(e.RetryAfter, longestRetryAfter)
		return asked + jitter(max(asked/10, firstPause))
	}
	limit := min(firstPause<<min(count-1, 10), longestPause)
	return limit/2 + jitter(limit/2)
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

// Invalidate says that Mapbox refused a token. The source hands it out no more and gets another
// one. Only the first call for a token has an effect. The zero Token stands for everything: the
// source forgets its token, a refusal, and the request under way. Use that when the user changes.
func (s *Source) Invalidate(token tokens.Token) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !token.IsZero() {
		if s.held != nil && s.held.token == token {
			s.held = nil
		}
		s.refused = remember(s.refused, token)
		return
	}
	s.held, s.failed, s.pause, s.count = nil, nil, 0, 0
	if s.flight != nil {
		s.flight.end()
		s.flight = nil
	}
}

// isOurs reports whether the source handed a token out, or may have: a temporary token.
func (s *Source) isOurs(token tokens.Token) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return token.Usage() == tokens.UsageTemporary || slices.Contains(s.handed, token)
}
