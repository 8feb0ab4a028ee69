package mapbox

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"
)

// Kind is what a fault does to a request.
type Kind string

// The kinds of fault.
const (
	Slow       Kind = "slow"        // delays, and nothing else
	Status     Kind = "status"      // no effect; a status and a message
	HTML       Kind = "html"        // no effect; an HTML page, as from a proxy
	NoAnswer   Kind = "no-answer"   // no effect; the connection is closed
	HalfBody   Kind = "half-body"   // the effect; half the answer, then the connection is closed
	LostAnswer Kind = "lost-answer" // the effect; the connection is closed
)

// Fault changes the answers to the next requests that match. Faults are tried in the order of their
// injection. At most one fault applies to a request.
type Fault struct {
	Op   string // one of the Op constants; empty matches any request
	Skip int    // the number of matching requests that are answered normally first
	Hits int    // the number of requests to change then; 0 means 1, and -1 means all
	Kind Kind

	Status  int         // for Status and HTML; 0 means 502 for HTML
	Message string      // for Status; empty means the text that HTTP has for the status
	Header  http.Header // for Status and HTML; added to the answer

	// before the effect; a client that leaves in this time prevents the effect
	DelayBefore time.Duration
	DelayAfter  time.Duration // between the effect and the answer
}

// Inject adds a fault. It does not check the fault's fields.
func (s *Simulator) Inject(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.Hits == 0 {
		f.Hits = 1
	}
	s.faults = append(s.faults, &f)
}

// ClearFaults removes all faults.
func (s *Simulator) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// takeFault returns the fault that applies to a request and counts it. The zero Fault changes
// nothing.
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

// answer returns the answer of a fault of kind Status or HTML.
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

// String returns the fault's name for the call log.
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
