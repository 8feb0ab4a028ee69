package mint_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
	"github.com/tokenmint/tokenmint/internal/tokencache"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// Each way in which Mapbox can fail, and what the caller is told. None is asked twice unless it
// certainly did not happen.
func TestMapboxFails(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fault  mapbox.Fault
		status int
		code   string
		mints  int
	}{
		"401": {mapbox.Fault{Kind: mapbox.Status, Status: 401}, 503, "parent_rejected", 1},
		"403": {mapbox.Fault{Kind: mapbox.Status, Status: 403}, 502, "upstream_failed", 1},
		"404": {mapbox.Fault{Kind: mapbox.Status, Status: 404, Message: "Not Found"}, 503,
			"parent_lacks_scopes", 1},
		"422": {mapbox.Fault{Kind: mapbox.Status, Status: 422,
			Message: "expires is in the past"}, 502, "upstream_failed", 1},
		"422 scopes": {mapbox.Fault{Kind: mapbox.Status, Status: 422,
			Message: "scopes are invalid"}, 422, "scopes_invalid", 1},
		"429": {mapbox.Fault{Kind: mapbox.Status, Status: 429}, 429, "rate_limited", 2},
		"500": {mapbox.Fault{Kind: mapbox.Status, Status: 500}, 502, "upstream_failed", 1},
		"302": {mapbox.Fault{Kind: mapbox.Status, Status: 302,
			Header: http.Header{"Location": {"https://elsewhere.example/"}}}, 502,
			"upstream_failed", 1},
		"HTML":        {mapbox.Fault{Kind: mapbox.HTML}, 502, "upstream_failed", 1},
		"HTML 200":    {mapbox.Fault{Kind: mapbox.HTML, Status: 200}, 502, "upstream_failed", 1},
		"half a body": {mapbox.Fault{Kind: mapbox.HalfBody}, 502, "upstream_failed", 1},
		"nothing":     {mapbox.Fault{Kind: mapbox.NoAnswer}, 502, "upstream_failed", 1},
		"lost answer": {mapbox.Fault{Kind: mapbox.LostAnswer}, 502, "upstream_failed", 1},
		"30 s late": {mapbox.Fault{Kind: mapbox.Slow, DelayBefore: 30 * time.Second}, 504,
			"upstream_timeout", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newTestMint(t).withParent()
			tc.fault.Hits = -1
			b.sim.Inject(tc.fault)
			// As on Lambda, the context ends with the function's time, and the reply comes before
			// that.
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			if tc.fault.DelayBefore > 0 {
				ctx, cancel = context.WithTimeout(t.Context(), 600*time.Millisecond)
			}
			defer cancel()
			got := b.send(ctx, post("/tokens", webCaller, "{}"))
			if ctx.Err() != nil {
				t.Error("the reply came after the function's deadline")
			}
			if got.Status != tc.status || got.Code != tc.code || got.Token != "" {
				t.Errorf("status %d, code %q, message %q", got.Status, got.Code, got.Message)
			}
			// The simulator notes a call when it ends, which for a late one may be after the reply.
			if n := b.mints(); n > tc.mints || (n < tc.mints && tc.fault.Kind != mapbox.Slow) {
				t.Errorf("Mapbox was asked %d times, want %d", n, tc.mints)
			}
			b.noLeak(got.Raw)
		})
	}
}

func TestUnreachableMapbox(t *testing.T) {
	t.Parallel()
	b := newTestMint(t).withParent()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close() // nobody listens there now
	b.handler = b.newHandler(server.URL)
	if got := b.send(t.Context(), post("/tokens", webCaller, "{}")); got.Status != 502 ||
		got.Code != "upstream_failed" {
		t.Errorf("status %d, code %q", got.Status, got.Code)
	}
	b.noLeak()
}

func TestRetryAfterIsMapboxsReset(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		header   http.Header
		min, max int // seconds
	}{
		"told": {
			http.Header{"X-Rate-Limit-Reset": {fmt.Sprint(
				time.Now().Add(40 * time.Second).Unix())}}, 30, 41},
		"not told": {nil, 60, 60},
		"past":     {http.Header{"X-Rate-Limit-Reset": {"1"}}, 60, 60},
		"far": {http.Header{"X-Rate-Limit-Reset": {strconv.FormatInt(time.Now().UnixMilli(),
			10)}}, 60, 60},
	} {
		t.Run(name, func(t *testing.T) {
			b := newTestMint(t).withParent()
			b.sim.Inject(mapbox.Fault{Kind: mapbox.Status, Status: 429, Header: tc.header,
				Hits: -1})
			got := b.send(t.Context(), post("/tokens", webCaller, "{}"))
			seconds, err := strconv.Atoi(got.Headers["Retry-After"])
			if err != nil || got.Status != 429 || seconds < tc.min || seconds > tc.max {
				t.Errorf("%s: status %d, Retry-After %q", name, got.Status,
					got.Headers["Retry-After"])
			}
		})
	}
}

