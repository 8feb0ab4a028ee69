package tokens

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Error is the type of every error that a method of [Client] returns. Read it with [errors.As] or
// [errors.AsType]; ask for a condition with [errors.Is]. It contains no token.
type Error struct {
	// Op names the operation, such as "create token".
	Op string
	// Path is the escaped path of the request's URL. The query is never kept.
	Path string
	// Status is the HTTP status of the last reply; 0 without a reply.
	Status int
	// Message is Mapbox's message, redacted, on one line of at most 300 bytes. It is "" when the
	// reply has no readable message.
	Message string
	// Outcome says whether the operation has had its effect.
	Outcome Outcome
	// RateLimitReset is the time in the header X-Rate-Limit-Reset; zero without the header.
	RateLimitReset time.Time
	// RequestID is the header X-Amz-Cf-Id. Mapbox's support asks for it.
	RequestID string
	// Err is the cause; nil when the status is the whole cause. It works with errors.Is. Its text
	// is redacted, and errors.As finds nothing in it.
	Err error

	scope  string // the scope that the operation needs; "" = none
	broken bool   // the exchange broke before the reply was complete
}

// Error returns the operation, path, status, message and cause on one line.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s at %s", e.Op, e.Path)
	if e.Status != 0 {
		fmt.Fprintf(&b, ": status %d", e.Status)
	}
	if e.Message != "" {
		fmt.Fprintf(&b, ": %s", e.Message)
	}
	if e.deniesScope() {
		fmt.Fprintf(&b, " (the reply is the same when the authorizing token lacks the scope %s)",
			e.scope)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

// Unwrap returns the cause, which may be nil.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is a condition of this package that holds for e.
func (e *Error) Is(target error) bool {
	c, ok := target.(*condition)
	return ok && c.holds(e)
}

// deniesScope reports whether Mapbox gives the same reply when a scope is missing. The Tokens API
// then answers 404 "Not Found" (recorded; the documentation writes "Not found"). The Scopes API
// answers 403 (recorded).
func (e *Error) deniesScope() bool {
	switch e.Status {
	case http.StatusNotFound:
		return e.scope != "" && strings.Contains(strings.ToLower(e.Message), "not found")
	case http.StatusForbidden:
		return e.scope == scopeScopesList
	}
	return false
}
