package tokens_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	secret := parent.Reveal()
	configs := map[string]tokens.Config{
		"scheme":      {BaseURL: "ftp://api.mapbox.com"},
		"no scheme":   {BaseURL: "api.mapbox.com"},
		"no host":     {BaseURL: "https://"},
		"port only":   {BaseURL: "https://:443"},
		"path":        {BaseURL: "https://api.mapbox.com/tokens/v2"},
		"query":       {BaseURL: "https://api.mapbox.com?access_token=" + secret},
		"empty query": {BaseURL: "https://api.mapbox.com?"},
		"fragment":    {BaseURL: "https://api.mapbox.com#" + secret},
		"user":        {BaseURL: "https://" + secret + "@api.mapbox.com"},
		"not a URL":   {BaseURL: "https://api.mapbox.com:" + secret},
		"attempts":    {MaxAttempts: -1},
	}
	for name, config := range configs {
		client, err := tokens.New(config)
		if err == nil || client != nil {
			t.Errorf("%s: no error", name)
			continue
		}
		checkSilent(t, name, err.Error())
	}
}

func TestNewOrigins(t *testing.T) {
	t.Parallel()
	origins := map[string]string{
		"":                                 "https://api.mapbox.com",
		"https://api.mapbox.com/":          "https://api.mapbox.com",
		"http://host.docker.internal:8788": "http://host.docker.internal:8788",
		"http://[::1]:8788":                "http://[::1]:8788",
	}
	for base, want := range origins {
		got := ""
		client := build(t, tokens.Config{BaseURL: base, HTTPClient: &http.Client{
			Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
				got = req.URL.Scheme + "://" + req.URL.Host
				w := httptest.NewRecorder()
				answer(200, `{"code":"TokenValid"}`)(w, req)
				return w.Result(), nil
			}),
		}})
		if _, err := client.Retrieve(t.Context(), parent); err != nil || got != want {
			t.Errorf("base %q: asked %q, error %v; want %q", base, got, err, want)
		}
	}
}

// The client uses a copy of the given HTTP client and does not follow redirects.
func TestGivenHTTPClient(t *testing.T) {
	t.Parallel()
	var paths []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		paths = append(paths, r.URL.Path)
		http.Redirect(w, r, "/elsewhere?"+r.URL.RawQuery, http.StatusMovedPermanently)
	}))
	t.Cleanup(server.Close)
	for _, given := range []*http.Client{
		nil,
		{},
		server.Client(),
		{CheckRedirect: func(*http.Request, []*http.Request) error {
			t.Error("the client asked whether to follow a redirect")
			return nil
		}},
	} {
		paths = nil
		var before http.Client
		if given != nil {
			before = *given
		}
		client := build(t, tokens.Config{BaseURL: server.URL, HTTPClient: given})
		_, err := client.Retrieve(t.Context(), parent)
		checkError(t, err, http.StatusMovedPermanently, tokens.OutcomeUnknown)
		if len(paths) != 1 || paths[0] != "/tokens/v2" {
			t.Errorf("asked %q, want one request", paths)
		}
		if given != nil && given.Transport != before.Transport {
			t.Error("the given client was changed")
		}
	}
}

// TestArguments: a wrong argument is an error before anything is sent.
func TestArguments(t *testing.T) {
	t.Parallel()
	client := newClient(t, func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("sent %s %s", r.Method, r.URL.Path)
	})
	list := func(auth tokens.Auth, opts tokens.ListOptions) func(context.Context) error {
		return func(ctx context.Context) error {
			for _, err := range client.List(ctx, auth, opts) {
				if err != nil {
					return err
				}
			}
			return nil
		}
	}
	remove := func(auth tokens.Auth, id string) func(context.Context) error {
		return func(ctx context.Context) error { return client.Delete(ctx, auth, id) }
	}
	update := func(id string, req tokens.UpdateRequest) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := client.Update(ctx, jane, id, req)
			return err
		}
	}
	note := tokens.UpdateRequest{Note: new("n")}
	none, nobody := tokens.Auth{Username: "jane"}, tokens.Auth{Token: parent}
	user := func(name string) tokens.Auth { return tokens.Auth{Token: parent, Username: name} }
	calls := map[string]func(context.Context) error{
		"list without token":    list(none, tokens.ListOptions{}),
		"list without user":     list(nobody, tokens.ListOptions{}),
		"list a parent folder":  list(user(".."), tokens.ListOptions{}),
		"list a folder":         list(user("."), tokens.ListOptions{}),
		"list negative pages":   list(jane, tokens.ListOptions{PageSize: -1}),
		"list usage with limit": list(jane, tokens.ListOptions{Usage: "sk", PageSize: 5}),
		"delete without id":     remove(jane, ""),
		"delete a folder":       remove(jane, ".."),
		"delete without token":  remove(none, "ck1"),
		"create without user": func(ctx context.Context) error {
			_, err := client.Create(ctx, nobody, tokens.CreateRequest{})
			return err
		},
		"temporary without user": func(ctx context.Context) error {
			_, err := client.CreateTemporary(ctx, nobody,
				tokens.TemporaryRequest{Expires: someTime})
			return err
		},
		"temporary without expiry": func(ctx context.Context) error {
			_, err := client.CreateTemporary(ctx, jane, tokens.TemporaryRequest{})
			return err
		},
		"update without id": update("", note),
		"update nothing":    update("ck1", tokens.UpdateRequest{}),
		"update to no URL":  update("ck1", tokens.UpdateRequest{AllowedURLs: []string{}}),
		"update URLs twice": update("ck1", tokens.UpdateRequest{
			AllowedURLs: []string{"https://example.com"}, RemoveAllowedURLs: true}),
		"retrieve nothing": func(ctx context.Context) error {
			_, err := client.Retrieve(ctx, none.Token)
			return err
		},
		"scopes of nobody": func(ctx context.Context) error {
			_, err := client.ListScopes(ctx, nobody)
			return err
		},
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := checkError(t, call(t.Context()), 0, tokens.OutcomeDidNotHappen)
			if e.Err == nil || !strings.HasPrefix(e.Error(), e.Op+" at /") {
				t.Errorf("error %q does not say what is wrong", e)
			}
		})
	}
}

func TestPathsAreEscaped(t *testing.T) {
	t.Parallel()
	handler, requests := record(t, parent, answer(204, ``))
	client := newClient(t, handler)
	auth := tokens.Auth{Token: parent, Username: "ja/ne?x"}
	if err := client.Delete(t.Context(), auth, "a b%2F..#é"); err != nil {
		t.Fatal(err)
	}
	const want = "/tokens/v2/ja%2Fne%3Fx/a%20b%252F..%23%C3%A9"
	if got := requests()[0].uri; got != want {
		t.Errorf("deleted %s, want %s", got, want)
	}
}

func TestOutcomeOf(t *testing.T) {
	t.Parallel()
	wrapped := errors.Join(errors.New("other"), &tokens.Error{Outcome: tokens.OutcomeDidNotHappen})
	for _, test := range []struct {
		err  error
		want tokens.Outcome
		text string
	}{
		{nil, tokens.OutcomeHappened, "happened"},
		{errors.New("other"), tokens.OutcomeUnknown, "unknown"},
		{&tokens.Error{}, tokens.OutcomeUnknown, "unknown"},
		{wrapped, tokens.OutcomeDidNotHappen, "did not happen"},
	} {
		t.Run(test.text, func(t *testing.T) {
			if got := tokens.OutcomeOf(test.err); got != test.want || got.String() != test.text {
				t.Errorf("%v: %v, want %v", test.err, got, test.text)
			}
		})
	}
}
