package mint_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/tokenmint/tokenmint/internal/mint"
	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

func TestReplyIsMapboxsWithScopesAndProfile(t *testing.T) {
	t.Parallel()
	b := newTestMint(t).withParent()
	start := time.Now()
	got := b.send(t.Context(), post("/tokens", webCaller, `{}`))
	if got.Status != http.StatusOK || got.Profile != "web-map" {
		t.Fatalf("status %d, profile %q, message %q", got.Status, got.Profile, got.Message)
	}
	if want := []string{"fonts:read", "styles:read", "styles:tiles"}; !slices.Equal(got.Scopes,
		want) {
		t.Errorf("scopes = %v, want %v", got.Scopes, want)
	}
	claims, err := tokens.NewToken(got.Token).Decode()
	if err != nil {
		t.Fatal(err)
	}
	if claims.Usage != tokens.UsageTemporary || claims.User != user ||
		!slices.Equal(slices.Sorted(slices.Values(claims.Scopes)), got.Scopes) {
		t.Errorf("the token says usage %s, user %s, scopes %v", claims.Usage, claims.User,
			claims.Scopes)
	}
	expires, err := time.Parse("2006-01-02T15:04:05.000Z", got.Expires)
	if err != nil {
		t.Fatal(err)
	}
	if life := expires.Sub(start); life < 29*time.Minute || life > 31*time.Minute {
		t.Errorf("the token lives %s, want the profile's 30m", life)
	}
	if got.ExpiresIn < 1790 || got.ExpiresIn > 1800 {
		t.Errorf("expires_in = %d", got.ExpiresIn)
	}
	if _, err := time.Parse("2006-01-02T15:04:05.000Z", got.IssuedAt); err != nil {
		t.Error(err)
	}
	audit := b.audits()[0]
	for key, want := range map[string]any{
		"caller": "arn:aws:iam::123456789012:role/web-app", "profile": "web-map", "code": "ok",
		"status": 200.0, "source": "minted",
		"route": "POST /tokens", "apiRequestId": "req-1",
		"tokenHash": tokens.NewToken(got.Token).Hash(), "level": "INFO",
	} {
		t.Run(key, func(t *testing.T) {
			if audit[key] != want {
				t.Errorf("audit record: %s = %v, want %v", key, audit[key], want)
			}
		})
	}
	b.noLeak()
}

// in is a time from now in the form that Mapbox's SDK for JavaScript sends.
func in(d time.Duration) string {
	return time.Now().Add(d).UTC().Format("2006-01-02T15:04:05.000Z")
}

