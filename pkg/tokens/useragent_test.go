package tokens_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

func TestUserAgent(t *testing.T) {
	t.Parallel()
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Values("User-Agent")
		_, _ = w.Write([]byte(`[]`))
	}))
	t.Cleanup(server.Close)
	for given, want := range map[string]string{
		"":                       "tokenmint",
		"shop/1.2":               "shop/1.2 tokenmint",
		"shop/1.2 (+https://ex)": "shop/1.2 (+https://ex) tokenmint",
	} {
		t.Run("after "+given, func(t *testing.T) {
			client := build(t, tokens.Config{BaseURL: server.URL, UserAgent: given})
			if _, err := client.ListScopes(t.Context(), jane); err != nil {
				t.Fatal(err)
			}
			if len(got) != 1 || got[0] != want {
				t.Errorf("UserAgent %q: sent %q, want %q", given, got, want)
			}
		})
	}
}

func TestUserAgentRefused(t *testing.T) {
	t.Parallel()
	for _, given := range []string{"a\r\nX-Evil: 1", "a\n", "a\x00", "caf\u00e9", "a\tb", "a\x7f"} {
		if _, err := tokens.New(tokens.Config{UserAgent: given}); err == nil {
			t.Errorf("UserAgent %q is accepted", given)
		}
	}
}
