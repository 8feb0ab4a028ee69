package tokens

import (
	"net"
	"net/http"
	"time"
)

// newHTTPClient returns a client that follows no redirect. It copies given, which may be nil.
func newHTTPClient(given *http.Client) *http.Client {
	client := http.Client{Transport: newTransport(), Timeout: 30 * time.Second}
	if given != nil {
		client = *given
	}
	if client.Transport == nil {
		client.Transport = http.DefaultTransport
	}
	client.Transport = noRedirects{client.Transport}
	return &client
}

// newTransport returns a new transport. The process's default transport is not used, because any
// package can change it.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          10,
		TLSHandshakeTimeout:   5 * time.Second,
		ResponseHeaderTimeout: 20 * time.Second,
		// A Lambda function may be frozen for minutes between two calls. The server then closes the
		// connection. A POST on a closed connection would end with an unknown outcome.
		IdleConnTimeout: 15 * time.Second,
	}
}

// NoRedirects returns a transport that removes the target from every redirect. An [http.Client]
// then returns the 3xx, and a secret in the request goes nowhere else. CheckRedirect would be too
// late: the client parses the target first. Its error for an unparsable target quotes the target
// and loses the status.
func NoRedirects(next http.RoundTripper) http.RoundTripper { return noRedirects{next} }

type noRedirects struct{ next http.RoundTripper }

func (t noRedirects) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(req)
	if resp != nil {
		resp.Header.Del("Location")
	}
	return resp, err
}
