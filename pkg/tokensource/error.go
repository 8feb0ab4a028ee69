package tokensource

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// The codes of failures that the mint did not name itself.
const (
	CodeBadURL        = "bad_url"              // Options.URL is not the address of a route
	CodeNetwork       = "network"              // no complete reply
	CodeTimeout       = "timeout"              // no reply in time
	CodeBadReply      = "bad_reply"            // a reply that is not a mint's: HTML, no token
	CodeAuthorization = "authorization_failed" // Options.Authorization failed
	CodeTokenEnded    = "token_ended"          // the token ended on its way
	CodeWaitOver      = "wait_over"            // no token in Options.Wait; Err is the last failure
	CodeAborted       = "aborted"              // the context of the call ended
	CodeTokenRefused  = "token_refused"        // the mint returned an invalidated token again
)

// Error is the type of the errors of [Source.Token]. It contains no token. Its cause works with
// errors.Is; errors.As finds nothing in it, because it may contain a URL.
type Error struct {
	// Status is the HTTP status of the reply; 0 without a reply.
	Status int
	// Code is the mint's code, such as caller_not_allowed, or one of this package's. It is
	// http_403 and so on for a reply without a code, as those of API Gateway.
	Code string
	// Message is one sentence on one line of at most 300 bytes.
	Message string
	// RequestID is the mint's id of the request.
	RequestID string
	// RetryAfter is the pause that the mint asks for; 0 if it asks for none.
	RetryAfter time.Duration
	// Err is the cause, or nil.
	Err error
}

// Error returns all of it on one line.
func (e *Error) Error() string { return "tokensource: " + e.text() }

func (e *Error) text() string {
	parts := []string{"", e.Code, e.Message, ""}
	last, isOurs := e.Err.(*Error) //nolint:errorlint // for the text of a direct cause
	switch {
	case isOurs: // has status and request
		parts[3] = last.text()
	case e.Err != nil:
		parts[3] = e.Err.Error()
	}
	if e.Status != 0 && !isOurs {
		parts[0] = fmt.Sprintf("status %d", e.Status)
	}
	isEmpty := func(part string) bool { return part == "" }
	text := strings.Join(slices.DeleteFunc(parts, isEmpty), ": ")
	if e.RequestID != "" && !isOurs {
		text += " (request " + e.RequestID + ")"
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// IsRefusal reports whether the mint refused: the same request would get the same answer.
func (e *Error) IsRefusal() bool {
	switch e.Status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests:
		return false
	}
	return e.Status >= 400 && e.Status < 500
}

// broken returns the error for a request without a complete reply.
func broken(err error, secret tokens.Token) *Error {
	code := CodeNetwork
	if errors.Is(err, context.DeadlineExceeded) {
		code = CodeTimeout
	}
	return &Error{Code: code, Err: tokens.Seal(err, secret)}
}
