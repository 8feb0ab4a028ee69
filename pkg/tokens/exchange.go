package tokens

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// The scopes that operations require of the authorising token.
const (
	scopeTokensRead  = "tokens:read"
	scopeTokensWrite = "tokens:write"
	scopeScopesList  = "scopes:list"
)

// maxBody bounds a reply. A page of a hundred tokens is some 40 KiB.
const maxBody = 1 << 20

// call is one operation: what to send, and what its errors tell.
type call struct {
	op     string
	method string
	url    url.URL // without the authorisation
	auth   Token
	scope  string // what auth needs; "" for nothing
	body   []byte // JSON; nil for none
}

// newCall returns a call of the path with these segments, or an error when an argument is missing.
func (c *Client) newCall(op, method, scope string, auth Token, segments ...string) (call, error) {
	k := call{op: op, method: method, url: c.base, auth: auth, scope: scope}
	for _, segment := range segments {
		k.url.Path += "/" + segment
		k.url.RawPath += "/" + url.PathEscape(segment)
	}
	for _, segment := range segments {
		switch segment {
		case "":
			return call{}, k.failed(DidNotHappen, errors.New("an empty user name or token id"))
		case ".", "..": // nothing escapes them, and a server would take them for steps in the path
			return call{}, k.failed(DidNotHappen, errors.New("an impossible user name or token id"))
		}
	}
	if auth.IsZero() {
		return call{}, k.failed(DidNotHappen, errors.New("no token"))
	}
	return k, nil
}

// setBody gives the call a JSON body.
func (k *call) setBody(v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return k.failed(DidNotHappen, err)
	}
	k.body = body
	return nil
}

func (k call) failed(outcome Outcome, err error) *Error {
	f := &Error{Op: k.op, Path: line(k.url.EscapedPath(), k.auth), Outcome: outcome, scope: k.scope}
	if err != nil {
		f.Err = seal(err, k.auth)
	}
	return f
}

// reply is the answer to a call.
type reply struct {
	call
	status int
	header http.Header
	body   []byte
}

func (r *reply) failed(outcome Outcome, err error) *Error {
	f := r.call.failed(outcome, err)
	f.Status = r.status
	f.RequestID = line(r.header.Get("X-Amz-Cf-Id"), r.auth)
	if reset, err := strconv.ParseInt(r.header.Get("X-Rate-Limit-Reset"), 10, 64); err == nil && reset > 0 {
		f.RateLimitReset = time.Unix(reset, 0)
	}
	return f
}

// decode reads the body into v. What fails here has happened.
func (r *reply) decode(v any) error {
	if err := json.Unmarshal(r.body, v); err != nil {
		return r.failed(Happened, fmt.Errorf("decode reply: %w", err))
	}
	return nil
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
	req, err := http.NewRequestWithContext(ctx, k.method, target.String(), bytes.NewReader(k.body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "tokenmint")
	if k.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// read turns a response into a reply, or into the error that it means.
func (k call) read(resp *http.Response) (*reply, *Error) {
	r := &reply{call: k, status: resp.StatusCode, header: resp.Header}
	var err error
	r.body, err = io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	switch {
	case r.status/100 == 4:
		return nil, r.refused(DidNotHappen)
	case r.status/100 != 2:
		return nil, r.refused(OutcomeUnknown)
	case !expected(k.method, r.status):
		return nil, r.failed(Happened, errors.New("unexpected status"))
	case k.method == http.MethodDelete:
		return r, nil // there is nothing in the body that could matter
	case err != nil:
		f := r.failed(Happened, fmt.Errorf("read reply: %w", err))
		f.broken = true
		return nil, f
	case len(r.body) > maxBody:
		return nil, r.failed(Happened, fmt.Errorf("read reply: longer than %d bytes", maxBody))
	}
	return r, nil
}

// refused returns the error of a reply that is not a success, with the message that it may carry.
func (r *reply) refused(outcome Outcome) *Error {
	f := r.failed(outcome, nil)
	var body struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(r.body, &body) == nil {
		f.Message = line(body.Message, r.auth)
	}
	return f
}

// expected reports whether a status is the documented success. A creation may answer 200 or 201: the API
// page and Mapbox's OpenAPI description differ.
func expected(method string, status int) bool {
	switch status {
	case http.StatusOK:
		return true
	case http.StatusCreated:
		return method == http.MethodPost
	case http.StatusNoContent:
		return method == http.MethodDelete
	}
	return false
}

// neverConnected reports whether err says that there was no connection to send anything on.
func neverConnected(err error) bool {
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return true
	}
	op, ok := errors.AsType[*net.OpError](err)
	return ok && (op.Op == "dial" || op.Op == "proxyconnect")
}
