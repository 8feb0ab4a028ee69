package tokens

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Outcome says what became of an operation that returned an error.
type Outcome int

const (
	// OutcomeUnknown means that the operation may or may not have had its effect. The zero value, because it is
	// the safe reading of an error that says nothing.
	OutcomeUnknown Outcome = iota
	// DidNotHappen means that the operation certainly had no effect.
	DidNotHappen
	// Happened means that the server reported success, but its reply could not be read. The effect stands.
	Happened
)

// String returns the outcome in words.
func (o Outcome) String() string {
	switch o {
	case DidNotHappen:
		return "did not happen"
	case Happened:
		return "happened"
	default:
		return "unknown"
	}
}

// Error is the error of every call of a [Client].
type Error struct {
	Op      string // what was asked for, such as "create token"
	Path    string // of the request's URL; its query is never kept
	Status  int    // the HTTP status; 0 without a reply
	Message string // what Mapbox said, redacted and bounded; "" when it said nothing intelligible
	Outcome Outcome

	RateLimitReset time.Time // X-Rate-Limit-Reset; zero without it
	RequestID      string    // X-Amz-Cf-Id, which Mapbox's support asks for
	Err            error     // the cause when it is not the status; works with errors.Is, its details are sealed

	scope  string // what the operation requires of the authorising token, "" for nothing
	broken bool   // the exchange broke on its way: what the retry rules call a transport error
}

// Error returns operation, path, status, message and cause on one line.
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
		fmt.Fprintf(&b, " (Mapbox also answers so when the authorising token lacks the scope %s)", e.scope)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// deniesScope reports whether the reply is the one that Mapbox gives for a missing scope. The Tokens API
// then answers 404 "Not Found" (recorded; the documentation spells "Not found"), the Scopes API 403.
func (e *Error) deniesScope() bool {
	switch e.Status {
	case http.StatusNotFound:
		return e.scope != "" && strings.Contains(strings.ToLower(e.Message), "not found")
	case http.StatusForbidden:
		return e.scope == scopeScopesList
	}
	return false
}

// OutcomeOf returns the outcome that err reports: [Happened] for nil, [OutcomeUnknown] for an error that
// is not from this package.
func OutcomeOf(err error) Outcome {
	if err == nil {
		return Happened
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Outcome
	}
	return OutcomeUnknown
}
