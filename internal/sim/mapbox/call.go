package mapbox

import (
	"slices"
	"time"
)

// maxCalls bounds the call log; past it, the older half is dropped.
const maxCalls = 100_000

// Call is a request as the log keeps it. It never holds a token.
type Call struct {
	Time    time.Time `json:"time"`
	Method  string    `json:"method"`
	Op      string    `json:"op"`     // one of the Op constants; empty if the address is no operation
	Path    string    `json:"path"`   // without the query; what may be a token is cut out
	Status  int       `json:"status"` // 0 if no answer left the simulator
	Usage   string    `json:"usage"`  // of the authorising token, if the simulator had signed it
	TokenID string    `json:"token_id"`
	Fault   string    `json:"fault"` // what was injected, if anything
}

// Calls returns the protocol's requests in the order of their effects. CORS preflights and management are not among
// them.
func (s *Simulator) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Call{}, s.calls...)
}

// record logs a request; s.mu is held.
func (s *Simulator) record(req request, by bearer, status int, fault Fault) {
	if len(s.calls) == maxCalls {
		s.calls = slices.Delete(s.calls, 0, maxCalls/2)
	}
	call := Call{
		Time: s.now(), Method: req.method, Op: req.op, Path: req.path, Status: status, Fault: fault.String(),
	}
	if by.code != malformed && by.code != invalid {
		call.Usage, call.TokenID = by.usage, by.claims.Authorization
	}
	s.calls = append(s.calls, call)
}

// recordUnanswered logs a request that a fault or its client ended before it had an effect.
func (s *Simulator) recordUnanswered(req request, fault Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.record(req, s.inspect(req.token), 0, fault)
}
