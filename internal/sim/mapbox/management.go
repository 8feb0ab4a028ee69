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

// Management serves what a test or a person steers the simulator by, apart from the protocol. Its requests are not
// in the call log and do not count against the rate limit. It asks for no token: serve it on loopback only.
//
//	GET    /_sim/                 this list, as text
//	GET    /_sim/calls            the call log: [{"time","method","op","path","status","usage","token_id","fault"}]
//	DELETE /_sim/calls            empty it
//	GET    /_sim/faults           the faults not yet used up
//	POST   /_sim/faults           add one: {"op","skip","hits","kind","status","message","header":{"Name":"value"},
//	                              "delay_before":"2s","delay_after":"2s"}; all but kind may be left out, see Fault
//	DELETE /_sim/faults           drop them all
//	GET    /_sim/clock            {"now","offset"}
//	POST   /_sim/clock            move it ahead: {"advance":"61m"}
//	GET    /_sim/tokens?user=NAME the account's live permanent tokens, without their values
//	GET    /_sim/scopes?user=NAME the ids of the account's scopes
//	POST   /_sim/scopes           give an account one more: {"user":"dev","scope":"indoor:read"}
//
// A success that returns nothing is 204. Bad input is 400 with {"message"}, one sentence.
func (s *Simulator) Management() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /_sim/{$}", listRoutes)
	mux.HandleFunc("GET /_sim/calls", func(w http.ResponseWriter, _ *http.Request) { sendJSON(w, s.Calls()) })
	mux.HandleFunc("DELETE /_sim/calls", func(w http.ResponseWriter, _ *http.Request) { s.forgetCalls(w) })
	mux.HandleFunc("GET /_sim/faults", func(w http.ResponseWriter, _ *http.Request) { sendJSON(w, s.pendingFaults()) })
	mux.HandleFunc("POST /_sim/faults", s.postFault)
	mux.HandleFunc("DELETE /_sim/faults", func(w http.ResponseWriter, _ *http.Request) {
		s.ClearFaults()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /_sim/clock", func(w http.ResponseWriter, _ *http.Request) { sendJSON(w, s.clock()) })
	mux.HandleFunc("POST /_sim/clock", s.postClock)
	mux.HandleFunc("GET /_sim/tokens", s.ofAccount(func(user string) any { return s.Tokens(user) }))
	mux.HandleFunc("GET /_sim/scopes", s.ofAccount(func(user string) any { return s.Scopes(user) }))
	mux.HandleFunc("POST /_sim/scopes", s.postScope)
	return mux
}

const routes = `GET    /_sim/calls             the call log
DELETE /_sim/calls             empty it
GET    /_sim/faults            the faults not yet used up
POST   /_sim/faults            add one: {"op":"create","hits":2,"kind":"status","status":500}
DELETE /_sim/faults            drop them all
GET    /_sim/clock             the time
POST   /_sim/clock             move it ahead: {"advance":"61m"}
GET    /_sim/tokens?user=NAME  the live permanent tokens
GET    /_sim/scopes?user=NAME  the scopes of the account
POST   /_sim/scopes            give it one more: {"user":"dev","scope":"indoor:read"}
`

func listRoutes(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, routes)
}

func (s *Simulator) forgetCalls(w http.ResponseWriter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = nil
	w.WriteHeader(http.StatusNoContent)
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

// clockBody tells the simulator's time and how far it is ahead of its base clock.
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
		err = errors.New("advance must be a duration above zero, such as 61m")
	}
	if err != nil {
		badInput(w, err)
		return
	}
	s.Advance(time.Duration(body.Advance))
	sendJSON(w, s.clock())
}

// ofAccount serves what is known about the account that the query names.
func (s *Simulator) ofAccount(get func(user string) any) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		user := r.URL.Query().Get("user")
		s.mu.Lock()
		known := s.accounts[user] != nil
		s.mu.Unlock()
		if !known {
			badInput(w, fmt.Errorf("user must name an account, not %q", user))
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

// readManagement decodes one JSON value strictly: a misspelt key would be a fault that never strikes.
func readManagement(r *http.Request, into any) error {
	raw, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	if err != nil {
		return fmt.Errorf("read the body: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return fmt.Errorf("the body is not as expected: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("the body holds more than one JSON value")
	}
	return nil
}

func sendJSON(w http.ResponseWriter, v any) { answer(http.StatusOK, v).write(w) }

func badInput(w http.ResponseWriter, err error) { refuse(http.StatusBadRequest, err.Error()).write(w) }

// span is a duration that JSON holds as Go writes it, such as "1m30s".
type span time.Duration

func (d span) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText takes what time.ParseDuration takes.
func (d *span) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = span(v)
	return err
}
