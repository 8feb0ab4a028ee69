package tokens

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// maxBody limits the bytes of a reply. A page of one hundred tokens has about 40 KiB.
const maxBody = 1 << 20

// reply is the answer to a call.
type reply struct {
	call
	status int
	header http.Header
	body   []byte
}

// failed returns an error of the call that this reply answers. err may be nil.
func (r *reply) failed(outcome Outcome, err error) *Error {
	e := r.call.failed(outcome, err)
	e.Status = r.status
	e.RequestID = Redact(r.header.Get("X-Amz-Cf-Id"), r.auth)
	e.RateLimitReset = rateLimitOf(r.header).Reset
	return e
}

// decode reads the body into v. The operation has happened, also when decode fails.
func (r *reply) decode(v any) error {
	if err := json.Unmarshal(r.body, v); err != nil {
		return r.failed(OutcomeHappened, fmt.Errorf("decode reply: %w", err))
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
		return nil, r.refused(OutcomeDidNotHappen)
	case r.status/100 != 2:
		return nil, r.refused(OutcomeUnknown)
	case !expected(k.method, r.status):
		return nil, r.failed(OutcomeHappened, errors.New("unexpected status"))
	case k.method == http.MethodDelete:
		return r, nil // its body says nothing, so a broken body does not matter
	case err != nil:
		e := r.failed(OutcomeHappened, fmt.Errorf("read reply: %w", err))
		e.broken = true
		return nil, e
	case len(r.body) > maxBody:
		return nil, r.failed(OutcomeHappened, fmt.Errorf("read reply: more than %d bytes", maxBody))
	}
	return r, nil
}

// refused returns the error of a reply that is not a success, with its message if it has one.
func (r *reply) refused(outcome Outcome) *Error {
	e := r.failed(outcome, nil)
	var body struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(r.body, &body) == nil {
		e.Message = Redact(body.Message, r.auth)
	}
	return e
}

// expected reports whether a status is the documented success. A create may answer 200 or 201: the
// API's page and Mapbox's OpenAPI description differ.
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