// The ledger's word is taken as it is: a budget that is closed, by a clock ahead of this one's, may
// be so for more than two minutes.
func TestRetryAfterIsTheLedgers(t *testing.T) {
	t.Parallel()
	b := newTestMint(t).withParent()
	b.handler = b.custom(func(context.Context, tokens.Auth,
		tokens.TemporaryRequest) (tokens.Temporary, error) {
		return tokens.Temporary{}, &tokencache.SpentError{Until: time.Now().Add(170 * time.Second)}
	}, func(ctx context.Context) (secrets.Version,
		error) {
		return b.store.Get(ctx, parentSecret, "")
	})
	got := b.send(t.Context(), post("/tokens", webCaller, "{}"))
	if seconds, err := strconv.Atoi(got.Headers["Retry-After"]); err != nil ||
		got.Code != "budget_spent" || seconds < 160 || seconds > 170 {
		t.Errorf("code %s, Retry-After %q", got.Code, got.Headers["Retry-After"])
	}
}

// An instance without a token and without the table tells callers to come again soon. Another
// instance may have a token.
func TestRetryAfterWithoutATable(t *testing.T) {
	t.Parallel()
	b := newTestMint(t).withParent()
	b.handler = b.custom(func(context.Context, tokens.Auth,
		tokens.TemporaryRequest) (tokens.Temporary, error) {
		return tokens.Temporary{}, &tokencache.UnsharedError{
			Until: time.Now().Add(7 * time.Second), Cause: context.DeadlineExceeded,
		}
	}, func(ctx context.Context) (secrets.Version, error) {
		return b.store.Get(ctx, parentSecret, "")
	})
	got := b.send(t.Context(), post("/tokens", webCaller, "{}"))
	seconds, err := strconv.Atoi(got.Headers["Retry-After"])
	if err != nil || got.Status != 503 || got.Code != "table_unavailable" || seconds > 7 {
		t.Errorf("status %d, code %s, Retry-After %q",
			got.Status, got.Code, got.Headers["Retry-After"])
	}
}

// With a clock behind Mapbox's, an end that one caller asks for is past when Mapbox reads it. That
// refuses nobody else.
func TestEndThatIsPastAtMapbox(t *testing.T) {
	t.Parallel()
	b := newTestMint(t).withParent()
	b.skew = -2 * time.Minute
	if got := b.send(t.Context(), post("/tokens", webCaller, `{"ttl":"1m"}`)); got.Status != 422 ||
		got.Code != "expires_past" || b.mints() != 1 {
		t.Errorf("status %d, code %q, after %d calls", got.Status, got.Code, b.mints())
	}
	for _, body := range []string{`{}`, `{"ttl":"5m"}`} {
		if got := b.send(t.Context(), post("/tokens", webCaller, body)); got.Status != 200 {
			t.Errorf("%s after it: status %d, code %q", body, got.Status, got.Code)
		}
	}
}

// A clock ahead of Mapbox's makes a full hour too long for it.
func TestClockAheadOfMapboxs(t *testing.T) {
	t.Parallel()
	b := newTestMint(t).withParent()
	b.skew = 30 * time.Second
	got := b.send(t.Context(), post("/tokens", ciCaller, `{}`))
	if got.Status != 200 || got.ExpiresIn < 58*60 || b.mints() != 2 {
		t.Errorf("status %d, code %q, %d s, after %d calls", got.Status, got.Code, got.ExpiresIn,
			b.mints())
	}
	b.skew = 2 * time.Minute
	if got := b.send(t.Context(), post("/tokens", ciCaller, `{}`)); got.Status != 502 ||
		b.mints() != 4 {
		t.Errorf("two minutes ahead: status %d, code %q, after %d calls", got.Status, got.Code,
			b.mints())
	}
}

// A panic is the one error whose text nobody has checked: it may quote a token.
func TestPanicIsAnswerAndRecord(t *testing.T) {
	t.Parallel()
	b := newTestMint(t).withParent()
	b.handler = b.custom(func(_ context.Context, parent tokens.Auth,
		_ tokens.TemporaryRequest) (tokens.Temporary, error) {
		panic(parent.Token.Reveal())
	}, func(ctx context.Context) (secrets.Version,
		error) {
		return b.store.Get(ctx, parentSecret, "")
	})
	got := b.send(t.Context(), post("/tokens", webCaller, "{}"))
	if got.Status != 500 || got.Code != "internal" {
		t.Errorf("status %d, code %q", got.Status, got.Code)
	}
	if cause, _ := b.audits()[0]["cause"].(string); !strings.Contains(cause,
		"panic of type string") || !strings.Contains(cause, "mint_test") {
		t.Errorf("the audit record's cause is %q", cause)
	}
	b.noLeak(got.Raw)
}
