package tokensource

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	defaultTimeout = 20 * time.Second
	defaultWait    = time.Minute
)

// Options say which token a [Source] gets, and how. Only URL is required.
type Options struct {
	// URL is the complete address of a route of the mint, such as https://…/jwt/tokens. It has no
	// query. Plain http is accepted for this machine only.
	URL string
	// Profile, Scopes and TTL are what the mint is asked for. Without them the mint chooses. The
	// public route accepts none of them.
	Profile string
	Scopes  []string
	TTL     time.Duration
	// Method is GET or POST. "" means GET for /public/tokens/, and POST otherwise.
	Method string
	// Authorization returns the value of the header Authorization for each request, such as
	// "Bearer eyJ…". refresh is true after a 401: the value that it returned before is not good.
	// It must return when ctx ends. nil means no header.
	Authorization func(ctx context.Context, refresh bool) (string, error)
	// Client sends the requests to the mint. Its Transport may sign them, as that of the package
	// sigv4 does. nil means a client of the source's own. No redirect is followed.
	Client *http.Client
	// Hosts get the token from [Source.Transport] besides Mapbox: "tiles.example.com", or with a
	// port "127.0.0.1:8788".
	Hosts []string
	// Timeout limits one request, with its Authorization. 0 means 20 s.
	Timeout time.Duration
	// Wait limits how long Token waits for a usable token. 0 means a minute.
	Wait time.Duration
	// OnError is told of each failed request, in the call that made it. nil means nobody.
	OnError func(*Error)
}

// New returns a source. Its error names the wrong option. New sends nothing and reads no variable.
func New(options Options) (*Source, error) {
	address, err := checkURL(options.URL)
	if err != nil {
		return nil, err
	}
	r := route{url: address, method: options.Method}
	if r.method == "" {
		r.method = http.MethodPost
		if isPublic(address) {
			r.method = http.MethodGet
		}
	}
	if r.body, err = body(r.method, options); err != nil {
		return nil, err
	}
	if options.Timeout < 0 || options.Wait < 0 {
		return nil, errors.New("tokensource: Timeout or Wait is negative")
	}
	return &Source{
		route:     r,
		client:    newClient(options.Client),
		authorize: options.Authorization,
		hosts:     options.Hosts,
		timeout:   orDefault(options.Timeout, defaultTimeout),
		wait:      orDefault(options.Wait, defaultWait),
		onError:   options.OnError,
		wall:      time.Now,
		// #nosec G404 -- it spreads load and protects nothing
		renewalPoint: 0.7 + 0.1*rand.Float64(),
	}, nil
}

func orDefault(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}

// checkURL returns the address of a route. Its error does not show the address, which may contain
// a password.
func checkURL(address string) (*url.URL, error) {
	bad := func(message string) (*url.URL, error) {
		return nil, &Error{Code: CodeBadURL, Message: message}
	}
	if address == "" {
		return bad("URL is empty: give the complete address of a route")
	}
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return bad("URL must be a complete address, as in https://mint.example.com/tokens")
	case u.Scheme == "http" && !isLocal(u.Hostname()):
		return bad("URL must have https: over http anyone on the way reads the token")
	case u.RawQuery != "" || u.ForceQuery || u.User != nil || u.Fragment != "":
		return bad("URL must have no query, user or fragment")
	}
	return u, nil
}

func isLocal(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func isPublic(u *url.URL) bool { return strings.Contains(u.Path, "/public/tokens/") }

// body returns the JSON that asks for what the options say, and nothing for a GET.
func body(method string, options Options) ([]byte, error) {
	asks := options.Profile != "" || options.Scopes != nil || options.TTL != 0
	switch {
	case method == http.MethodGet && asks:
		return nil, errors.New("tokensource: a GET takes no Profile, Scopes or TTL: " +
			"the address of the public route names the profile")
	case method == http.MethodGet:
		return nil, nil
	case method != http.MethodPost:
		return nil, fmt.Errorf("tokensource: Method is %q: it must be GET or POST", method)
	case options.TTL < 0:
		return nil, errors.New("tokensource: TTL is negative")
	}
	wanted := struct {
		Profile string   `json:"profile,omitempty"`
		Scopes  []string `json:"scopes,omitempty"`
		TTL     string   `json:"ttl,omitempty"`
	}{Profile: options.Profile, Scopes: options.Scopes}
	if options.TTL != 0 {
		wanted.TTL = options.TTL.String()
	}
	return json.Marshal(wanted)
}
