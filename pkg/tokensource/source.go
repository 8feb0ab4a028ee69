package tokensource

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

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
	// Part of a life after which a token is due. It stays the same, so that programs that started
	// together drift apart with each renewal. A new one each time would spread them more slowly.
	renewalPoint float64

	mu       sync.Mutex
	held     *lease        // the last token; nil = none
	flight   *flight       // the request under way; nil = none
	refusal  *Error        // is remembered until Invalidate forgets it
	failed   *Error        // the last failure since the last token
	count    int           // failures since the last token
	paused   moment        // no request before
	pause    time.Duration // so much time has passed since then
	isTheirs bool          // the mint asked for the pause, so nothing shortens it

	handed        []tokens.Token // the last ones
	invalidated   []tokens.Token // the last ones
	invalidatedAt moment
}

// lease is a token with its life.
type lease struct {
	token tokens.Token
	start moment        // before the request
	end   time.Time     // on the wall clock
	usage time.Duration // it is handed out so long after start
	renew time.Duration // it is due so long after start
}

// flight is one request, for all calls that wait. It ends when the last of them leaves.
type flight struct {
	cancel context.CancelFunc
	done   chan struct{} // is closed when the request has ended

	waiting int    // calls; Source.mu guards it, and what follows
	failed  *Error // nil after a success, or if nobody wants to know
}

// plan says what a call does now: one of four things.
type plan struct {
	lease  *lease        // return this token
	err    *Error        // or return this refusal
	flight *flight       // or wait for this request
	pause  time.Duration // or wait so long
}

// Token returns a token that is usable now, and its end on this machine's clock. If there is none,
// it waits for one, at most as long as Options.Wait. It returns a refusal of the mint at once. The
// type of its error is *[Error]; errors.Is finds the end of ctx in it.
func (s *Source) Token(ctx context.Context) (tokens.Token, time.Time, error) {
	limited, cancel := context.WithTimeout(ctx, s.wait)
	defer cancel()
	for {
		p := s.plan(limited)
		switch {
		case p.lease != nil:
			return p.lease.token, p.lease.end, nil
		case p.err != nil:
			return tokens.Token{}, time.Time{}, p.err
		case p.flight != nil:
			s.awaitFlight(limited, p.flight)
		case !awaitPause(limited, p.pause):
			return tokens.Token{}, time.Time{}, s.gaveUp(ctx)
		}
	}
}

// plan decides for one call. It starts a request if one is due, and nobody has started it.
func (s *Source) plan(ctx context.Context) plan {
	s.mu.Lock()
	defer s.mu.Unlock()
	isDue := s.held == nil || s.since(s.held.start) >= s.held.renew
	pause := s.pause - s.since(s.paused)
	mayAsk := s.flight == nil && s.refusal == nil && pause <= 0 && ctx.Err() == nil
	switch {
	case s.isUsable() && (!isDue || !mayAsk):
		return plan{lease: s.held}
	case s.refusal != nil:
		return plan{err: s.refusal}
	case mayAsk:
		s.start(ctx)
	case s.flight == nil || ctx.Err() != nil:
		return plan{pause: pause}
	}
	s.flight.waiting++
	return plan{flight: s.flight}
}

func (s *Source) isUsable() bool { return s.held != nil && s.since(s.held.start) < s.held.usage }

// awaitFlight waits for a request, or until ctx ends. The last call that leaves ends the request.
// So no goroutine outlives the calls.
func (s *Source) awaitFlight(ctx context.Context, f *flight) {
	select {
	case <-f.done:
	case <-ctx.Done():
	}
	s.mu.Lock()
	f.waiting--
	isLast := f.waiting == 0
	if isLast && s.flight == f {
		s.flight = nil // the calls ended, and the mint is not at fault
		s.giveUp()
	}
	failed := f.failed
	f.failed = nil // one call tells it
	s.mu.Unlock()
	if isLast {
		f.cancel()
		<-f.done
	}
	if failed != nil && s.onError != nil {
		s.onError(failed)
	}
}

// awaitPause waits, for a second at most: a timer stands still while the machine sleeps. It returns
// false if ctx ends.
func awaitPause(ctx context.Context, pause time.Duration) bool {
	if ctx.Err() != nil {
		return false
	}
	timer := time.NewTimer(min(pause, time.Second))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// gaveUp returns the error of a call that waited in vain.
func (s *Source) gaveUp(caller context.Context) *Error {
	s.mu.Lock()
	defer s.mu.Unlock()
	ended := caller.Err()
	e := &Error{Code: CodeAborted, Message: "the caller gave up", Err: ended}
	if ended == nil {
		e.Code, e.Message = CodeWaitOver, fmt.Sprintf("no token within %s", s.wait)
	}
	switch last := s.failed; {
	case last == nil:
		return e
	case ended == nil:
		e.Err = last
	default:
		e.Err = fmt.Errorf("%w; before that: %w", ended, last)
	}
	e.Status, e.RequestID, e.RetryAfter = s.failed.Status, s.failed.RequestID, s.failed.RetryAfter
	return e
}
