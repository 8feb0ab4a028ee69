package mapbox

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"
)

// Kind says what a fault does to a request.
type Kind string

// The kinds of fault.
const (
	Slow       Kind = "slow"        // only the delays
	Status     Kind = "status"      // another status and message; no effect
	HTML       Kind = "html"        // a proxy's page; no effect
	NoAnswer   Kind = "no-answer"   // the connection is closed; no effect
	HalfBody   Kind = "half-body"   // the effect, then half the answer and a closed connection
	LostAnswer Kind = "lost-answer" // the effect, then a closed connection
)

// Fault is something that goes wrong with the next requests that match. Faults are tried in the order in which they
// were injected, and a request meets one of them at most.
type Fault struct {
	Op   string // one of the Op constants; empty for any request
	Skip int    // how many matching requests to leave alone first
	Hits int    // how many to spoil then; 0 means one, -1 all until the faults are cleared
	Kind Kind

	Status  int         // of Status and HTML; an HTML page without one has 502
	Message string      // of Status; without one the status's own text
	Header  http.Header // of Status and HTML, for instance a Location

	DelayBefore time.Duration // before the effect; a client that gives up meanwhile prevents it
	DelayAfter  time.Duration // between the effect and the answer
}

// Inject adds a fault.
func (s *Simulator) Inject(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.Hits == 0 {
		f.Hits = 1
	}
	s.faults = append(s.faults, &f)
}

// ClearFaults forgets the faults that have not been met.
func (s *Simulator) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// takeFault returns the fault that a request meets, if any, and uses it up.
func (s *Simulator) takeFault(op string) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		if f.Op != "" && f.Op != op {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		hit := *f
		if f.Hits--; f.Hits == 0 {
			s.faults = slices.Delete(s.faults, i, i+1)
		}
		return hit
	}
	return Fault{}
}

// answer is what a fault sends in place of the API.
func (f Fault) answer() reply {
	var ans reply
	if f.Kind == HTML {
		ans = reply{
			status: http.StatusBadGateway,
			header: http.Header{"Content-Type": {"text/html; charset=utf-8"}},
			body:   []byte("<!DOCTYPE html><html><body><h1>Bad Gateway</h1></body></html>"),
		}
		if f.Status != 0 {
			ans.status = f.Status
		}
	} else {
		ans = refuse(f.Status, f.message())
	}
	maps.Copy(ans.header, f.Header)
	return ans
}

func (f Fault) message() string {
	if f.Message != "" {
		return f.Message
	}
	return http.StatusText(f.Status)
}

// String names the fault for the call log.
func (f Fault) String() string {
	if f.Kind == Status {
		return fmt.Sprintf("status %d", f.Status)
	}
	return string(f.Kind)
}

// wait reports whether d passed before ctx ended.
func wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
