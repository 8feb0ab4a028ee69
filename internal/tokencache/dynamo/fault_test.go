package dynamo_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/tokenmint/tokenmint/internal/tokencache"
)

// TestFaults: whatever comes instead of an answer is an error that says what was going on, claims
// nothing about the outcome and repeats nothing that could be a sealed token. What may pass by
// itself is asked for twice, and no more.
func TestFaults(t *testing.T) {
	t.Parallel()
	for title, c := range map[string]struct {
		answer   http.HandlerFunc
		requests int
		says     string
	}{
		"throttled": {fault(400, "ProvisionedThroughputExceededException"), 2,
			"ProvisionedThroughputExceededException"},
		"over a limit":  {fault(400, "RequestLimitExceeded"), 2, "RequestLimitExceeded"},
		"server error":  {fault(500, "InternalServerError"), 2, "InternalServerError"},
		"unavailable":   {reply(503, ""), 2, "503"},
		"HTML error":    {reply(502, "<html>"+sentinel), 2, "status 502"},
		"no table":      {fault(400, "ResourceNotFoundException"), 1, "ResourceNotFoundException"},
		"no right":      {fault(400, "AccessDeniedException"), 1, "AccessDeniedException"},
		"invalid":       {fault(400, "ValidationException"), 1, "the service says why"},
		"HTML":          {reply(200, "<html>"+sentinel), 1, "status 200"},
		"half a body":   {halfBody, 1, "status 200"},
		"truncated":     {reply(200, `{"Item":{"sealed":{"B":"`+sentinel), 1, "status 200"},
		"not an object": {reply(200, `["`+sentinel+`"]`), 1, "status 200"},
		"redirect": {http.RedirectHandler("/elsewhere", http.StatusTemporaryRedirect).ServeHTTP, 1,
			"307"},
		"hung up": {hangUp, 2, "request send failed"},
	} {
		for _, m := range calls {
			t.Run(title+"/"+m.doing, func(t *testing.T) {
				t.Parallel()
				store, service := open(t, c.answer)
				err := m.call(t.Context(), store)
				unknown(t, err)
				for _, part := range []string{m.doing + ": ", c.says} {
					if !strings.Contains(fmt.Sprint(err), part) {
						t.Errorf("error %v does not have %q", err, part)
					}
				}
				if got := len(service.asked()); got != c.requests {
					t.Errorf("%d requests, want %d", got, c.requests)
				}
			})
		}
	}
}

func halfBody(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	_, _ = io.WriteString(w, `{"Item":{"sealed":{"B":"`+sentinel)
}

func hangUp(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// TestThrottled: the cache can tell a table that has too much to do from one that is gone.
func TestThrottled(t *testing.T) {
	t.Parallel()
	for code, throttled := range map[string]bool{
		"ProvisionedThroughputExceededException": true,
		"ThrottlingException":                    true,
		"RequestLimitExceeded":                   true,
		"InternalServerError":                    false,
		"AccessDeniedException":                  false,
		"ResourceNotFoundException":              false,
	} {
		for _, m := range calls {
			t.Run(code+"/"+m.doing, func(t *testing.T) {
				t.Parallel()
				store, _ := open(t, fault(400, code))
				err := m.call(t.Context(), store)
				if errors.Is(err, tokencache.ErrThrottled) != throttled {
					t.Errorf("error is %v, want it to be a throttled call's: %t", err, throttled)
				}
			})
		}
	}
}

// The SDK repeats no call any more when too many have failed. A throttled call looks the same then.
func TestThrottledForLong(t *testing.T) {
	t.Parallel()
	store, _ := open(t, fault(400, "ThrottlingException"))
	var callers sync.WaitGroup
	for range 30 {
		callers.Go(func() {
			for i := range 10 {
				_, err := store.Load(t.Context(), key)
				if !errors.Is(err, tokencache.ErrThrottled) {
					t.Errorf("call %d: %v", i, err)
				}
			}
		})
	}
	callers.Wait()
}

// TestConsistency: records are read cheaply, as Store allows, and the ledger as an operator wants
// it.
func TestConsistency(t *testing.T) {
	t.Parallel()
	store, service := open(t, reply(200, `{}`))
	if _, err := store.Load(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Ledger(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	if got := service.asked(); got[0].ConsistentRead || !got[1].ConsistentRead {
		t.Errorf("consistent reads: record %t, ledger %t",
			got[0].ConsistentRead, got[1].ConsistentRead)
	}
}

// TestQuotedReplies: the SDK's own text quotes what it did not expect.
func TestQuotedReplies(t *testing.T) {
	t.Parallel()
	for title, answer := range map[string]http.HandlerFunc{
		"item":            reply(200, `{"Item":"`+sentinel+`"}`),
		"attribute":       reply(200, `{"Item":{"sealed":"`+sentinel+`"}}`),
		"refusal":         conditionFailed(`"` + sentinel + `"`),
		"refusal's value": conditionFailed(`{"sealed":"` + sentinel + `"}`),
		"refusal's bytes": conditionFailed(`{"sealed":{"B":"` + sentinel + `!"}}`),
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			for _, m := range calls {
				store, _ := open(t, answer)
				if err := m.call(t.Context(), store); err != nil {
					unknown(t, err)
				} else if strings.HasPrefix(title, "refusal") {
					t.Errorf("%s: no error", m.doing)
				}
			}
		})
	}
}

// TestSlow: the caller's context ends what takes too long, also the pause before the second
// attempt.
func TestSlow(t *testing.T) {
	t.Parallel()
	for _, m := range calls {
		t.Run(m.doing, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			store, _ := open(t, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.WriteString(w, `{"Item":{`)
				_ = http.NewResponseController(w).Flush()
				cancel()
				<-r.Context().Done()
			})
			if err := m.call(ctx, store); !errors.Is(err, context.Canceled) {
				t.Errorf("error is %v, want %v", err, context.Canceled)
			}
		})
		t.Run(m.doing+", throttled", func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			store, service := open(t, func(w http.ResponseWriter, r *http.Request) {
				fault(400, "ThrottlingException")(w, r)
				cancel()
			})
			if err := m.call(ctx, store); !errors.Is(err, context.Canceled) ||
				len(service.asked()) != 1 {
				t.Errorf("error after %d requests is %v, want %v", len(service.asked()), err,
					context.Canceled)
			}
		})
	}
}

