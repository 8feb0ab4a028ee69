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

// The scopes that operations require of the authorising token.
const (
	scopeTokensRead  = "tokens:read"
	scopeTokensWrite = "tokens:write"
	scopeScopesList  = "scopes:list"
)

// call is one operation: what to send, and what its errors tell.
type call struct {
	op      string
	method  string
	url     url.URL // without the authorisation
	auth    Token
	scope   string // what auth needs; "" for nothing
	payload any    // written as JSON; nil for none
}

// newCall returns a call of the path with these segments, or an error when an argument is missing.
func (c *Client) newCall(op, method, scope string, auth Token, segments ...string) (call, error) {
	k := call{op: op, method: method, url: c.base, auth: auth, scope: scope}
	for _, segment := range segments {
		switch segment {
		case "":
			return call{}, k.failed(DidNotHappen, errors.New("an empty user name or token id"))
		case ".", "..": // nothing escapes them, and a server would take them for steps in the path
			return call{}, k.failed(DidNotHappen, errors.New("an impossible user name or token id"))
		}
		k.url.Path += "/" + segment
		k.url.RawPath += "/" + url.PathEscape(segment)
	}
	if auth.IsZero() {
		return call{}, k.failed(DidNotHappen, errors.New("no token"))
	}
	return k, nil
}

func (k call) failed(outcome Outcome, err error) *Error {
	f := &Error{Op: k.op, Path: line(k.url.EscapedPath(), k.auth), Outcome: outcome, scope: k.scope}
	if err != nil {
		f.Err = seal(err, k.auth)
	}
	return f
}

// attempt sends k once.
func (c *Client) attempt(ctx context.Context, k call) (*reply, *Error) {
	if err := ctx.Err(); err != nil {
		return nil, k.failed(DidNotHappen, err)
	}
	req, err := k.request(ctx)
	if err != nil {
		return nil, k.failed(DidNotHappen, err)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		f := k.failed(OutcomeUnknown, err)
		f.broken = true
		if neverConnected(err) {
			f.Outcome = DidNotHappen
		}
		return nil, f
	}
	defer func() { _ = resp.Body.Close() }()
	return k.read(resp)
}

func (k call) request(ctx context.Context) (*http.Request, error) {
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
	req.Header.Set("User-Agent", "tokenmint")
	if k.payload != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// neverConnected reports whether err says that there was no connection to send anything on: refused, no
// route, no such host, or a proxy that was not reached.
func neverConnected(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && (op.Op == "dial" || op.Op == "proxyconnect")
}
