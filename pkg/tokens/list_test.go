package tokens_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// ids lists the tokens of jane and returns their ids, up to the first error.
func ids(t *testing.T, client *tokens.Client, opts tokens.ListOptions) (got []string, err error) {
	t.Helper()
	for m, err := range client.List(t.Context(), jane, opts) {
		if err != nil {
			return got, err
		}
		got = append(got, m.ID)
	}
	return got, nil
}

func TestListQuery(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	tests := map[string]tokens.ListOptions{
		"/tokens/v2/jane":              {},
		"/tokens/v2/jane?usage=sk":     {Usage: tokens.UsageSecret},
		"/tokens/v2/jane?limit=7":      {PageSize: 7},
		"/tokens/v2/jane?default=true": {Default: &yes},
		"/tokens/v2/jane?default=false&sortby=modified&usage=pk": {
			Default: &no, SortBy: tokens.SortByModified, Usage: tokens.UsagePublic},
		"/tokens/v2/jane?default=false&limit=1&sortby=created": {
			Default: &no, SortBy: tokens.SortByCreated, PageSize: 1},
	}
	for want, opts := range tests {
		handler, requests := record(t, parent, answer(200, `[]`))
		if got, err := ids(t, newClient(t, handler), opts); err != nil || len(got) != 0 {
			t.Errorf("%+v: listed %v, error %v", opts, got, err)
		}
		if got := requests(); len(got) != 1 || got[0].uri != want {
			t.Errorf("%+v: asked %+v, want %s", opts, got, want)
		}
	}
}

// paged answers with the pages a, b and c of two tokens each. link makes the Link header.
func paged(link func(r *http.Request, next string) string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		page, next := r.URL.Query().Get("start"), map[string]string{"": "b", "b": "c"}
		if next[page] != "" {
			w.Header().Set("Link", link(r, next[page]))
		}
		if page == "" {
			page = "a"
		}
		_, _ = fmt.Fprintf(w, `[{"id":"%s1"},{"id":"%s2"}]`, page, page)
	}
}

func TestListPages(t *testing.T) {
	t.Parallel()
	links := map[string]func(r *http.Request, next string) string{
		"absolute, with the token": func(r *http.Request, next string) string {
			return `<http://` + r.Host + `/tokens/v2/jane?limit=2&start=` + next +
				`&access_token=` + parent.Reveal() + `>; rel="next"`
		},
		"with other tokens": func(r *http.Request, next string) string {
			return `<http://` + strings.ToUpper(r.Host) +
				`/tokens/v2/jane?access_token=x&limit=2&access_token=y&start=` + next +
				`>; rel=next`
		},
		"relative, among others": func(_ *http.Request, next string) string {
			return `</first>; rel="first"; title="a, \"b\"; rel=next", <?limit=2&start=` + next +
				`>; title=x; REL="last Next", </x>; rel=next`
		},
		"with a user": func(r *http.Request, next string) string {
			return `<http://eve:pw@` + r.Host + `/tokens/v2/jane?limit=2&start=` + next +
				`#x>;rel=next`
		},
	}
	for name, link := range links {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			handler, requests := record(t, parent, func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Authorization") != "" {
					t.Error("sent an Authorization that came with a link")
				}
				paged(link)(w, r)
			})
			got, err := ids(t, newClient(t, handler), tokens.ListOptions{PageSize: 2})
			if want := []string{"a1", "a2", "b1", "b2", "c1", "c2"}; err != nil ||
				!slices.Equal(got, want) {
				t.Errorf("listed %v, error %v; want %v", got, err, want)
			}
			var uris []string
			for _, request := range requests() {
				uris = append(uris, request.uri)
			}
			const base = "/tokens/v2/jane?limit=2"
			if want := []string{base, base + "&start=b",
				base + "&start=c"}; !slices.Equal(uris, want) {
				t.Errorf("asked %q, want %q", uris, want)
			}
		})
	}
}

// TestListStops: a loop that ends early requests no more pages.
func TestListStops(t *testing.T) {
	t.Parallel()
	handler, requests := record(t, parent, paged(func(_ *http.Request, next string) string {
		return `<?start=` + next + `>; rel=next`
	}))
	client := newClient(t, handler)
	for m, err := range client.List(t.Context(), jane, tokens.ListOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		if m.ID == "b1" {
			break
		}
	}
	if got := len(requests()); got != 2 {
		t.Errorf("%d requests, want 2", got)
	}
}

// TestListAgain: a second loop over the same list requests it again.
func TestListAgain(t *testing.T) {
	t.Parallel()
	handler, requests := record(t, parent, answer(200, `[{"id":"a"}]`))
	list := newClient(t, handler).List(t.Context(), jane, tokens.ListOptions{})
	for range 2 {
		for _, err := range list {
			if err != nil {
				t.Error(err)
			}
		}
	}
	if got := len(requests()); got != 2 {
		t.Errorf("%d requests, want 2", got)
	}
}

