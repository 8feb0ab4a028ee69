package tokens

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
)

// The scopes that operations need.
const (
	scopeTokensRead  = "tokens:read"
	scopeTokensWrite = "tokens:write"
	scopeScopesList  = "scopes:list"
)

var (
	errEmptyName = errors.New("the user name or token id is empty")
	errDotName   = errors.New("the user name or token id is a dot segment")
)

// call is one operation: what to send, and what its errors say.
type call struct {
	op      string
	method  string
	url     url.URL // without the authorizing token
	auth    Token
	scope   string // the scope that auth needs; "" = none
	payload any    // sent as JSON; nil = no body
}

// newCall returns a call of the path with these segments, or an error when an argument is wrong.
func (c *Client) newCall(op, method, scope string, auth Token, segments ...string) (call, error) {
	k := call{op: op, method: method, url: c.base, auth: auth, scope: scope}
	for _, segment := range segments {
		switch segment {
		case "":
			return call{}, k.failed(OutcomeDidNotHappen, errEmptyName)
		// escaping does not change them, and a server reads them as steps in the path
		case ".", "..":
			return call{}, k.failed(OutcomeDidNotHappen, errDotName)
		}
		k.url.Path += "/" + segment
		k.url.RawPath += "/" + url.PathEscape(segment)
	}
	if auth.IsZero() {
		return call{}, k.failed(OutcomeDidNotHappen, errors.New("the token is empty"))
	}
	return k, nil
}

// failed returns an error of this call. err may be nil.
func (k call) failed(outcome Outcome, err error) *Error {
	path := Redact(k.url.EscapedPath(), k.auth)
	e := &Error{Op: k.op, Path: path, Outcome: outcome, scope: k.scope}
	if err != nil {
		e.Err = Seal(err, k.auth)
	}
	return e
}

// attempt sends k once.
func (c *Client) attempt(ctx context.Context, k call) (*reply, *Error) {
	if err := ctx.Err(); err != nil {
		return nil, k.failed(OutcomeDidNotHappen, err)
	}
	req, err := k.request(ctx, c.userAgent)
	if err != nil {
		return nil, k.failed(OutcomeDidNotHappen, err)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		e := k.failed(OutcomeUnknown, err)
		e.broken = true
		if neverConnected(err) {
			e.Outcome = OutcomeDidNotHappen
		}
		return nil, e
	}
	defer func() { _ = resp.Body.Close() }()
	c.noteLimit(resp.Header)
	return k.read(resp)
}

func (k call) request(ctx context.Context, userAgent string) (*http.Request, error) {
	target := k.url
	query := target.Query()
	query.Set("access_token", k.auth.Reveal())
	target.RawQuery = query.Encode()
	var body io.Reader
	if k.payload != nil {
		data, err := json.Marshal(k.payload)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, k.method, target.String(), body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", userAgent)
	if k.payload != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// neverConnected reports whether err says that there was no connection, so nothing was sent: it was
// refused, there was no route or no such host, or the proxy was not reached.
func neverConnected(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && (op.Op == "dial" || op.Op == "proxyconnect")
}
