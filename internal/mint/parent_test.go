package mint_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/sim/aws"
	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// Each way in which the stored parent can be unusable, and what the caller and the operator are
// told.
func TestParentThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		store  func(b *testMint)
		code   string
		status int
		cause  string // in the audit record
	}{
		"missing": {func(*testMint) {}, "parent_unavailable", 503, "not found"},
		"blank": {func(b *testMint) { b.storeParent("a", " \n") }, "parent_unusable", 503,
			"empty"},
		"not a token": {func(b *testMint) { b.storeParent("a", "correct horse battery staple") },
			"parent_unusable", 503, "no token"},
		"broken JSON": {func(b *testMint) { b.storeParent("a", `{"token":`) }, "parent_unusable",
			503, "secret"},
		"without token": {func(b *testMint) { b.storeParent("a", `{"username":"acme"}`) },
			"parent_unusable", 503, `without "token"`},
		"public": {func(b *testMint) {
			_, pk := b.issue("styles:read")
			b.storeParent("a", pk)
		}, "parent_unusable", 503, "public"},
		"expired": {func(b *testMint) {
			_, sk := b.issue(parentScopes...)
			b.storeParent("a", b.temporary(sk, time.Minute))
			b.skew = 2 * time.Minute
		}, "parent_unusable", 503, "expired"},
		"revoked": {func(b *testMint) {
			id, sk := b.issue(parentScopes...)
			b.storeParent("a", sk)
			if err := b.sim.Revoke(user, id); err != nil {
				b.t.Fatal(err)
			}
		}, "parent_rejected", 503, "status 401"},
		"without tokens:write": {func(b *testMint) {
			_, sk := b.issue("styles:tiles", "styles:read", "fonts:read", "uploads:read")
			b.storeParent("a", sk)
		}, "parent_lacks_scopes", 503, "tokens:write"},
		"without the profile's scopes": {func(b *testMint) {
			_, sk := b.issue("styles:read", "tokens:write")
			b.storeParent("a", sk)
		}, "scopes_invalid", 422, "scopes are invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newTestMint(t)
			tc.store(b)
			got := b.send(t.Context(), post("/tokens", webCaller, "{}"))
			if got.Status != tc.status || got.Code != tc.code {
				t.Errorf("status %d, code %q, message %q", got.Status, got.Code, got.Message)
			}
			if cause, _ := b.audits()[0]["cause"].(string); !strings.Contains(cause, tc.cause) {
				t.Errorf("the audit record's cause is %q, want it to contain %q", cause, tc.cause)
			}
			b.noLeak(got.Raw)
		})
	}
}

// temporary makes a temporary token from another.
func (b *testMint) temporary(from string, life time.Duration) string {
	b.t.Helper()
	server := httptest.NewServer(b.sim)
	defer server.Close()
	client, err := tokens.New(tokens.Config{BaseURL: server.URL})
	if err != nil {
		b.t.Fatal(err)
	}
	got, err := client.CreateTemporary(b.t.Context(),
		tokens.Auth{Token: tokens.NewToken(from), Username: user},
		tokens.TemporaryRequest{Scopes: []string{"styles:read"}, Expires: time.Now().Add(life)})
	if err != nil {
		b.t.Fatal(err)
	}
	value := got.Token.Reveal()
	b.planted = append(b.planted, value)
	return value
}

func TestParentIsReadEveryFiveMinutes(t *testing.T) {
	t.Parallel()
	b := newTestMint(t).withParent()
	for _, tc := range []struct {
		skew  time.Duration
		reads int
	}{{0, 1}, {time.Minute, 1}, {4*time.Minute + 58*time.Second, 1},
		{5*time.Minute + time.Second, 2}, {6 * time.Minute, 2}} {
		t.Run(tc.skew.String(), func(t *testing.T) {
			b.skew = tc.skew
			b.send(t.Context(), post("/tokens", webCaller, `{"ttl":"20m"}`))
			if b.reads != tc.reads {
				t.Errorf("after %s the secret was read %d times, want %d", tc.skew, b.reads,
					tc.reads)
			}
		})
	}
}

