package tokensource

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// Transport returns a transport that adds the token to each request to Mapbox: over https to
// *.mapbox.com and *.mapbox.cn, and to Options.Hosts. It waits for a usable token, as Token does.
// It replaces a temporary token and every token of this source, and leaves other tokens alone. No
// other host gets a token, not even after a redirect. nil stands for [http.DefaultTransport].
// After a reply of 401 nothing is repeated: call [Source.Invalidate].
//
// Neither an error nor Response.Request shows the token.
func (s *Source) Transport(base http.RoundTripper) http.RoundTripper {
	if base == nil {
		base = http.DefaultTransport
	}
	return &transport{s, base}
}

type transport struct {
	source *Source
	base   http.RoundTripper
}

// RoundTrip sends a copy of the request, because a transport must not change the request.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if !t.source.serves(req.URL) || t.hasOther(req.URL) {
		return t.base.RoundTrip(req)
	}
	token, _, err := t.source.Token(req.Context())
	if err != nil {
		if req.Body != nil {
			_ = req.Body.Close() // a transport closes the body
		}
		return nil, err
	}
	sent := req.Clone(req.Context())
	sent.URL.RawQuery = withToken(req.URL.RawQuery, token)
	resp, err := t.base.RoundTrip(sent)
	if err != nil {
		return resp, tokens.Seal(err, token)
	}
	resp.Request = req
	return resp, nil
}

// serves reports whether requests to an address get the token.
func (s *Source) serves(u *url.URL) bool {
	host := strings.ToLower(u.Hostname())
	if u.Scheme == "https" && (u.Port() == "" || u.Port() == "443") &&
		(strings.HasSuffix(host, ".mapbox.com") || strings.HasSuffix(host, ".mapbox.cn")) {
		return true
	}
	return slices.ContainsFunc(s.hosts, func(given string) bool {
		given = strings.ToLower(given)
		return given == host || given == strings.ToLower(u.Host)
	})
}

// hasOther reports whether an address has a token of the caller's own.
func (t *transport) hasOther(u *url.URL) bool {
	token := tokens.NewToken(u.Query().Get("access_token"))
	return !token.IsZero() && !t.source.isOurs(token)
}

// withToken returns a query with the token last, and the rest as it was.
func withToken(query string, token tokens.Token) string {
	parts := slices.DeleteFunc(strings.Split(query, "&"), func(part string) bool {
		name, _, _ := strings.Cut(part, "=")
		return part == "" || name == "access_token"
	})
	return strings.Join(append(parts, "access_token="+url.QueryEscape(token.Reveal())), "&")
}
