package tokensource

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// RefusalMemory is how long a refusal is remembered, unless [Source.Invalidate] forgets it.
const RefusalMemory = 15 * time.Minute

// remembered is the number of tokens that a source recognizes: those that it handed out, and those
// that were invalidated. More are not alive at the same time.
const remembered = 64

// Source keeps a program supplied with a token. It is safe for concurrent use. Create it with
// [New].
type Source struct {
	route     route
	client    *http.Client
	authorize func(ctx context.Context, refresh bool) (string, error)
	hosts     []string
	timeout   time.Duration
	wait      time.Duration
	onError   func(*Error)
	wall      func() time.Time

	mu      sync.Mutex
	held    *lease         // the last token; nil = none
	flight  *flight        // the request under way; nil = none
	failed  *Error         // the last failure since the last token
	failure moment         // when it happened
	pause   time.Duration  // no request so long after it
	count   int            // failures since the last token
	handed  []tokens.Token // the last ones
	refused []tokens.Token // the last ones that were invalidated
}

// lease is a token with its life.
type lease struct {
	token tokens.Token
	start moment        // before the request
	end   time.Time     // on the wall clock
	usage time.Duration // it is handed out so long after start
	renew time.Duration // it is due so long after start
}

// flight is a request that one call makes, and for which other calls wait.
type flight struct {
	done chan struct{}
	end  func() // ends the request and the waits for it
}

func newFlight(cancel context.CancelFunc) *flight {
	done := make(chan struct{})
	return &flight{done: done, end: sync.OnceFunc(func() { cancel(); close(done) })}
}

// plan says what a call does now: one of four things.
type plan struct {
	lease  *lease        // return this token
	err    *Error        // or return this refusal
	flight *flight       // or wait for this request, after making it if mine
	mine   bool          // the call makes the request itself
	pause  time.Duration // or wait so long
}

// Token returns a token that is usable now, and its end on this machine's clock. If there is none,
// it waits for one, at most as long as Options.Wait. It returns a refusal of the mint at once. It
// returns the last failure at once if the next request is not due within the wait. The type of its
// error is *[Error]; errors.Is finds the end of ctx in it.
func (s *Source) Token(ctx context.Context) (tokens.Token, time.Time, error) {
	limited, cancel := context.WithTimeout(ctx, s.wait)
	defer cancel()
	for {
		p, request := s.plan(limited)
		switch {
		case p.lease != nil:
			return p.lease.token, p.lease.end, nil
		case p.err != nil:
			return tokens.Token{}, time.Time{}, p.err
		case p.mine:
			s.fly(limited, request, p.flight)
		case !p.await(limited):
			return tokens.Token{}, time.Time{}, s.gaveUp(ctx)
		}
	}
}

// plan decides for one call. If the call makes a request, plan returns the context of the request.
func (s *Source) plan(ctx context.Context) (plan, context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	isDue := s.held == nil || s.since(s.held.start) >= s.held.renew
	pause := s.pause - s.since(s.failure)
	mayAsk := s.flight == nil && pause <= 0 && ctx.Err() == nil
	switch {
	case s.isUsable() && (!isDue || !mayAsk):
		return plan{lease: s.held}, nil
	case pause > 0 && s.failed != nil && s.failed.IsRefusal():
		return plan{err: s.failed}, nil
	case s.flight != nil:
		return plan{flight: s.flight}, nil
	case !mayAsk:
		return plan{pause: pause}, nil
	}
	request, cancel := context.WithTimeout(ctx, s.timeout)
	s.flight = newFlight(cancel)
	return plan{flight: s.flight, mine: true}, request
}

func (s *Source) isUsable() bool { return s.held != nil && s.since(s.held.start) < s.held.usage }

// await waits until it is worth to plan again. It returns false if ctx ends, or would end first.
func (p plan) await(ctx context.Context) bool {
	if ctx.Err() != nil {
		return false
	}
	var done <-chan struct{}
	var wake <-chan time.Time
	if p.flight != nil {
		done = p.flight.done
	} else {
		if end, ok := ctx.Deadline(); ok && time.Until(end) < p.pause {
			return false
		}
		// A timer stands still while the machine sleeps, so no wait is long.
		timer := time.NewTimer(min(p.pause, time.Second))
		defer timer.Stop()
		wake = timer.C
	}
	select {
	case <-done:
	case <-wake:
	case <-ctx.Done():
		return false
	}
	return true
}

// gaveUp returns the error of a call that waited in vain.
func (s *Source) gaveUp(caller context.Context) *Error {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := Error{Code: CodeTimeout, Message: "there is no reply yet"}
	if s.failed != nil {
		last = *s.failed
	}
	switch ended := caller.Err(); {
	case ended == nil:
	case last.Err == nil:
		last.Err = ended
	default:
		last.Err = fmt.Errorf("%w; before that: %w", ended, last.Err)
	}
	return &last
}
