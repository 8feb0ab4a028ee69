package mint_test

import (
	"context"
	"encoding/json"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

const (
	page     = "https://maps.example.com"
	pagePath = "/public/tokens/page"
)

// newPublicMint has the profile page for everybody, and others that are not public.
func newPublicMint(t *testing.T) *testMint {
	t.Helper()
	b := newTestMint(t)
	b.yaml = guarded
	b.handler = b.newHandler(b.mapbox)
	return b.withParent()
}

// Caches keep a reply for a minute. So a visitor learns an end that is a minute early.
func TestPublicReplyMayBeCached(t *testing.T) {
	t.Parallel()
	b := newPublicMint(t)
	for _, origin := range []string{page, ""} {
		got := b.send(t.Context(), get(pagePath, origin))
		if got.Status != http.StatusOK || got.Profile != "page" {
			t.Fatalf("status %d, code %q", got.Status, got.Code)
		}
		claims, err := tokens.NewToken(got.Token).Decode()
		if err != nil {
			t.Fatal(err)
		}
		end, err := time.Parse(time.RFC3339, got.Expires)
		if err != nil {
			t.Fatal(err)
		}
		if early := claims.Expires.Sub(end); early < 59*time.Second || early > 61*time.Second {
			t.Errorf("the reply says that the token ends %s before its end", early)
		}
		if left := time.Until(end); time.Duration(got.ExpiresIn)*time.Second-left > time.Second {
			t.Errorf("expires_in %d, and %s are left", got.ExpiresIn, left)
		}
		if got.Headers["Vary"] != "Origin" {
			t.Errorf("headers %v", got.Headers)
		}
	}
	if n := b.mints(); n != 1 {
		t.Errorf("%d mints, want one for all visitors", n)
	}
	if caller := b.audits()[0]["caller"]; caller != "anyone" {
		t.Errorf("caller %v", caller)
	}
	b.noLeak()
}

func TestPublicRefusals(t *testing.T) {
	t.Parallel()
	b := newPublicMint(t)
	body, query, list := get(pagePath, page), get(pagePath, page), get(pagePath, page)
	body.Body, query.RawQueryString = "{}", "scopes=styles:read"
	list.Headers["origin"] = page + "," + page
	sent := request(http.MethodPost, pagePath)
	head := request(http.MethodHead, pagePath)
	for name, tc := range map[string]struct {
		event  any
		status int
		code   string
	}{
		"body":                     {body, 400, "malformed"},
		"query":                    {query, 400, "malformed"},
		"unknown profile":          {get("/public/tokens/none", page), 404, "no_such_profile"},
		"profile that is not open": {get("/public/tokens/admin", page), 404, "no_such_profile"},
		"its name in another case": {get("/public/tokens/Page", page), 404, "no_such_profile"},
		"page that is not listed": {get(pagePath, "https://evil.example"), 403,
			"origin_not_allowed"},
		"sandboxed page": {get(pagePath, "null"), 403, "origin_not_allowed"},
		"two origins":    {list, 403, "origin_not_allowed"},
		"POST":           {sent, 405, "method_not_allowed"},
		"HEAD":           {head, 405, "method_not_allowed"},
		"GET on the IAM route": {request(http.MethodGet, "/tokens"), 405,
			"method_not_allowed"},
		"profile of an IAM caller": {post("/tokens", webCaller, `{"profile":"page"}`), 403,
			"profile_not_allowed"},
		"profile of a JWT's bearer": {withJWT(as(""), map[string]any{"groups": "x"}), 403,
			"profile_not_allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			raw, err := json.Marshal(tc.event)
			if err != nil {
				t.Fatal(err)
			}
			got := b.sendJSON(t.Context(), raw)
			if got.Status != tc.status || got.Code != tc.code {
				t.Errorf("status %d, code %q", got.Status, got.Code)
			}
			if tc.code != "profile_not_allowed" && name != "GET on the IAM route" &&
				got.Headers["Vary"] != "Origin" {
				t.Errorf("headers %v", got.Headers)
			}
		})
	}
	if n := b.mints(); n != 0 {
		t.Errorf("%d mints", n)
	}
}

// newSlowMint has a mint whose Mapbox takes some time, which the test may change.
func newSlowMint(t *testing.T, takes *atomic.Int64) (b *testMint, mints *atomic.Int32) {
	t.Helper()
	b, mints = newOfflineTestMint(t), new(atomic.Int32)
	b.yaml = guarded
	token := b.madeUp("tk", `{"u":"acme"}`)
	b.handler = b.custom(func(
		ctx context.Context, _ tokens.Auth, asked tokens.TemporaryRequest,
	) (tokens.Temporary, error) {
		mints.Add(1)
		select {
		case <-time.After(time.Duration(takes.Load())):
			return tokens.Temporary{Token: token, IssuedAt: time.Now(), Expires: asked.Expires}, nil
		case <-ctx.Done():
			return tokens.Temporary{}, ctx.Err()
		}
	}, func(ctx context.Context) (secrets.Version, error) {
		return b.store.Get(ctx, parentSecret, "")
	})
	return b, mints
}

// A visitor waits for Mapbox for a second. The mint goes on, and the next visitor gets its token.
func TestVisitorsDoNotWaitForMapbox(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var takes atomic.Int64
		takes.Store(int64(1500 * time.Millisecond))
		b, mints := newSlowMint(t, &takes)
		for _, want := range []struct {
			status int
			code   string
			after  time.Duration
		}{{503, "upstream_slow", time.Second}, {200, "", 500 * time.Millisecond}} {
			start := time.Now()
			got := b.send(t.Context(), get(pagePath, page))
			if got.Status != want.status || got.Code != want.code ||
				time.Since(start) != want.after {
				t.Errorf("status %d, code %q, after %s", got.Status, got.Code, time.Since(start))
			}
		}
		if n := mints.Load(); n != 1 {
			t.Errorf("%d mints", n)
		}
	})
}

// A stale token is better than none, as long as caches can keep the reply for a minute.
func TestVisitorsGetTheStaleToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var takes atomic.Int64
		b, _ := newSlowMint(t, &takes)
		b.send(t.Context(), get(pagePath, page))
		start := time.Now()
		takes.Store(int64(time.Hour)) // longer than anything waits
		for _, tc := range []struct {
			after  time.Duration
			status int
		}{{30 * time.Minute, 200}, {58 * time.Minute, 200}, {59 * time.Minute, 503}} {
			time.Sleep(tc.after - time.Since(start))
			asked := time.Now()
			got := b.send(t.Context(), get(pagePath, page))
			if got.Status != tc.status || time.Since(asked) != time.Second {
				t.Errorf("after %s: status %d, code %q", tc.after, got.Status, got.Code)
			}
			if got.Status == 200 && got.ExpiresIn < 10 {
				t.Errorf("after %s: expires_in %d", tc.after, got.ExpiresIn)
			}
		}
		time.Sleep(time.Minute) // the last mint gives up
	})
}

// A panic of a mint that no request waits for must not end the instance.
func TestPanicAfterTheVisitorLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newOfflineTestMint(t)
		b.yaml = guarded
		b.answering(func(tokens.TemporaryRequest) tokens.Temporary {
			time.Sleep(1500 * time.Millisecond)
			panic("made by the test")
		})
		for _, want := range []int{503, 500} {
			if got := b.send(t.Context(), get(pagePath, page)); got.Status != want {
				t.Errorf("status %d, code %q, want %d", got.Status, got.Code, want)
			}
		}
	})
}
