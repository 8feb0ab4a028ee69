package mint_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// answering makes the mint's Mapbox answer so.
func (b *testMint) answering(answer func(asked tokens.TemporaryRequest) tokens.Temporary) {
	b.handler = b.custom(func(_ context.Context, _ tokens.Auth,
		r tokens.TemporaryRequest) (tokens.Temporary, error) {
		return answer(r), nil
	}, func(ctx context.Context) (secrets.Version,
		error) {
		return b.store.Get(ctx, parentSecret, "")
	})
}

// madeUp is a token with this payload, which must show nowhere.
func (b *testMint) madeUp(usage, payload string) tokens.Token {
	value := usage + "." + base64.RawURLEncoding.EncodeToString([]byte(payload)) +
		".AAAAAAAAAAAAAAAAAAAAAA"
	b.planted = append(b.planted, value)
	return tokens.NewToken(value)
}

// What Mapbox returns is checked before anybody gets it, and before it is shared.
func TestWhatMapboxReturnsIsChecked(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		usage   string
		payload func(asked time.Time) string
		expires func(asked time.Time) time.Time // as the reply says
		status  int
	}{
		"what was asked": {"tk", plainToken, asAsked, 200},
		"all that a token says": {"tk", saying(`"scopes":["fonts:read"],"client":"api",`, 0),
			asAsked, 200},
		"ends a little later": {"tk", plainToken, later(time.Second), 200},
		"ends earlier":        {"tk", plainToken, later(-10 * time.Minute), 200},
		"a secret token":      {"sk", plainToken, asAsked, 502},
		"a public token":      {"pk", plainToken, asAsked, 502},
		"no token":            {"", plainToken, asAsked, 502},
		"no payload":          {"tk", func(time.Time) string { return "?" }, asAsked, 502},
		"another account's": {"tk", func(time.Time) string { return `{"u":"other"}` },
			asAsked, 502},
		"ended": {"tk", plainToken, later(-2 * time.Hour), 502},
		"ends in 9 seconds": {"tk", plainToken,
			func(time.Time) time.Time { return time.Now().Add(9 * time.Second) }, 502},
		"ends never": {"tk", plainToken,
			func(time.Time) time.Time { return time.Time{} }, 502},
		"ends in a year":           {"tk", plainToken, later(365 * 24 * time.Hour), 502},
		"ends an hour later":       {"tk", plainToken, later(time.Hour), 502},
		"ended, as the token says": {"tk", saying("", -2*time.Hour), asAsked, 502},
		"ends later, as it says":   {"tk", saying("", time.Hour), asAsked, 502},
		"a scope more": {"tk", saying(`"scopes":["fonts:read","uploads:write"],`, 0),
			asAsked, 502},
		"another scope":              {"tk", saying(`"scopes":["tokens:write"],`, 0), asAsked, 502},
		"fewer scopes, which it may": {"tk", saying(`"scopes":[],`, 0), asAsked, 200},
	} {
		t.Run(name, func(t *testing.T) {
			for _, ttl := range []string{"", `"ttl":"20m",`} {
				b := newTestMint(t).withParent()
				b.yaml = guarded
				b.answering(func(asked tokens.TemporaryRequest) tokens.Temporary {
					got := tokens.Temporary{IssuedAt: time.Now(),
						Expires: tc.expires(asked.Expires)}
					if tc.usage != "" {
						got.Token = b.madeUp(tc.usage, tc.payload(asked.Expires))
					}
					return got
				})
				for range 2 { // the second could find the token in the cache
					got := b.send(t.Context(),
						post("/tokens", webCaller, `{`+ttl+`"scopes":["fonts:read"]}`))
					if got.Status != tc.status || got.Status == 502 &&
						got.Code != "upstream_failed" {
						t.Errorf("%s, %s: status %d, code %q", name, ttl, got.Status, got.Code)
					}
					b.noLeak()
				}
			}
		})
	}
}

func asAsked(asked time.Time) time.Time { return asked }

func later(d time.Duration) func(time.Time) time.Time {
	return func(asked time.Time) time.Time { return asked.Add(d) }
}

func plainToken(time.Time) string { return `{"u":"acme"}` }

// saying is a payload with an end that is later than asked, and more.
func saying(more string, later time.Duration) func(time.Time) string {
	return func(asked time.Time) string {
		return fmt.Sprintf(`{"u":"acme",%s"exp":%d}`, more, asked.Add(later).Unix())
	}
}

// A mint that takes long leaves less of a short life than ten seconds: then nobody gets the token.
func TestNoTokenIsReturnedInItsLastSeconds(t *testing.T) {
	t.Parallel()
	for takes, want := range map[time.Duration]int{0: 200, 900 * time.Millisecond: 200,
		1500 * time.Millisecond: 422} {
		t.Run(takes.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newOfflineTestMint(t)
				b.answering(func(asked tokens.TemporaryRequest) tokens.Temporary {
					time.Sleep(takes)
					return tokens.Temporary{Token: b.madeUp("tk", plainToken(asked.Expires)),
						IssuedAt: time.Now(), Expires: asked.Expires}
				})
				got := b.send(t.Context(), post("/tokens", ciCaller, `{"ttl":"10s"}`))
				if got.Status != want || got.Status == 422 && got.Code != "expires_too_soon" ||
					got.Status == 200 && got.ExpiresIn != 10 {
					t.Errorf("after %s: status %d, code %q, expires_in %d", takes, got.Status,
						got.Code, got.ExpiresIn)
				}
			})
		})
	}
}

// Three requests and one mint: one record says minted.
func TestOneRecordForEachMint(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newOfflineTestMint(t)
		b.yaml = guarded
		b.answering(func(asked tokens.TemporaryRequest) tokens.Temporary {
			time.Sleep(100 * time.Millisecond)
			return tokens.Temporary{Token: b.madeUp("tk", plainToken(asked.Expires)),
				IssuedAt: time.Now(), Expires: asked.Expires}
		})
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if reply, err := b.handler.HandleJSON(t.Context(),
					rawEvent(t, post("/tokens", webCaller, `{}`))); err != nil ||
					reply.StatusCode != 200 {
					t.Errorf("status %d", reply.StatusCode)
				}
			})
		}
		wg.Wait()
		sources := map[any]int{}
		for _, record := range b.audits() {
			sources[record["source"]]++
		}
		if sources["minted"] != 1 || sources["memory"] != 2 {
			t.Errorf("sources %v", sources)
		}
	})
}
