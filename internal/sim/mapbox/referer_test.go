package mapbox_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
)

// from requests a style from a page. An empty referer is a request without that header.
func (b *testSimulator) from(referer, token string) answer {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet,
		b.url+"/styles/v1/alice/streets?access_token="+token, nil)
	if err != nil {
		b.t.Fatal("the request is malformed")
	}
	if referer != "" {
		req.Header.Set("Referer", referer)
	}
	return b.send(req)
}

func TestRestrictedTokenWorksOnItsPages(t *testing.T) {
	t.Parallel()
	b := newTestSimulator(t, mapbox.Config{})
	restricted := b.create(`{"scopes":["styles:read"],"allowedUrls":["https://maps.example.com",` +
		`"https://example.com/shop/","localhost:3000"]}`).text("token")
	for referer, allowed := range map[string]bool{
		"https://maps.example.com/":             true,
		"https://maps.example.com/a/b?c=d":      true,
		"https://MAPS.example.com":              true,
		"https://example.com/shop":              true,
		"https://example.com/shop/cart":         true,
		"http://localhost:3000/":                true,
		"https://localhost:3000/":               true,
		"":                                      false,
		"https://example.com/":                  false, // what browsers send of a page with a path
		"https://example.com/shopping":          false,
		"http://maps.example.com/":              false,
		"https://maps.example.com:8443/":        false,
		"https://maps.example.com.evil.test/":   false,
		"https://evil.test/maps.example.com":    false,
		"https://maps.example.com@evil.test/":   false,
		"https://www.maps.example.com/":         false,
		"http://localhost/":                     false,
		"maps.example.com":                      false,
		"https://evil.test/https://example.com": false,
	} {
		t.Run(referer, func(t *testing.T) {
			b := b.in(t)
			if got := b.from(referer, restricted); allowed {
				b.want(got, http.StatusOK, "")
			} else {
				b.want(got, http.StatusForbidden, "Forbidden")
			}
		})
	}
	if got := b.verdict(restricted); got != "TokenValid" {
		t.Errorf("a server without a Referer learns %s", got)
	}
}

func TestStyleNeedsATokenThatMayReadIt(t *testing.T) {
	t.Parallel()
	b := newTestSimulator(t, mapbox.Config{RateLimit: 1})
	_, fonts := b.issue("alice", "fonts:read")
	_, styles := b.issue("alice", "styles:read")
	for name, tc := range map[string]struct {
		token, message string
		status         int
	}{
		"no restriction": {styles, "", http.StatusOK},
		"no such scope":  {fonts, "Not Found", http.StatusNotFound},
		"no token":       {"", "access token is required", http.StatusUnprocessableEntity},
		"forged":         {forge(styles), "Unauthorized", http.StatusUnauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			b := b.in(t)
			b.want(b.from("https://maps.example.com/", tc.token), tc.status, tc.message)
		})
	}
	// Pages do not spend the requests of the Tokens API.
	temporary := b.temporary(b.all, time.Minute, "styles:read")
	b.want(b.from("", temporary), http.StatusOK, "")
}
