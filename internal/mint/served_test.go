package mint_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/internal/mint"
	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/telemetry"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// served gives the managed token web to the visitors of pages.
const served = `profiles:
  page:
    token: web
    allow:
      - {anyone: true, origins: ["https://maps.example.com"]}
tokens:
  web:
    scopes: [styles:tiles, styles:read, fonts:read]
    allowed_urls: [https://maps.example.com]
`

// servedMint is a mint whose secret of the token web the test sets. It has no parent.
type servedMint struct {
	*testMint
	value  string
	failed error
	hangs  bool
}

func newServedMint(t *testing.T) *servedMint {
	t.Helper()
	m := &servedMint{testMint: newOfflineTestMint(t)}
	m.yaml = served
	m.value = m.madeUp("pk", `{"u":"acme","a":"cm2"}`).Reveal()
	handler, err := mint.New(mint.Config{
		Profiles: m.profiles(), Cache: m.cache(), Now: time.Now,
		CreateTemporary: func(
			context.Context, tokens.Auth, tokens.TemporaryRequest,
		) (tokens.Temporary, error) {
			t.Error("a token was minted")
			return tokens.Temporary{}, errors.New("not expected")
		},
		ReadParent: func(context.Context) (secrets.Version, error) {
			t.Error("the parent was read")
			return secrets.Version{}, errors.New("not expected")
		},
		ReadServed: m.read,
		Logger:     telemetry.NewLogger(m.log, nil), Metrics: &telemetry.Metrics{Stage: "test"},
	})
	if err != nil {
		t.Fatal(err)
	}
	m.handler = handler
	return m
}

func (m *servedMint) read(ctx context.Context, name string) (secrets.Version, error) {
	m.reads++
	if m.hangs {
		<-ctx.Done()
		return secrets.Version{}, ctx.Err()
	}
	if name != "web" {
		m.t.Errorf("token %q was read", name)
	}
	return secrets.Version{ID: "v1", Value: secrets.NewValue(m.value)}, m.failed
}

// A page gets the managed token. The end that it learns is an hour after the read of the secret:
// the token lives longer than that even if it is replaced right after the read.
func TestVisitorsGetTheManagedToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newServedMint(t)
		read := time.Now()
		first := m.value
		for _, tc := range []struct {
			after time.Duration
			reads int
			ends  time.Duration
		}{
			{0, 1, time.Hour}, {4*time.Minute + 59*time.Second, 1, time.Hour},
			{5 * time.Minute, 2, 65 * time.Minute}, {6 * time.Minute, 2, 65 * time.Minute},
		} {
			time.Sleep(tc.after - time.Since(read))
			got := m.send(t.Context(), get(pagePath, page))
			ends := read.Add(tc.ends)
			if got.Status != 200 || got.Token != first || got.Profile != "page" ||
				len(got.Scopes) != 3 || got.Headers["Vary"] != "Origin" {
				t.Errorf("status %d, code %q, headers %v", got.Status, got.Code, got.Headers)
			}
			const layout = "2006-01-02T15:04:05.000Z"
			if m.reads != tc.reads || got.Expires != ends.UTC().Format(layout) ||
				got.ExpiresIn != int(time.Until(ends).Seconds()) {
				t.Errorf("after %s: %d reads, expires %s, expires_in %d", tc.after, m.reads,
					got.Expires, got.ExpiresIn)
			}
		}
		audit := m.audits()[0]
		if audit["source"] != "secret" || audit["tokenHash"] == nil || audit["caller"] != "anyone" {
			t.Errorf("audit record %v", audit)
		}
		m.noLeak()
	})
}

// The last moment at which anybody uses a token that was replaced right after the mint read it,
// with a cache in between, comes before rotation may delete the token.
func TestServedTokenOutlivesEveryReply(t *testing.T) {
	t.Parallel()
	last := config.LongestLifetime + config.PublicCacheLife
	if config.ShortestServedRetireAfter < last {
		t.Errorf("retire_after may be %s, and a page may use the token for %s",
			config.ShortestServedRetireAfter, last)
	}
}

func TestServedTokenThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		breaks func(m *servedMint)
		code   string
		cause  string
	}{
		"no secret, or no value yet": {func(m *servedMint) { m.failed = secrets.ErrNotFound },
			"token_unavailable", "not found"},
		"denied": {func(m *servedMint) { m.failed = secrets.ErrDenied },
			"token_unavailable", "denied"},
		"is deleted": {func(m *servedMint) { m.failed = secrets.ErrInvalid },
			"token_unavailable", "invalid"},
		"hangs": {func(m *servedMint) { m.hangs = true }, "token_unavailable", "deadline"},
		"empty": {func(m *servedMint) { m.value = " \n" }, "token_unusable", "empty"},
		"no token": {func(m *servedMint) { m.value = "to be done" },
			"token_unusable", "no token"},
		"secret token": {func(m *servedMint) {
			m.value = m.madeUp("sk", `{"u":"acme","a":"cm3"}`).Reveal()
		}, "token_unusable", "not public"},
		"secret token in JSON": {func(m *servedMint) {
			m.value = `{"token":"` + m.madeUp("sk", `{"u":"acme","a":"cm3"}`).Reveal() + `"}`
		}, "token_unusable", "not public"},
		"temporary token": {func(m *servedMint) {
			m.value = m.madeUp("tk", `{"u":"acme","exp":4102444800}`).Reveal()
		}, "token_unusable", "not public"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := newServedMint(t)
				if got := m.send(t.Context(), get(pagePath, page)); got.Status != 200 {
					t.Fatalf("status %d, code %q", got.Status, got.Code)
				}
				good := m.value
				tc.breaks(m)
				time.Sleep(5 * time.Minute)
				start := time.Now()
				got := m.send(t.Context(), get(pagePath, page))
				if got.Status != 503 || got.Code != tc.code || got.Token != "" ||
					time.Since(start) > time.Second {
					t.Errorf("status %d, code %q, after %s", got.Status, got.Code,
						time.Since(start))
				}
				audits := m.audits()
				cause, _ := audits[len(audits)-1]["cause"].(string)
				if !strings.Contains(cause, tc.cause) {
					t.Errorf("cause %q, want %q", cause, tc.cause)
				}
				m.value, m.failed, m.hangs = good, nil, false
				if got := m.send(t.Context(), get(pagePath, page)); got.Status != 200 {
					t.Errorf("mended: status %d, code %q", got.Status, got.Code)
				}
				m.noLeak()
			})
		})
	}
}

// Only the public route gives the managed token.
func TestOtherCallersGetNoManagedToken(t *testing.T) {
	t.Parallel()
	m := newServedMint(t)
	for name, tc := range map[string]struct {
		got  reply
		code string
	}{
		"IAM": {m.send(t.Context(), post("/tokens", webCaller, `{"profile":"page"}`)),
			"profile_not_allowed"},
		"JWT": {m.send(t.Context(), withJWT(as(""), map[string]any{"groups": "x"})),
			"profile_not_allowed"},
		"another page": {m.send(t.Context(), get(pagePath, "https://evil.example")),
			"origin_not_allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.got.Status != http.StatusForbidden || tc.got.Code != tc.code {
				t.Errorf("status %d, code %q", tc.got.Status, tc.got.Code)
			}
		})
	}
	if m.reads != 0 {
		t.Errorf("the secret was read %d times for callers who may not have the token", m.reads)
	}
}

func TestServedProfileNeedsAReader(t *testing.T) {
	t.Parallel()
	m := newServedMint(t)
	_, err := mint.New(mint.Config{
		Profiles: m.profiles(), Cache: m.cache(), Now: time.Now,
		CreateTemporary: func(
			context.Context, tokens.Auth, tokens.TemporaryRequest,
		) (tokens.Temporary, error) {
			return tokens.Temporary{}, nil
		},
		ReadParent: func(context.Context) (secrets.Version, error) {
			return secrets.Version{}, nil
		},
		Logger: telemetry.NewLogger(m.log, nil),
	})
	if err == nil {
		t.Error("a mint that cannot read the token of a profile was made")
	}
}
