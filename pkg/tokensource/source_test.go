package tokensource_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tokenmint/tokenmint/pkg/tokens"
	"github.com/tokenmint/tokenmint/pkg/tokensource"
)

// The call that began the request leaves. The request goes on for the other one. When that leaves
// too, the request ends: synctest fails if a goroutine is left.
func TestTheLastCallEndsTheRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &mint{answer: func(n int, r *http.Request) (*http.Response, error) {
			return slow(n, r, time.Hour)
		}}
		source := m.open(t, tokensource.Options{Timeout: time.Hour, Wait: time.Hour})
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		later, cancelLater := context.WithTimeout(t.Context(), 90*time.Second)
		defer cancelLater()
		var first, second error
		var calls sync.WaitGroup
		calls.Go(func() { _, _, first = source.Token(short) })
		synctest.Wait()
		calls.Go(func() { _, _, second = source.Token(later) })
		calls.Wait()
		if m.opened() != 0 {
			t.Error("a request goes on after the calls")
		}
		if !errors.Is(first, context.DeadlineExceeded) || m.count() != 1 ||
			!errors.Is(second, context.DeadlineExceeded) {
			t.Errorf("%v, %v, %d requests", first, second, m.count())
		}
	})
}

// While the old token is usable, calls with a short deadline do not all wait for a slow mint.
func TestASlowRenewalDelaysOneCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &mint{}
		source := m.open(t, tokensource.Options{})
		use(t, source)
		time.Sleep(50 * time.Minute)
		m.answer = func(n int, r *http.Request) (*http.Response, error) {
			return slow(n, r, time.Minute)
		}
		began := time.Now()
		for range 5 {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			if _, _, err := source.Token(ctx); err != nil {
				t.Error(err)
			}
			cancel()
		}
		if waited := time.Since(began); waited != 100*time.Millisecond || m.count() != 2 {
			t.Errorf("five calls waited %s, %d requests", waited, m.count())
		}
	})
}

// A mint that never answers costs a call with a usable token seconds, not the whole timeout.
func TestARenewalWaitsForSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &mint{}
		source := m.open(t, tokensource.Options{Timeout: time.Hour})
		first := use(t, source)
		time.Sleep(50 * time.Minute)
		m.answer = func(n int, r *http.Request) (*http.Response, error) {
			return slow(n, r, time.Hour)
		}
		began := time.Now()
		if again := use(t, source); again != first || time.Since(began) != 5*time.Second {
			t.Errorf("%s after %s", again, time.Since(began))
		}
	})
}

// use asks for a token and returns it.
func use(t *testing.T, source *tokensource.Source) tokens.Token {
	t.Helper()
	token, end, err := source.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if token.IsZero() || !end.After(time.Now()) {
		t.Errorf("token %s ends at %s, now is %s", token, end, time.Now())
	}
	return token
}

// A function that is told of a failure may call the source.
func TestOnErrorMayCallTheSource(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &mint{answer: func(int, *http.Request) (*http.Response, error) {
			return say(403, `{"message":"no","code":"caller_not_allowed","request_id":"r1"}`), nil
		}}
		var source *tokensource.Source
		var told []string
		source = m.open(t, tokensource.Options{OnError: func(e *tokensource.Error) {
			_, _, again := source.Token(context.Background())
			told = append(told, e.Error(), again.Error())
		}})
		_, _, err := source.Token(t.Context())
		want := "tokensource: status 403: caller_not_allowed: no (request r1)"
		if err == nil || strings.Join(append(told, err.Error()), "|") !=
			strings.Join([]string{want, want, want}, "|") {
			t.Errorf("%q, %v", told, err)
		}
	})
}
