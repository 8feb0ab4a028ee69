package mapbox

import (
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Config sets a Simulator up. The zero value is a simulator on the real clock, without a rate limit, whose every
// open question is answered as the package comment says.
type Config struct {
	// Seed decides the signing key and all ids: the same seed, calls and clock give the same tokens.
	Seed uint64

	// Now is the base clock, time.Now if nil. Advance moves the simulator ahead of it.
	Now func() time.Time

	// RateLimit is how many requests an account may make in a minute; 0 means no limit and no rate-limit headers.
	RateLimit int

	// CreatedStatus answers a successful create, permanent or temporary: 200 (also if 0) or 201.
	CreatedStatus int

	// TemporaryDiesWithParent revokes a temporary token with the permanent token that it descends from.
	TemporaryDiesWithParent bool

	// ListLag is how long a token made over the API stays out of lists. It works at once all the same.
	ListLag time.Duration
}

// Simulator is the Tokens API in memory. It is safe for concurrent use.
type Simulator struct {
	cfg Config

	// mu guards everything below. It is never held while a fault delays an answer.
	mu          sync.Mutex
	key         []byte
	issued      uint64 // tokens so far, which is what keeps ids apart
	requests    uint64 // requests so far, which is what keeps request ids apart
	offset      time.Duration
	accounts    map[string]*account
	temporaries temporaries
	windows     map[string]*window
	faults      []*Fault
	calls       []Call
}

// New returns a Simulator without accounts.
func New(cfg Config) (*Simulator, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.CreatedStatus == 0 {
		cfg.CreatedStatus = http.StatusOK
	}
	if cfg.CreatedStatus != http.StatusOK && cfg.CreatedStatus != http.StatusCreated {
		return nil, fmt.Errorf("created status %d: must be 200 or 201", cfg.CreatedStatus)
	}
	if cfg.RateLimit < 0 {
		return nil, fmt.Errorf("rate limit %d: must not be negative", cfg.RateLimit)
	}
	if cfg.ListLag < 0 {
		return nil, fmt.Errorf("list lag %s: must not be negative", cfg.ListLag)
	}
	return &Simulator{
		cfg:         cfg,
		key:         signingKey(cfg.Seed),
		accounts:    make(map[string]*account),
		temporaries: temporaries{live: make(map[string]temporary)},
		windows:     make(map[string]*window),
	}, nil
}

// ServeHTTP speaks the protocol. A fault that closes the connection does so by panicking with
// [http.ErrAbortHandler], as net/http asks: serve the simulator by an [http.Server].
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	allowAnyOrigin(w.Header())
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	req := readRequest(r)
	fault := s.takeFault(req.op)
	if !wait(r.Context(), fault.DelayBefore) || fault.Kind == NoAnswer {
		s.recordUnanswered(req, fault)
		panic(http.ErrAbortHandler)
	}
	ans := s.perform(req, fault)
	if !wait(r.Context(), fault.DelayAfter) || fault.Kind == LostAnswer {
		panic(http.ErrAbortHandler)
	}
	if fault.Kind == HalfBody {
		ans.writeHalf(w)
	}
	ans.write(w)
}

// perform answers one request and writes it into the call log, both in one critical section: the log's order is
// the order of effects. The rate limit comes before an injected answer, so that such an answer has its headers.
func (s *Simulator) perform(req request, fault Fault) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	by := s.inspect(req.token)
	header := make(http.Header)
	header.Set("X-Amz-Cf-Id", s.requestID())

	var ans reply
	switch {
	case !s.admit(by, header):
		ans = refuse(http.StatusTooManyRequests, "Too Many Requests")
	case fault.Kind == Status || fault.Kind == HTML:
		ans = fault.answer()
	default:
		ans = s.answer(req, by)
	}
	ans = ans.with(header)
	status := ans.status
	if fault.Kind == LostAnswer {
		status = 0
	}
	s.record(req, by, status, fault)
	return ans
}

// answer applies the checks that all operations share, outermost first, and then the operation.
func (s *Simulator) answer(req request, by bearer) reply {
	switch {
	case req.op == "":
		return refuse(http.StatusNotFound, "Not Found")
	case req.token == "":
		return refuse(http.StatusUnprocessableEntity, "access token is required")
	case req.op == OpRetrieve:
		return retrieve(by)
	case by.code != valid:
		return refuse(http.StatusUnauthorized, "Unauthorized")
	}
	owner, ok := s.accounts[req.username]
	if !ok {
		return refuse(http.StatusNotFound, "No such user")
	}
	if by.claims.User != owner.username || !by.may(scopeFor[req.op]) {
		return missingScope(req.op)
	}
	if req.problem != nil {
		return *req.problem
	}
	switch req.op {
	case OpList:
		return s.list(req, owner)
	case OpScopes:
		return answer(http.StatusOK, owner.scopes())
	case OpCreateTemporary:
		return s.createTemporary(req, owner, by)
	case OpCreate:
		return s.createPermanent(req, owner, by)
	case OpUpdate:
		return s.update(req, owner, by)
	default:
		return s.delete(req, owner)
	}
}

// scopeFor is the scope that each operation asks of its authorising token (the API's own page).
var scopeFor = map[string]string{
	OpList:            "tokens:read",
	OpCreate:          "tokens:write",
	OpCreateTemporary: "tokens:write",
	OpUpdate:          "tokens:write",
	OpDelete:          "tokens:write",
	OpScopes:          "scopes:list",
}

// missingScope hides what exists from a token without the scope, as Mapbox does. List scopes alone answers 403
// (recorded traffic).
func missingScope(op string) reply {
	if op == OpScopes {
		return refuse(http.StatusForbidden, "Forbidden")
	}
	return refuse(http.StatusNotFound, "Not Found")
}
