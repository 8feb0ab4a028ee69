package tokens_test

import (
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

func TestRateLimit(t *testing.T) {
	t.Parallel()
	const limit, interval, reset = "X-Rate-Limit-Limit", "X-Rate-Limit-Interval",
		"X-Rate-Limit-Reset"
	minute := tokens.RateLimit{Limit: 100, Interval: time.Minute, Reset: time.Unix(1767323045, 0)}
	all := []string{limit, "100", interval, "60", reset, "1767323045"}
	tests := []struct {
		name   string
		status int
		body   string
		header []string
		want   tokens.RateLimit
	}{
		{"success", 200, `[]`, all, minute},
		{"unreadable success", 200, `<html>`, all, minute},
		{"refusal", 422, `{"message":"scopes are invalid"}`, all, minute},
		{"rate limited", 429, `{}`, all, minute},
		{"no header", 200, `[]`, nil, tokens.RateLimit{}},
		{"only a limit", 200, `[]`, []string{limit, "5"}, tokens.RateLimit{Limit: 5}},
		{"text", 200, `[]`, []string{limit, "many", interval, "1m", reset, "soon"},
			tokens.RateLimit{}},
		{"negative", 200, `[]`, []string{limit, "-1", interval, "-1", reset, "-1"},
			tokens.RateLimit{}},
		{"zero", 200, `[]`, []string{limit, "0", interval, "0", reset, "0"}, tokens.RateLimit{}},
		{"too large", 200, `[]`,
			[]string{limit, "99999999999", interval, "9223372036854775807"}, tokens.RateLimit{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, answer(test.status, test.body, test.header...))
			if got := client.RateLimit(); got != (tokens.RateLimit{}) {
				t.Errorf("before the first call: %+v", got)
			}
			_, _ = client.ListScopes(t.Context(), jane)
			if got := client.RateLimit(); got != test.want {
				t.Errorf("%+v, want %+v", got, test.want)
			}
		})
	}
}

// A reply without the headers leaves what an earlier reply has said.
func TestRateLimitStays(t *testing.T) {
	t.Parallel()
	calls := 0
	client := newClient(t, func(w http.ResponseWriter, _ *http.Request) {
		if calls++; calls == 1 {
			w.Header().Set("X-Rate-Limit-Limit", "7")
		}
		_, _ = w.Write([]byte(`[]`))
	})
	for range 2 {
		if _, err := client.ListScopes(t.Context(), jane); err != nil {
			t.Fatal(err)
		}
		if got := client.RateLimit().Limit; got != 7 {
			t.Errorf("limit %d after call %d, want 7", got, calls)
		}
	}
}

// The race detector watches this test. A reader never sees the values of two replies mixed.
func TestRateLimitIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	calls := 0
	client := newClient(t, func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		calls++
		n := strconv.Itoa(calls)
		mu.Unlock()
		answer(200, `[]`, "X-Rate-Limit-Limit", n, "X-Rate-Limit-Reset", n)(w, nil)
	})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 10 {
				_, _ = client.ListScopes(t.Context(), jane)
				got := client.RateLimit()
				if int64(got.Limit) != got.Reset.Unix() {
					t.Errorf("limit %d and reset %d are from two replies", got.Limit,
						got.Reset.Unix())
				}
			}
		})
	}
	wg.Wait()
}