// A parent older than its cache may be deleted any moment, so it is not used for want of a fresh
// one.
func TestUnreadableSecretEndsTheCachedParent(t *testing.T) {
	t.Parallel()
	b := newTestMint(t).withParent()
	b.send(t.Context(), post("/tokens", webCaller, "{}"))
	*b.store = *aws.NewMemory(time.Now)
	if got := b.send(t.Context(), post("/tokens", webCaller, "{}")); got.Status != 200 {
		t.Errorf("within its five minutes: status %d", got.Status)
	}
	b.skew = 6 * time.Minute
	if got := b.send(t.Context(), post("/tokens", webCaller, "{}")); got.Status != 503 ||
		got.Code != "parent_unavailable" {
		t.Errorf("after its five minutes: status %d, code %q", got.Status, got.Code)
	}
}

func TestRevokedParentIsReadAgainOnce(t *testing.T) {
	t.Parallel()
	b := newTestMint(t)
	oldID, old := b.issue(parentScopes...)
	b.storeParent("a", old)
	b.send(t.Context(), post("/tokens", webCaller, "{}"))
	if err := b.sim.Revoke(user, oldID); err != nil {
		t.Fatal(err)
	}

	got := b.send(t.Context(), post("/tokens", webCaller, "{}"))
	if got.Code != "parent_rejected" || b.reads != 2 || b.mints() != 2 {
		t.Errorf("same version: code %q after %d reads and %d mints", got.Code, b.reads, b.mints())
	}
	_, fresh := b.issue(parentScopes...)
	b.storeParent("b", fresh)
	got = b.send(t.Context(), post("/tokens", webCaller, "{}"))
	if got.Status != 200 || b.reads != 3 || b.mints() != 4 {
		t.Errorf("new version: status %d after %d reads and %d mints", got.Status, b.reads,
			b.mints())
	}
	b.noLeak()
}

func TestSecretThatGoesAfterA401(t *testing.T) {
	t.Parallel()
	b := newTestMint(t).withParent()
	b.send(t.Context(), post("/tokens", webCaller, "{}"))
	*b.store = *aws.NewMemory(time.Now)
	b.sim.Inject(mapbox.Fault{Kind: mapbox.Status, Status: 401})
	if got := b.send(t.Context(), post("/tokens", webCaller,
		"{}")); got.Code != "parent_unavailable" {
		t.Errorf("code %q", got.Code)
	}
}

func TestCallersAtOnceReadTheSecretOnce(t *testing.T) {
	t.Parallel()
	b := newTestMint(t).withParent()
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if got, _ := b.handler.HandleJSON(t.Context(),
				rawEvent(t, post("/tokens", webCaller, "{}"))); got.StatusCode != 200 {
				t.Errorf("status %d", got.StatusCode)
			}
		})
	}
	wg.Wait()
	if b.reads != 1 {
		t.Errorf("the secret was read %d times", b.reads)
	}
}

func TestWaitForTheSecretEndsWithTheRequest(t *testing.T) {
	t.Parallel()
	b := newTestMint(t).withParent()
	reading, release := make(chan struct{}), make(chan struct{})
	handler := b.custom(noMint, func(context.Context) (secrets.Version, error) {
		close(reading)
		<-release
		return secrets.Version{}, errors.New("too late")
	})
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = handler.HandleJSON(context.Background(),
			rawEvent(t, post("/tokens", webCaller, "{}")))
	}()
	<-reading
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, _ := handler.HandleJSON(ctx, rawEvent(t,
		post("/tokens", webCaller, "{}"))); got.StatusCode != 503 {
		t.Errorf("status %d", got.StatusCode)
	}
	close(release)
	<-done
}

func noMint(context.Context, tokens.Auth, tokens.TemporaryRequest) (tokens.Temporary, error) {
	return tokens.Temporary{}, errors.New("nothing is minted here")
}
