package tokens

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"
)

// The limit of the random wait before the second attempt, and the limit that doubling ends at.
const (
	firstBackoff = 200 * time.Millisecond
	lastBackoff  = 10 * time.Second
)

// do sends k until it succeeds or the rules of the package comment end it. An attempt that may have
// had its effect makes the outcome unknown, whatever a later attempt says.
func (c *Client) do(ctx context.Context, k call) (*reply, error) {
	doubt := false // an earlier attempt may have had its effect
	for attempt := 1; ; attempt++ {
		r, e := c.attempt(ctx, k)
		if e == nil {
			return r, nil
		}
		if doubt && e.Outcome == OutcomeDidNotHappen {
			e.Outcome = OutcomeUnknown
		}
		doubt = e.Outcome == OutcomeUnknown
		if attempt >= c.maxAttempts || !repeatable(k.method, e) || !c.wait(ctx, attempt, e) {
			return nil, e
		}
	}
}

// repeatable reports whether the call may be repeated after e.
func repeatable(method string, e *Error) bool {
	if e.Status == http.StatusTooManyRequests {
		return true
	}
	idempotent := method == http.MethodGet || method == http.MethodDelete
	safe := idempotent || e.Outcome == OutcomeDidNotHappen
	return safe && (e.broken || e.Status >= 500)
}

// wait waits between an attempt and the next one. It returns false at once when the wait would be
// too long. It returns false when ctx ends, and then adds that to e.
func (c *Client) wait(ctx context.Context, attempt int, e *Error) bool {
	if c.maxWait < 0 || ctx.Err() != nil {
		return false
	}
	var reset time.Duration
	if e.Status == http.StatusTooManyRequests && !e.RateLimitReset.IsZero() {
		reset = max(0, e.RateLimitReset.Sub(c.now()))
	}
	if reset > c.maxWait { // check before the addition, which could overflow
		return false
	}
	limit := min(firstBackoff<<min(attempt-1, 10), lastBackoff, c.maxWait)
	wait := reset + rand.N(limit) // #nosec G404 -- it spreads load and protects nothing
	if deadline, ok := ctx.Deadline(); wait > c.maxWait || ok && time.Until(deadline) <= wait {
		return false
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		e.Err = interrupted(e.Err, ctx.Err())
		return false
	}
}

// interrupted returns an error for a wait that ended early. It wraps the end of the context and the
// failure that the wait was for, which may be nil.
func interrupted(cause, end error) error {
	if cause == nil {
		return fmt.Errorf("wait to retry: %w", end)
	}
	return fmt.Errorf("%w; wait to retry: %w", cause, end)
}
