package tokens_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// scenario runs op in virtual time. The server gives the answers in turn, and repeats the last one.
// arrivals are the times of the requests since the start.
func scenario(
	t *testing.T, config tokens.Config, answers []http.HandlerFunc, op func(*tokens.Client) error,
) (arrivals []time.Duration, elapsed time.Duration, err error) {
	t.Helper()
	start := time.Now()
	transport := serveWire(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrivals = append(arrivals, time.Since(start))
		answers[min(len(arrivals), len(answers))-1](w, r)
	}))
	config.BaseURL = "http://wire.test"
	config.HTTPClient = &http.Client{Transport: transport}
	err = op(build(t, config))
	return arrivals, time.Since(start), err
}

// limited answers 429. The reset is ahead of now by this time.
func limited(ahead time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		reset := strconv.FormatInt(time.Now().Add(ahead).Unix(), 10)
		answer(429, `{"message":"Too Many Requests"}`, "X-Rate-Limit-Reset", reset)(w, r)
	}
}

func remove(ctx context.Context) func(*tokens.Client) error {
	return func(c *tokens.Client) error { return c.Delete(ctx, jane, "ck1") }
}

func TestWaitsForReset(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		success := answer(200, `{"id":"ck1","token":"sk.a.b"}`)
		answers := []http.HandlerFunc{limited(20 * time.Second), success}
		arrivals, _, err := scenario(t, tokens.Config{}, answers, func(c *tokens.Client) error {
			_, err := c.Create(t.Context(), jane, tokens.CreateRequest{})
			return err
		})
		if err != nil || len(arrivals) != 2 {
			t.Fatalf("requests at %v, error %v; want a second one that succeeds", arrivals, err)
		}
		if at := arrivals[1]; at < 20*time.Second || at > 20*time.Second+200*time.Millisecond {
			t.Errorf("second request after %v, want at the reset and at most 200ms later", at)
		}
	})
}

func TestBackoffGrows(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		config := tokens.Config{MaxAttempts: 40}
		arrivals, _, err := scenario(t, config, []http.HandlerFunc{answer(500, ``)},
			remove(t.Context()))
		checkError(t, err, 500, tokens.OutcomeUnknown)
		if len(arrivals) != 40 {
			t.Fatalf("%d requests, want 40", len(arrivals))
		}
		longest := time.Duration(0)
		for i := 1; i < len(arrivals); i++ {
			wait := arrivals[i] - arrivals[i-1]
			ceiling := min(200*time.Millisecond<<min(i-1, 10), 10*time.Second)
			if wait >= ceiling {
				t.Errorf("wait %d took %v, want less than %v", i, wait, ceiling)
			}
			longest = max(longest, wait)
		}
		if longest < time.Second { // 33 draws below 10 s: all under a second once in 10^33 runs
			t.Errorf("longest wait %v: it does not grow", longest)
		}
	})
}

func TestWaitsNotBegun(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		config   tokens.Config
		answer   http.HandlerFunc
		deadline time.Duration
	}{
		{"reset beyond MaxWait", tokens.Config{}, limited(31 * time.Second), 0},
		{"reset beyond a smaller MaxWait", tokens.Config{MaxWait: time.Second},
			limited(3 * time.Second), 0},
		{"reset in a thousand years", tokens.Config{},
			answer(429, ``, "X-Rate-Limit-Reset", "33000000000"), 0},
		{"negative MaxWait", tokens.Config{MaxWait: -1}, answer(500, ``), 0},
		{"beyond the deadline", tokens.Config{}, limited(20 * time.Second), 10 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				if test.deadline > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, test.deadline)
					defer cancel()
				}
				answers := []http.HandlerFunc{test.answer}
				arrivals, elapsed, err := scenario(t, test.config, answers, remove(ctx))
				if err == nil || len(arrivals) != 1 || elapsed != 0 {
					t.Errorf("%d requests in %v, error %v; want one, and its error at once",
						len(arrivals), elapsed, err)
				}
			})
		})
	}
}

// TestOddReset: the reset header is not a time in the future. The client repeats such a 429 after
// the usual wait.
func TestOddReset(t *testing.T) {
	t.Parallel()
	for _, reset := range []string{"", "soon", "-5", "0", "1", "99999999999999999999"} {
		t.Run(reset, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				answers := []http.HandlerFunc{answer(429, ``, "X-Rate-Limit-Reset", reset),
					answer(204, ``)}
				arrivals, elapsed, err := scenario(t, tokens.Config{}, answers, remove(t.Context()))
				if err != nil || len(arrivals) != 2 || elapsed >= 200*time.Millisecond {
					t.Errorf("%d requests in %v, error %v; want two within 200ms", len(arrivals),
						elapsed, err)
				}
			})
		})
	}
}

// TestResetByConfiguredClock: the client compares the reset with Config.Now.
func TestResetByConfiguredClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		config := tokens.Config{Now: func() time.Time { return time.Unix(5_000_000_000, 0) }}
		answers := []http.HandlerFunc{
			answer(429, ``, "X-Rate-Limit-Reset", "5000000007"), answer(204, ``),
		}
		_, elapsed, err := scenario(t, config, answers, remove(t.Context()))
		if err != nil || elapsed < 7*time.Second || elapsed > 8*time.Second {
			t.Errorf("took %v, error %v; want 7s", elapsed, err)
		}
	})
}

// TestResetOfOtherStatus: every reply has the header. After a 500 it is no reason to wait.
func TestResetOfOtherStatus(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		failure := func(w http.ResponseWriter, r *http.Request) {
			reset := strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10)
			answer(500, ``, "X-Rate-Limit-Reset", reset)(w, r)
		}
		answers := []http.HandlerFunc{failure, answer(204, ``)}
		_, elapsed, err := scenario(t, tokens.Config{}, answers, remove(t.Context()))
		if err != nil || elapsed >= 200*time.Millisecond {
			t.Errorf("took %v, error %v; want a second attempt within 200ms", elapsed, err)
		}
	})
}

func TestCancelledWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(3*time.Second, cancel)
		answers := []http.HandlerFunc{limited(20 * time.Second)}
		_, elapsed, err := scenario(t, tokens.Config{}, answers, remove(ctx))
		checkError(t, err, 429, tokens.OutcomeDidNotHappen)
		if elapsed != 3*time.Second || !errors.Is(err, context.Canceled) {
			t.Errorf("error %v after %v, want a cancellation after 3s", err, elapsed)
		}
	})
}

// A wait that ends early keeps the failure before it.
func TestCancelledWaitAfterBrokenExchange(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		dial := func(context.Context, string, string) (net.Conn, error) {
			time.AfterFunc(time.Nanosecond, cancel)
			return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
		}
		client := build(t, tokens.Config{
			BaseURL:    "http://wire.test",
			HTTPClient: &http.Client{Transport: &http.Transport{DialContext: dial}},
		})
		err := remove(ctx)(client)
		checkError(t, err, 0, tokens.OutcomeDidNotHappen)
		if !errors.Is(err, context.Canceled) || !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("error %v, want the cancellation and the refused connection", err)
		}
	})
}
