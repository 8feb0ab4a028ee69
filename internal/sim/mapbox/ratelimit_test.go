package mapbox_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
)

func TestRateLimit(t *testing.T) {
	t.Parallel()
	b := newTestSimulator(t, mapbox.Config{RateLimit: 3})
	_, bobs := b.issue("bob", "tokens:read")
	list := func() answer { return b.do("GET", "/tokens/v2/alice", b.all, "") }
	for range 2 {
		b.want(list(), http.StatusOK, "")
	}
	// This request counts for no account.
	b.want(b.do("GET", "/tokens/v2/alice", forge(b.all), ""), 401, "Unauthorized")
	if b.verdict(b.all) != "TokenValid" {
		t.Error("a retrieve within the limit is not answered")
	}
	for range 2 {
		a := list()
		b.want(a, http.StatusTooManyRequests, "Too Many Requests")
		for name, want := range map[string]string{
			"X-Rate-Limit-Interval": "60",
			"X-Rate-Limit-Limit":    "3",
			"X-Rate-Limit-Reset":    "1903867260", // a minute after the first request
		} {
			t.Run(name, func(t *testing.T) {
				if got := a.header.Get(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			})
		}
	}
	b.want(b.do("GET", "/tokens/v2/bob", bobs, ""), http.StatusOK, "") // another account

	b.sim.Advance(60*time.Second - 251*time.Millisecond)
	b.want(list(), http.StatusTooManyRequests, "Too Many Requests")
	b.sim.Advance(time.Millisecond) // to the reset
	a := list()
	b.want(a, http.StatusOK, "")
	if got := a.header.Get("X-Rate-Limit-Reset"); got != "1903867320" {
		t.Errorf("the next window resets at %s", got)
	}
}

func TestRateLimitedHasNoEffect(t *testing.T) {
	t.Parallel()
	b := newTestSimulator(t, mapbox.Config{RateLimit: 1})
	b.create(`{"scopes":[]}`)
	before := len(b.sim.Tokens("alice"))
	b.want(b.do("POST", "/tokens/v2/alice", b.all, `{"scopes":[]}`), http.StatusTooManyRequests,
		"Too Many Requests")
	if after := len(b.sim.Tokens("alice")); after != before {
		t.Errorf("%d tokens became %d", before, after)
	}
}

func TestEveryAuthenticatedReplyTellsTheLimit(t *testing.T) {
	t.Parallel()
	b := newTestSimulator(t, mapbox.Config{RateLimit: 100})
	_, scopeless := b.issue("alice", "map:read")
	b.sim.Inject(mapbox.Fault{Op: mapbox.OpScopes, Kind: mapbox.Status, Status: 500})
	for name, a := range map[string]answer{
		"success":    b.do("GET", "/tokens/v2/alice", b.all, ""),
		"no content": b.do("DELETE", "/tokens/v2/alice/"+b.sim.Tokens("alice")[0].ID, b.all, ""),
		"refusal":    b.do("GET", "/tokens/v2/alice", scopeless, ""),
		"injected":   b.do("GET", "/scopes/v1/alice", b.all, ""),
	} {
		t.Run(name, func(t *testing.T) {
			if a.header.Get("X-Rate-Limit-Limit") != "100" || a.header.Get("X-Amz-Cf-Id") == "" {
				t.Errorf("%s: %d without the limit or a request id", name, a.status)
			}
		})
	}
	for name, a := range map[string]answer{
		"unauthorised": b.do("GET", "/tokens/v2/alice", "sk.none", ""),
		"no limit":     newTestSimulator(t, mapbox.Config{}).do("GET", "/tokens/v2", "", ""),
	} {
		t.Run(name, func(t *testing.T) {
			if a.header.Get("X-Rate-Limit-Limit") != "" {
				t.Errorf("%s: %d tells a limit", name, a.status)
			}
		})
	}
}