// TestRepeated: a write whose first answer was lost finds itself done when the SDK repeats it.
func TestRepeated(t *testing.T) {
	t.Parallel()
	const (
		other = `"v":{"N":"1"},"sealed":{"B":"U0VOVA=="},"minted":{"N":"1767366245678"},` +
			`"expires":{"N":"1767369845678"}`
		earlier = `"lease":{"S":"a"},"leased":{"N":"1767366245677"}`
		heir    = `"lease":{"S":"b"},"leased":{"N":"1767366300000"}`
		format  = `"v":{"N":"1"},`
	)
	for title, c := range map[string]struct {
		doing int
		there string
		want  error
	}{
		"lease":                     {1, format + leased, nil},
		"lease of another time":     {1, format + earlier, tokencache.ErrLost},
		"lease, by then a token":    {1, minted, tokencache.ErrLost},
		"save":                      {2, minted, nil},
		"save, by then taken over":  {2, minted + "," + heir, nil},
		"save, but of another":      {2, other, tokencache.ErrLost},
		"save, but taken over":      {2, format + leased, tokencache.ErrLost},
		"release":                   {3, minted, nil},
		"release, by then taken on": {3, minted + "," + heir, nil},
		"close":                     {5, `"closed":{"N":"1767366246678"}`, nil},
		"close, by then for longer": {5, `"closed":{"N":"1767366300000"}`, nil},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			store, service := open(t, hangUp, conditionFailed("{"+c.there+"}"))
			if err := calls[c.doing].call(t.Context(), store); !errors.Is(err, c.want) {
				t.Errorf("error is %v, want %v", err, c.want)
			}
			if got := len(service.asked()); got != 2 {
				t.Errorf("%d requests, want 2", got)
			}
		})
	}
}

// TestSpendRepeated: the second count is the one that holds.
func TestSpendRepeated(t *testing.T) {
	t.Parallel()
	store, _ := open(t, hangUp,
		reply(
			200, `{"Attributes":{"total":{"N":"12"},"p#web-map":{"N":"3"},`+
				`"ttl":{"N":"1767369900"}}}`))
	if left, err := store.Spend(t.Context(),
		tokencache.Spend{Now: now, Limit: 80, Profile: "web-map"}); err != nil || left != 68 {
		t.Errorf("%d left, %v, want 68", left, err)
	}
}

// unknown fails the test unless err leaves the outcome open and holds no sealed token.
func unknown(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	if _, spent := errors.AsType[*tokencache.SpentError](err); spent ||
		errors.Is(err, tokencache.ErrLost) {
		t.Errorf("error %v claims an outcome", err)
	}
	if text := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(text, sentinel) ||
		strings.Contains(text, "SENTINEL") {
		t.Error("the error holds a sealed token")
	}
}
