package mapbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Management returns a handler that controls the simulator. Its requests are not in the call log
// and do not count against the rate limit. It requires no token, so serve it on loopback only.
//
//	GET    /_sim/                 this list, as text
//	GET    /_sim/calls            the call log:
//	                              [{"time","method","op","path","status","usage",
//	                              "token_id","fault"}]
//	DELETE /_sim/calls            clear the call log
//	GET    /_sim/faults           the faults that still apply to requests
//	POST   /_sim/faults           add a fault; only kind is required, see Fault:
//	                              {"op","skip","hits","kind","status","message",
//	                              "header":{"Name":"value"},
//	                              "delay_before":"2s","delay_after":"2s"}
//	DELETE /_sim/faults           remove all faults
//	GET    /_sim/clock            {"now","offset"}
//	POST   /_sim/clock            move the time ahead: {"advance":"61m"}
//	POST   /_sim/accounts         add an account with a token: {"user":"shop"} answers
//	                              {"user","id","token"}. "scopes" are those of the token, else it
//	                              has all
//	GET    /_sim/tokens?user=NAME the account's live permanent tokens, without their values
//	GET    /_sim/scopes?user=NAME the ids of the account's scopes
//	POST   /_sim/scopes           add a scope to an account: {"user":"dev","scope":"indoor:read"}
//	POST   /_sim/uploads          how long Mapbox works on an upload: {"takes":"2h"}
//
// A success without a body is 204. Bad input is 400 with {"message"}, which is one sentence.
func (s *Simulator) Management() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /_sim/{$}", listRoutes)
	mux.HandleFunc("GET /_sim/calls", get(s.Calls))
	mux.HandleFunc("DELETE /_sim/calls", clears(s.forgetCalls))
	mux.HandleFunc("GET /_sim/faults", get(s.pendingFaults))
	mux.HandleFunc("POST /_sim/faults", s.postFault)
	mux.HandleFunc("DELETE /_sim/faults", clears(s.ClearFaults))
	mux.HandleFunc("GET /_sim/clock", get(s.clock))
	mux.HandleFunc("POST /_sim/clock", s.postClock)
	mux.HandleFunc("POST /_sim/accounts", s.postAccount)
	mux.HandleFunc("GET /_sim/tokens", s.ofAccount(func(user string) any { return s.Tokens(user) }))
	mux.HandleFunc("GET /_sim/scopes", s.ofAccount(func(user string) any { return s.Scopes(user) }))
	mux.HandleFunc("POST /_sim/scopes", s.postScope)
	mux.HandleFunc("POST /_sim/uploads", s.postUploads)
	return mux
}

const routes = `GET    /_sim/calls             the call log
DELETE /_sim/calls             clear the call log
GET    /_sim/faults            the faults that still apply to requests
POST   /_sim/faults            add a fault: {"op":"create","hits":2,"kind":"status","status":500}
DELETE /_sim/faults            remove all faults
GET    /_sim/clock             the time
POST   /_sim/clock             move the time ahead: {"advance":"61m"}
POST   /_sim/accounts          add an account and its token: {"user":"shop"}
GET    /_sim/tokens?user=NAME  the live permanent tokens
GET    /_sim/scopes?user=NAME  the scopes of the account
POST   /_sim/scopes            add a scope to an account: {"user":"dev","scope":"indoor:read"}
POST   /_sim/uploads           how long Mapbox works on an upload: {"takes":"2h"}
`

func get[T any](read func() T) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { sendJSON(w, read()) }
}

func clears(do func()) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		do()
		w.WriteHeader(http.StatusNoContent)
	}
}

func listRoutes(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, routes)
}

func (s *Simulator) forgetCalls() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = nil
}

func (s *Simulator) pendingFaults() []faultBody {
	s.mu.Lock()
	defer s.mu.Unlock()
	pending := make([]faultBody, len(s.faults))
	for i, f := range s.faults {
		pending[i] = f.body()
	}
	return pending
}

