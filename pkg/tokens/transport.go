package tokens

import (
	"net"
	"net/http"
	"time"
)

// newHTTPClient returns a client that follows no redirect: a copy of given, or without one our own.
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

// newTransport returns a transport of our own: the process's default one may be changed by anybody.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          10,
		TLSHandshakeTimeout:   5 * time.Second,
		ResponseHeaderTimeout: 20 * time.Second,
		// A Lambda may be frozen for minutes between two calls. A connection kept longer than its peer
		// keeps it is dead when the next call picks it, and a POST on it would end with an unknown outcome.
		IdleConnTimeout: 15 * time.Second,
	}
}

// noRedirects takes the target out of every redirect, so that an [http.Client] has nowhere to send the
// query to and returns the 3xx. A CheckRedirect would come too late: the client parses the target first,
// and its error for one that it cannot parse quotes it and loses the status.
type noRedirects struct{ next http.RoundTripper }

func (t noRedirects) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(req)
	if resp != nil {
		resp.Header.Del("Location")
	}
	return resp, err
}
