package tokens

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"
)

// The ceiling of the random wait before the second attempt, and the highest that doubling takes it to.
const (
	firstBackoff = 200 * time.Millisecond
	lastBackoff  = 10 * time.Second
)

// do sends k until it succeeds or the rules of the package comment end it.
func (c *Client) do(ctx context.Context, k call) (*reply, error) {
	doubt := false // an earlier attempt may have had its effect
	for attempt := 1; ; attempt++ {
		r, f := c.attempt(ctx, k)
		if f == nil {
			return r, nil
		}
		if doubt && f.Outcome == DidNotHappen {
			f.Outcome = OutcomeUnknown
		}
		doubt = f.Outcome == OutcomeUnknown
		if attempt >= c.maxAttempts || !again(k.method, f) || !c.wait(ctx, attempt, f) {
			return nil, f
		}
	}
}

// again reports whether the call may be repeated after f.
func again(method string, f *Error) bool {
	if f.Status == http.StatusTooManyRequests {
		return true
	}
	harmless := method == http.MethodGet || method == http.MethodDelete || f.Outcome == DidNotHappen
	return harmless && (f.broken || f.Status >= 500)
}

// wait lets the time pass that belongs between an attempt and the next. It reports false, and does so
// at once, when that would take too long; and when ctx ends, which it then adds to f.
func (c *Client) wait(ctx context.Context, attempt int, f *Error) bool {
	if c.maxWait < 0 || ctx.Err() != nil {
		return false
	}
	var reset time.Duration
	if f.Status == http.StatusTooManyRequests && !f.RateLimitReset.IsZero() {
		reset = max(0, f.RateLimitReset.Sub(c.now()))
	}
	if reset > c.maxWait { // before anything is added: a reset in a thousand years would overflow
		return false
	}
	ceiling := min(firstBackoff<<min(attempt-1, 10), lastBackoff, c.maxWait)
	wait := reset + rand.N(ceiling) // #nosec G404 -- it spreads load, it guards nothing
	if deadline, ok := ctx.Deadline(); wait > c.maxWait || ok && time.Until(deadline) <= wait {
		return false
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		f.Err = interrupted(f.Err, ctx.Err())
		return false
	}
}

// interrupted returns the end of a wait as an error, together with what was waited for.
func interrupted(cause, end error) error {
	if cause == nil {
		return fmt.Errorf("wait to retry: %w", end)
	}
	return fmt.Errorf("%w; wait to retry: %w", cause, end)
}