func TestWhatIsAskedForIsWhatIsMinted(t *testing.T) {
	t.Parallel()
	b := newTestMint(t).withParent()
	jwt := map[string]any{"groups": []any{"staff", "maps"}, "sub": "ann"}
	form := post("/tokens/v2/acme", webCaller,
		base64.StdEncoding.EncodeToString([]byte(
			`{"expires":"`+in(10*time.Minute)+`","scopes":["fonts:read"]}`)))
	form.IsBase64Encoded = true
	staged := post("/tokens", webCaller, `{}`)
	staged.RawPath, staged.RequestContext.Stage = "/prod/tokens", "prod"
	mapped := post("/tokens/v2/acme", webCaller, `{"ttl":"1m","scopes":["fonts:read"]}`)
	mapped.RawPath = "/mapbox/tokens/v2/other"
	query := post("/tokens", webCaller, `{}`)
	query.RawQueryString = "access_token=sk.of-somebody"
	for name, tc := range map[string]struct {
		event   events.APIGatewayV2HTTPRequest
		profile string
		scopes  string
		life    time.Duration
	}{
		"fewer scopes, in any order, twice": {post("/tokens", webCaller,
			`{"scopes":["styles:tiles","fonts:read","styles:tiles"]}`), "web-map",
			"fonts:read styles:tiles", 30 * time.Minute},
		"the shortest ttl": {post("/tokens", webCaller, `{"ttl":"10s"}`),
			"web-map", "fonts:read styles:read styles:tiles", 10 * time.Second},
		"ttl": {post("/tokens", webCaller, `{"ttl":"90s"}`),
			"web-map", "fonts:read styles:read styles:tiles", 90 * time.Second},
		"expires": {post("/tokens", webCaller,
			`{"expires":"`+in(5*time.Minute)+`"}`), "web-map",
			"fonts:read styles:read styles:tiles", 5 * time.Minute},
		"expires with an offset": {post("/tokens", webCaller,
			`{"expires":"`+time.Now().Add(5*time.Minute).In(time.FixedZone("",
				7200)).Format(time.RFC3339)+`"}`), "web-map", "fonts:read styles:read styles:tiles",
			5 * time.Minute},
		"expires with an offset's colon out": {post("/tokens", webCaller,
			`{"expires":"`+time.Now().Add(5*time.Minute).In(time.FixedZone("",
				-34200)).Format("2006-01-02T15:04:05.000-0700")+`"}`), "web-map",
			"fonts:read styles:read styles:tiles", 5 * time.Minute},
		"expires in small letters": {post("/tokens", webCaller,
			`{"expires":"`+strings.ToLower(in(5*time.Minute))+`"}`), "web-map",
			"fonts:read styles:read styles:tiles", 5 * time.Minute},
		"expires without a zone": {post("/tokens", webCaller,
			`{"expires":"`+strings.TrimSuffix(in(5*time.Minute), "Z")+`000"}`),
			"web-map", "fonts:read styles:read styles:tiles", 5 * time.Minute},
		"null is not sent": {post("/tokens", webCaller,
			`{"scopes":null,"ttl":null,"profile":null,"note":null}`), "web-map",
			"fonts:read styles:read styles:tiles", 30 * time.Minute},
		"second profile for scopes": {post("/tokens", "arn:aws:iam::1:role/web-admin",
			`{"scopes":["uploads:write"]}`), "everything", "uploads:write", time.Hour},
		"named profile": {post("/tokens", "arn:aws:iam::1:role/web-admin",
			`{"profile":"everything"}`), "everything",
			"fonts:read styles:read styles:tiles uploads:write", time.Hour},
		"IAM user": {post("/tokens", ciCaller, `{}`), "everything",
			"fonts:read styles:read styles:tiles uploads:write", time.Hour},
		"an hour to the second": {post("/tokens", ciCaller, `{"ttl":"1h"}`),
			"everything", "fonts:read styles:read styles:tiles uploads:write", time.Hour},
		"JWT with a list claim": {withJWT(post("/tokens", "", `{}`), jwt), "web-map",
			"fonts:read styles:read styles:tiles", 30 * time.Minute},
		"Mapbox's wire": {post("/tokens/v2/acme", webCaller,
			`{"note":"mine","expires":"`+in(time.Minute)+`","scopes":["fonts:read"]}`), "web-map",
			"fonts:read", time.Minute},
		"Mapbox's wire, ttl": {post("/tokens/v2/acme", webCaller,
			`{"ttl":"1m","scopes":["fonts:read"]}`), "web-map", "fonts:read", time.Minute},
		"JSON labelled as a form": {form, "web-map", "fonts:read", 10 * time.Minute},
		"8 KiB": {post("/tokens", webCaller,
			`{"note":"`+strings.Repeat("x", 8<<10-11)+`"}`), "web-map",
			"fonts:read styles:read styles:tiles", 30 * time.Minute},
		"a base path mapping": {mapped, "web-map", "fonts:read", time.Minute},
		"a named stage": {staged, "web-map",
			"fonts:read styles:read styles:tiles", 30 * time.Minute},
		"an access_token is nothing": {query, "web-map",
			"fonts:read styles:read styles:tiles", 30 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			got := b.send(t.Context(), tc.event)
			if got.Status != http.StatusOK || got.Profile != tc.profile ||
				strings.Join(got.Scopes, " ") != tc.scopes {
				t.Errorf("%s: status %d, profile %q, scopes %v, message %q", name, got.Status,
					got.Profile, got.Scopes, got.Message)
				return
			}
			life := time.Duration(got.ExpiresIn) * time.Second
			if life > tc.life || life < tc.life-5*time.Second {
				t.Errorf("%s: lives %s, want %s", name, life, tc.life)
			}
		})
	}
	b.noLeak()
}

func TestEveryRequestLeavesOneAuditRecord(t *testing.T) {
	t.Parallel()
	b := newTestMint(t).withParent()
	b.send(t.Context(), post("/tokens", webCaller, `{}`))
	b.send(t.Context(), post("/nothing", webCaller, `{}`))
	b.send(t.Context(), post("/tokens", ciCaller, `{"ttl":"2h"}`))
	var got []string
	for _, r := range b.audits() {
		got = append(got, fmt.Sprintf("%v %v %v %v %v", r["level"], r["status"], r["code"],
			r["caller"], r["profile"]))
	}
	want := []string{
		"INFO 200 ok arn:aws:iam::123456789012:role/web-app web-map",
		"WARN 404 not_found  ",
		"WARN 422 expires_too_far arn:aws:iam::123456789012:user/ci everything",
	}
	if !slices.Equal(got, want) {
		t.Errorf("audit records:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// The parent is replaced and its predecessor deleted while a request is on its way with the old
// one.
func TestParentRotatedInTheMiddleOfAFlight(t *testing.T) {
	t.Parallel()
	b := newTestMint(t)
	b.yaml = guarded
	b.handler = b.newHandler(b.mapbox)
	oldID, old := b.issue(parentScopes...)
	b.storeParent("a", old)
	b.send(t.Context(), post("/tokens", ciCaller, `{"ttl":"5m"}`)) // the old parent is cached
	_, fresh := b.issue(parentScopes...)
	b.storeParent("b", fresh)
	b.sim.Inject(mapbox.Fault{Op: mapbox.OpCreateTemporary, Kind: mapbox.Slow,
		DelayBefore: 50 * time.Millisecond})
	time.AfterFunc(10*time.Millisecond, func() { _ = b.sim.Revoke(user, oldID) })
	for range 3 {
		if got := b.send(t.Context(), post("/tokens", ciCaller, `{}`)); got.Status != 200 {
			t.Errorf("status %d, code %q", got.Status, got.Code)
		}
	}
	b.noLeak()
}

func TestNewNeedsEverything(t *testing.T) {
	t.Parallel()
	if _, err := mint.New(mint.Config{}); err == nil {
		t.Error("a handler was made of nothing")
	}
}
