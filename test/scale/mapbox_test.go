package scale_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

const (
	mapboxLimit   = 100       // requests a minute, of an account
	mapboxLongest = time.Hour // how far ahead a temporary token may end

	fastestMint, slowestMint = 80 * time.Millisecond, 250 * time.Millisecond
)

// account is an account at Mapbox, which counts: requests since the first one of an interval, and,
// for the report, by the minute.
type account struct {
	begins time.Time // of the run
	down   span      // when it answers 502

	mu     sync.Mutex
	resets time.Time
	used   int

	asked, refused int   // requests, and how many of them were refused for the limit
	byMinute       []int // requests
}

func newAccount(begins time.Time, lasts time.Duration) *account {
	return &account{begins: begins, byMinute: make([]int, (lasts+late)/time.Minute)}
}

// admit counts a request. If it is refused, resets says when the limit starts anew.
func (a *account) admit(now time.Time) (resets time.Time, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !now.Before(a.resets) {
		a.resets, a.used = now.Truncate(time.Second).Add(time.Minute), 0
	}
	a.asked++
	a.byMinute[now.Sub(a.begins)/time.Minute]++
	if a.used >= mapboxLimit {
		a.refused++
		return a.resets, false
	}
	a.used++
	return a.resets, true
}

// create is the Tokens API: it takes its time, and keeps the limit and the longest life.
func (a *account) create(
	ctx context.Context, random *rand.Rand, expires time.Time,
) (tokens.Temporary, error) {
	way := (fastestMint + time.Duration(random.Int64N(int64(slowestMint-fastestMint)))) / 2
	if err := pause(ctx, way); err != nil {
		return tokens.Temporary{}, err
	}
	now := time.Now()
	resets, ok := a.admit(now)
	down := !now.Before(a.down.from) && now.Before(a.down.to)
	if err := pause(ctx, way); err != nil {
		return tokens.Temporary{}, err
	}
	switch {
	case down:
		return tokens.Temporary{}, &tokens.Error{Status: 502, Outcome: tokens.OutcomeUnknown}
	case !ok:
		return tokens.Temporary{},
			&tokens.Error{Status: 429, RateLimitReset: resets, Outcome: tokens.OutcomeDidNotHappen}
	case expires.Sub(now) > mapboxLongest:
		return tokens.Temporary{}, &tokens.Error{
			Status: 422, Message: "expires is more than one hour in the future",
			Outcome: tokens.OutcomeDidNotHappen,
		}
	}
	value := fmt.Sprintf("tk.%d.signature", random.Uint64())
	return tokens.Temporary{
		Token: tokens.NewToken(value), IssuedAt: now.Truncate(time.Second),
		Expires: expires.Truncate(time.Second),
	}, nil
}

// rotate makes as many calls as a forced rotation of one token does, after a while, with the
// patience of its client: it waits for the reset, but asks four times at most. It returns how long
// that took, and 0 if it failed.
func (a *account) rotate(after time.Duration) time.Duration {
	const calls, attempts = 8, 4
	time.Sleep(after)
	start := time.Now()
	for range calls {
		time.Sleep(fastestMint)
		resets, ok := a.admit(time.Now())
		for attempt := 1; !ok; attempt++ {
			if attempt == attempts {
				return 0
			}
			// The client's pause is random, and as long on average.
			time.Sleep(time.Until(resets) + 100*time.Millisecond<<attempt)
			resets, ok = a.admit(time.Now())
		}
	}
	return time.Since(start)
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
