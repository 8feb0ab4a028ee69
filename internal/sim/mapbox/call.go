package mapbox

import (
	"slices"
	"time"
)

// maxCalls bounds the call log. When the log is full, the older half is dropped.
const maxCalls = 100_000

// Call is one request in the call log. It never contains a token.
type Call struct {
	Time   time.Time `json:"time"`
	Method string    `json:"method"`
	Op     string    `json:"op"`     // one of the Op constants; empty for an unknown address
	Path   string    `json:"path"`   // without the query; "[token]" replaces a token
	Status int       `json:"status"` // 0 if the simulator sent no answer
	// of the request's token; empty if this simulator did not sign it
	Usage string `json:"usage"`
	// of the request's permanent token, under the same condition
	TokenID string `json:"token_id"`
	Fault   string `json:"fault"` // the injected fault; empty if there was none
}

// IsLimited reports whether the call counts against the account's rate limit. Those of the APIs
// that draw maps and take uploads do not.
func (c Call) IsLimited() bool { return isLimited(c.Op) }

func isLimited(op string) bool { return !servesMaps(op) && !servesUploads(op) }

// Calls returns a copy of the call log, in the order of the effects. The log does not contain CORS
// preflights and requests to the management handler.
func (s *Simulator) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Call{}, s.calls...)
}

// CallsSince is [Simulator.Calls] from a time of the simulator's clock on.
func (s *Simulator) CallsSince(start time.Time) []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	from := len(s.calls)
	for from > 0 && !s.calls[from-1].Time.Before(start) {
		from--
	}
	return append([]Call{}, s.calls[from:]...)
}

// record logs a request. The caller holds s.mu.
func (s *Simulator) record(req request, by bearer, status int, fault Fault) {
	if len(s.calls) == maxCalls {
		s.calls = slices.Delete(s.calls, 0, maxCalls/2)
	}
	call := Call{
		Time: s.now(), Method: req.method, Op: req.op, Path: req.path, Status: status,
		Fault: fault.String(),
	}
	if by.code != malformed && by.code != invalid {
		call.Usage, call.TokenID = by.usage, by.claims.Authorization
	}
	s.calls = append(s.calls, call)
}

// recordUnanswered logs a request that had no effect, because a fault or the client ended it early.
func (s *Simulator) recordUnanswered(req request, fault Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.record(req, s.inspect(req.token), 0, fault)
}
