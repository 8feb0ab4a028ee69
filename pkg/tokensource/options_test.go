package tokensource_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/pkg/tokensource"
)

func TestNewRefusesWrongOptions(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		options tokensource.Options
		says    string
	}{
		"no URL":         {tokensource.Options{}, "URL is empty"},
		"half a URL":     {tokensource.Options{URL: "mint.example/tokens"}, "complete address"},
		"a file":         {tokensource.Options{URL: "file:///tokens"}, "complete address"},
		"no address":     {tokensource.Options{URL: "https://a b"}, "complete address"},
		"plain http":     {tokensource.Options{URL: "http://mint.example/tokens"}, "https"},
		"a name like us": {tokensource.Options{URL: "http://localhost.example/"}, "https"},
		"a query":        {tokensource.Options{URL: address + "?access_token=sk.x"}, "no query"},
		"a password":     {tokensource.Options{URL: "https://a:b@" + "mint.example/"}, "user"},
		"a public profile": {tokensource.Options{URL: "https://mint.example/public/tokens/web",
			Profile: "web"}, "a GET takes no Profile"},
		"a method":   {tokensource.Options{URL: address, Method: "PUT"}, "GET or POST"},
		"a negative": {tokensource.Options{URL: address, TTL: -time.Second}, "TTL is negative"},
		"a negative wait": {tokensource.Options{URL: address, Wait: -time.Second},
			"Wait is negative"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := tokensource.New(tc.options)
			if err == nil || !strings.Contains(err.Error(), tc.says) ||
				strings.Contains(err.Error(), "sk.") || strings.Contains(err.Error(), "a:b") {
				t.Errorf("%v", err)
			}
		})
	}
}

// The request has what the options say, and nothing else.
func TestRequest(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		options      tokensource.Options
		method, body string
	}{
		"nothing": {tokensource.Options{}, "POST", "{}"},
		"all": {tokensource.Options{Profile: "uploads", TTL: 15 * time.Minute,
			Scopes: []string{"uploads:write"}}, "POST",
			`{"profile":"uploads","scopes":["uploads:write"],"ttl":"15m0s"}`},
		"public": {tokensource.Options{URL: "http://127.0.0.1:8787/public/tokens/web"}, "GET", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var method, body string
			m := &mint{answer: func(n int, r *http.Request) (*http.Response, error) {
				text, err := io.ReadAll(r.Body)
				method, body = r.Method, string(text)
				return issue(n, 60), err
			}}
			use(t, m.open(t, tc.options))
			if method != tc.method || body != tc.body {
				t.Errorf("%s %s", method, body)
			}
		})
	}
}