// TestListRefusesLinks: the client does not follow these links. It yields the tokens of the page,
// and then an error, because the list is incomplete.
func TestListRefusesLinks(t *testing.T) {
	t.Parallel()
	secret := "?start=b&access_token=" + parent.Reveal()
	links := map[string]string{
		"another host":       `<http://evil.test/tokens/v2/jane` + secret + `>; rel="next"`,
		"another host, bare": `<//evil.test/tokens/v2/jane` + secret + `>; rel="next"`,
		"another scheme":     `<https://HOST/tokens/v2/jane` + secret + `>; rel="next"`,
		"another port":       `<http://127.0.0.1:1/tokens/v2/jane` + secret + `>; rel="next"`,
		"no host":            `<http:tokens` + secret + `>; rel="next"`,
		"host as user":       `<http://HOST@evil.test/` + secret + `>; rel="next"`,
		"no URL":             `<http://HOST:x/` + secret + `>; rel="next"`,
		"another user":       `<http://HOST/tokens/v2/eve?start=b>; rel="next"`,
		"ever deeper":        `<x/jane?start=b>; rel="next"`,
		"itself":             `<http://HOST/tokens/v2/jane?access_token=x>; rel="next"`,
		"empty":              `<>; rel="next"`,
		"no brackets":        `http://HOST/tokens/v2/jane` + secret + `; rel="next"`,
		"no end":             `<http://HOST/tokens/v2/jane` + secret,
		"no quote":           `<?start=x>; rel="next`,
		"no semicolon":       `<?start=x> rel="next"`,
		"behind a bad one":   `<?start=x>; rel="prev" nonsense, <?start=y>; rel="next"`,
	}
	for name, link := range links {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			handler, requests := record(t, parent, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Link", strings.ReplaceAll(link, "HOST", r.Host))
				answer(200, `[{"id":"a"}]`)(w, r)
			})
			got, err := ids(t, newClient(t, handler), tokens.ListOptions{})
			if !slices.Equal(got, []string{"a"}) || len(requests()) != 1 {
				t.Errorf("listed %v with %d requests, want the first page and no more", got,
					len(requests()))
			}
			checkError(t, err, 200, tokens.OutcomeHappened)
			if text := err.Error(); strings.Contains(text, "evil") || strings.Contains(text, "?") {
				t.Errorf("%q shows the link", text)
			}
			checkSilent(t, "error", err.Error())
		})
	}
}

func TestListEnds(t *testing.T) {
	t.Parallel()
	for _, link := range []string{
		``, `,`, `<?start=b>; rel="prev"`, `<?start=b>`, `<?start=b>; rel`,
		`<?start=b>; rel=""; rel=next`, `<?start=b>;;rel=x,`,
		`<?start=b>; title="next"`, `<?start=b>; rel="nextpage"`,
	} {
		got, err := ids(t, newClient(t, answer(200, `[{"id":"a"}]`, "Link", link)),
			tokens.ListOptions{})
		if err != nil || !slices.Equal(got, []string{"a"}) {
			t.Errorf("Link %q: listed %v, error %v; want an end", link, got, err)
		}
	}
}

func TestListLoop(t *testing.T) {
	t.Parallel()
	next := map[string]string{"": "b", "b": "c", "c": "b"}
	handler, requests := record(t, parent, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", `<?start=`+next[r.URL.Query().Get("start")]+`>; rel=next`)
		answer(200, `[]`)(w, r)
	})
	_, err := ids(t, newClient(t, handler), tokens.ListOptions{})
	checkError(t, err, 200, tokens.OutcomeHappened)
	if got := len(requests()); got != 3 {
		t.Errorf("%d requests, want 3", got)
	}
}

// FuzzLink gives a list any Link header. Each request stays on the origin and has the authorizing
// token once, and the list ends.
func FuzzLink(f *testing.F) {
	for _, seed := range []string{
		``, `<?start=b>; rel="next"`,
		`<http://wire.test/tokens/v2/jane?access_token=x;y>; rel=next`,
		`<//evil.test>; rel=next`, `</a>; rel="a\"b"; x, </b>; rel=" NEXT "`, `<`, `<>`, `<x>;`,
		`<x>;=`, `<x>;rel="`, `<x>;rel="\`, `<%zz>;rel=next`, `,,;`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, link string) {
		requests := 0
		client := build(t, tokens.Config{BaseURL: "http://wire.test", HTTPClient: &http.Client{
			Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
				requests++
				if auth := req.URL.Query()["access_token"]; len(auth) != 1 ||
					auth[0] != parent.Reveal() {
					t.Errorf("Link %q: the request does not have exactly our token", link)
				}
				origin := strings.ToLower(req.URL.Scheme + "://" + req.URL.Host)
				if origin != "http://wire.test" || req.URL.User != nil {
					t.Errorf("Link %q: asked another origin", link)
				}
				w := httptest.NewRecorder()
				answer(200, `[{"id":"a"}]`, "Link", link)(w, req)
				return w.Result(), nil
			}),
		}})
		got, err := ids(t, client, tokens.ListOptions{})
		if requests > 20 || len(got) != requests {
			t.Errorf("Link %q: %d tokens in %d requests", link, len(got), requests)
		}
		if err != nil {
			checkError(t, err, 200, tokens.OutcomeHappened)
		}
	})
}
