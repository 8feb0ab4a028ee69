package tokens

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// maxBody bounds a reply. A page of a hundred tokens is some 40 KiB.
const maxBody = 1 << 20

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
