package mapbox

import (
	"cmp"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Config configures a Simulator. The zero value means the real clock, no rate limit, and the
// defaults of the package comment.
type Config struct {
	// Seed decides the signing key and all ids. The same seed, calls and clock give the same
	// tokens.
	Seed uint64

	// Now is the base clock. nil means time.Now. Advance moves the simulator ahead of the base
	// clock.
	Now func() time.Time

	// RateLimit is the number of requests that an account may make in a minute. 0 means no limit
	// and no headers.
	RateLimit int

	// CreatedStatus is the status of a successful create: 200 or 201. 0 means 200.
	CreatedStatus int

	// TemporaryDiesWithParent means that a temporary token ends when its permanent token is
	// deleted.
	TemporaryDiesWithParent bool

	// ListLag is how long lists omit a token that was created over the API. The token works at
	// once.
	ListLag time.Duration
}

// Simulator is the Tokens API in memory. It is an [http.Handler]. Methods may be called at the same
// time.
type Simulator struct {
	cfg Config

	// mu guards all fields below. No lock is held while a fault delays an answer.
	mu          sync.Mutex
	key         []byte
	issued      uint64 // the number of tokens so far; makes ids unique
	requests    uint64 // the number of requests so far; makes request ids unique
	offset      time.Duration
	accounts    map[string]*account
	temporaries temporaries
	windows     map[string]*window
	uploads     uploads
	faults      []*Fault
	calls       []Call
}

// New returns a Simulator without accounts. The error names the field of cfg that is not valid.
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

// ServeHTTP serves the API. A fault that closes the connection panics with [http.ErrAbortHandler],
// as net/http requires. So only an [http.Server] may call ServeHTTP.
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

// perform answers one request and logs the call under one lock, so that the log has the order of
// the effects. The rate limit comes before an injected answer, so that the answer has the headers
// of the rate limit.
func (s *Simulator) perform(req request, fault Fault) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	by := s.inspect(req.token)
	header := make(http.Header)
	header.Set("X-Amz-Cf-Id", s.requestID())

	var ans reply
	switch {
	case isLimited(req.op) && !s.admit(by, header):
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

// answer makes the checks that all operations share, and then performs the operation.
func (s *Simulator) answer(req request, by bearer) reply {
	switch {
	case req.op == "":
		return refuse(http.StatusNotFound, "Not Found")
	case req.op == OpUploadFile: // the storage knows no tokens of Mapbox
		return s.storeFile(req)
	case req.token == "":
		return refuse(http.StatusUnprocessableEntity, "access token is required")
	case req.op == OpRetrieve:
		return retrieve(by)
	case by.code != valid:
		return refuse(http.StatusUnauthorized, "Unauthorized")
	case !by.servesPage(req.referer):
		return refuse(http.StatusForbidden, "Forbidden")
	case servesMaps(req.op):
		return s.serveMap(req, by)
	}
	owner, ok := s.accounts[req.username]
	if !ok {
		return refuse(http.StatusNotFound, "No such user")
	}
	if by.claims.User != owner.username || !by.may(cmp.Or(scopeFor[req.op], uploadScopes[req.op])) {
		return missingScope(req.op)
	}
	if req.problem != nil {
		return *req.problem
	}
	if servesUploads(req.op) {
		return s.serveUpload(req, owner.username)
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

// scopeFor is the scope that the request's token needs for each operation (the API's page).
var scopeFor = map[string]string{
	OpList:            "tokens:read",
	OpCreate:          "tokens:write",
	OpCreateTemporary: "tokens:write",
	OpUpdate:          "tokens:write",
	OpDelete:          "tokens:write",
	OpScopes:          "scopes:list",
}

// missingScope answers 404, as Mapbox does, so that a token without the scope does not learn what
// exists. Only List scopes answers 403 (recorded traffic).
func missingScope(op string) reply {
	if op == OpScopes {
		return refuse(http.StatusForbidden, "Forbidden")
	}
	return refuse(http.StatusNotFound, "Not Found")
}
