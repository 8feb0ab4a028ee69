package tokencache

import (
	"sync"
	"time"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// maxHeld bounds how many tokens an instance remembers.
const maxHeld = 1024

// held is a token in memory.
type held struct {
	token   tokens.Temporary
	renewAt time.Time // from then on one request fetches another
	endUse  time.Time // the end of its reuse window; later it serves only if there is no fresh one
}

func (h held) isFresh(now time.Time) bool  { return now.Before(h.renewAt) }
func (h held) isUsable(now time.Time) bool { return now.Before(h.endUse) }

// isAlive reports whether the token lives long enough to be served stale.
func (h held) isAlive(now time.Time) bool { return h.token.Expires.Sub(now) >= leastLife+recheck }

// flight is one request that fetches a token for all requests that wait for it.
type flight struct {
	done   chan struct{} // closed when the fields below are set
	result Result
	err    error
}

// shared returns the result for a request that waited. Only the leader minted and asked the ledger.
// For all others the token comes from memory, and they know no budget.
func (f *flight) shared() (Result, error) {
	if f.err != nil {
		return Result{}, f.err
	}
	return Result{Token: f.result.Token, Source: FromMemory, Stale: f.result.Stale}, nil
}

// local is what one instance remembers: tokens, and the keys that are being fetched.
type local struct {
	mu      sync.Mutex
	held    map[string]held
	flights map[string]*flight
}

func newLocal() local { return local{held: map[string]held{}, flights: map[string]*flight{}} }

// enter returns the token under key. If that token is not fresh, enter also returns the flight that
// fetches another one. mine says that the caller is to fetch it, and must call leave.
func (l *local) enter(key string, now time.Time) (h held, f *flight, mine bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h = l.held[key]
	if h.isFresh(now) {
		return h, nil, false
	}
	if f = l.flights[key]; f != nil {
		return h, f, false
	}
	f = &flight{done: make(chan struct{})}
	l.flights[key] = f
	return h, f, true
}

// stale returns the token under key for a request that can wait no longer. The error is cause if no
// token lives long enough.
func (l *local) stale(key string, now time.Time, cause error) (Result, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.held[key]
	if !h.isAlive(now) {
		return Result{}, cause
	}
	return Result{Token: h.token, Source: FromMemory, Stale: !h.isUsable(now)}, nil
}

// leave ends a flight and wakes the requests that wait.
func (l *local) leave(key string, f *flight, result Result, err error) {
	l.mu.Lock()
	delete(l.flights, key)
	l.mu.Unlock()
	f.result, f.err = result, err
	close(f.done)
}

// put remembers a token. If there is no room, the token that ends first is dropped.
func (l *local) put(key string, h held) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, known := l.held[key]; !known && len(l.held) >= maxHeld {
		var first string
		for k, other := range l.held {
			if first == "" || other.token.Expires.Before(l.held[first].token.Expires) {
				first = k
			}
		}
		delete(l.held, first)
	}
	l.held[key] = h
}

// sealers keeps the keys of the last parent. Deriving keys for each request would take most of the
// request's time.
type sealers struct {
	mu     sync.Mutex
	parent tokens.Token
	last   *sealer
}

func (s *sealers) of(parent tokens.Token) (*sealer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last != nil && s.parent.Equal(parent) {
		return s.last, nil
	}
	fresh, err := newSealer(parent)
	if err != nil {
		return nil, err
	}
	s.parent, s.last = parent, fresh
	return fresh, nil
}