// Faults describes the faults that still apply to requests, such as "status 503".
func (s *Simulator) Faults() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	pending := []string{}
	for _, f := range s.faults {
		pending = append(pending, f.String())
	}
	return pending
}

func (s *Simulator) postFault(w http.ResponseWriter, r *http.Request) {
	var body faultBody
	err := readManagement(r, &body)
	if err == nil {
		err = body.check()
	}
	if err != nil {
		badInput(w, err)
		return
	}
	s.Inject(body.fault())
	w.WriteHeader(http.StatusNoContent)
}

// clockBody has the simulator's time, and how far that is ahead of the base clock.
type clockBody struct {
	Now    string `json:"now"`
	Offset span   `json:"offset"`
}

func (s *Simulator) clock() clockBody {
	s.mu.Lock()
	defer s.mu.Unlock()
	return clockBody{Now: stamp(s.now()), Offset: span(s.offset)}
}

func (s *Simulator) postClock(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Advance span `json:"advance"`
	}
	err := readManagement(r, &body)
	if err == nil && body.Advance <= 0 {
		err = errors.New("advance must be a duration above zero, for example 61m")
	}
	if err != nil {
		badInput(w, err)
		return
	}
	s.Advance(time.Duration(body.Advance))
	sendJSON(w, s.clock())
}

// postAccount adds an account, so that each test of a program can have one of its own. The reply is
// the only one here that has the value of a token.
func (s *Simulator) postAccount(w http.ResponseWriter, r *http.Request) {
	var body struct {
		User   string   `json:"user"`
		Scopes []string `json:"scopes"`
	}
	err := readManagement(r, &body)
	for _, scope := range body.Scopes { // a wrong one must not leave an account behind
		if !scopeForm.MatchString(scope) {
			err = errors.Join(err, fmt.Errorf("%q is not a scope", scope))
		}
	}
	if err == nil {
		err = s.AddAccount(body.User)
	}
	if err != nil {
		badInput(w, err)
		return
	}
	if body.Scopes == nil {
		body.Scopes = s.Scopes(body.User)
	}
	id, token, err := s.AddToken(body.User, "For your own requests", body.Scopes)
	if err != nil {
		badInput(w, err)
		return
	}
	sendJSON(w, map[string]string{"user": body.User, "id": id, "token": token})
}

// ofAccount serves data about the account that the query names.
func (s *Simulator) ofAccount(get func(user string) any) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		user := r.URL.Query().Get("user")
		s.mu.Lock()
		known := s.accounts[user] != nil
		s.mu.Unlock()
		if !known {
			badInput(w, fmt.Errorf("user must be the name of an account: there is no account %q",
				user))
			return
		}
		sendJSON(w, get(user))
	}
}

func (s *Simulator) postScope(w http.ResponseWriter, r *http.Request) {
	var body struct {
		User  string `json:"user"`
		Scope string `json:"scope"`
	}
	err := readManagement(r, &body)
	if err == nil {
		err = s.AddScope(body.User, body.Scope)
	}
	if err != nil {
		badInput(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// readManagement decodes one JSON value. It refuses unknown members, because a fault with a
// misspelt member would not do what its author wants.
func readManagement(r *http.Request, into any) error {
	raw, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	if err != nil {
		return fmt.Errorf("read the body: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return fmt.Errorf("decode the body: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("the body contains more than one JSON value")
	}
	return nil
}

func sendJSON(w http.ResponseWriter, v any) { answer(http.StatusOK, v).write(w) }

func badInput(w http.ResponseWriter, err error) {
	refuse(http.StatusBadRequest, err.Error()).write(w)
}

// span is a duration whose JSON form is Go's own, for example "1m30s".
type span time.Duration

func (d span) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText accepts the same text as time.ParseDuration.
func (d *span) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = span(v)
	return err
}
