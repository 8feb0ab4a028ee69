package tokensource

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

const maxReply = 64 << 10

// route is where and how the mint is asked.
type route struct {
	url    *url.URL
	method string
	body   []byte
}

// newClient returns a client that follows no redirect. It copies given, which may be nil.
func newClient(given *http.Client) *http.Client {
	client := http.Client{Transport: &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		ForceAttemptHTTP2:   true,
		TLSHandshakeTimeout: 5 * time.Second,
		IdleConnTimeout:     15 * time.Second,
	}}
	if given != nil {
		client = *given
	}
	if client.Transport == nil {
		client.Transport = http.DefaultTransport
	}
	client.Transport = tokens.NoRedirects(client.Transport)
	return &client
}

// fetch asks the mint for a token. After a 401 it asks once more with a new authorization.
func (s *Source) fetch(ctx context.Context) (*lease, *Error) {
	got, err := s.exchange(ctx, false)
	if err != nil && err.Status == http.StatusUnauthorized && s.authorize != nil {
		return s.exchange(ctx, true)
	}
	return got, err
}

func (s *Source) exchange(ctx context.Context, refresh bool) (*lease, *Error) {
	authorization, failed := s.authorization(ctx, refresh)
	if failed != nil {
		return nil, failed
	}
	secret := credentialIn(authorization)
	req, err := http.NewRequestWithContext(ctx, s.route.method, s.route.url.String(),
		bytes.NewReader(s.route.body))
	if err != nil {
		return nil, broken(err, secret)
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "tokenmint")
	if s.route.method == http.MethodPost {
		req.Header.Set("Content-Type", "application/json")
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	start := s.now()
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, broken(err, secret)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxReply))
	if err != nil {
		return nil, broken(err, secret)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, s.readRefusal(resp, text, secret)
	}
	return s.readLease(resp, text, start)
}

// authorization returns the value of the header Authorization, or "" for none.
func (s *Source) authorization(ctx context.Context, refresh bool) (string, *Error) {
	if s.authorize == nil {
		return "", nil
	}
	value, err := s.callAuthorize(ctx, refresh)
	if err == nil && value == "" {
		err = errors.New("it returned nothing")
	}
	switch {
	case ctx.Err() != nil:
		return "", broken(ctx.Err(), tokens.Token{})
	case err != nil:
		return "", &Error{Code: CodeAuthorization, Err: tokens.Seal(err, credentialIn(value))}
	}
	return value, nil
}

// credentialIn returns the secret in the value of a header Authorization: the value without its
// scheme. A server may repeat the secret alone.
func credentialIn(authorization string) tokens.Token {
	scheme, credential, hasScheme := strings.Cut(authorization, " ")
	if !hasScheme {
		credential = scheme
	}
	return tokens.NewToken(strings.TrimSpace(credential))
}

// callAuthorize turns a panic into an error. The panic is in a goroutine of the source, so it would
// end the program.
func (s *Source) callAuthorize(ctx context.Context, refresh bool) (value string, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			value, err = "", fmt.Errorf("it panicked: %v", cause)
		}
	}()
	return s.authorize(ctx, refresh)
}
