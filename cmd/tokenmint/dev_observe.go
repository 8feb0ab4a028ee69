package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/internal/mint"
	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/setup"
	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
)

// observer collects what the page of dev shows. It knows tokens by their hashes only.
type observer struct {
	backend   *backend
	mapboxURL string
	policy    func() policyState // looks at the file first
	ended     <-chan struct{}    // closed when dev ends

	mu     sync.Mutex
	audits []auditState // the last ones, oldest first
	issued []issuedState
}

// maxAudits is the number of audit records that the page shows.
const maxAudits = 50

// Write takes a line of the log, and keeps it if it is an audit record.
func (o *observer) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte(`"message":"audit"`)) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.note(line)
		record := bytes.TrimSpace(bytes.Clone(line))
		o.audits = append(o.audits, auditState{o.backend.now().UnixMilli(), record})
		o.audits = o.audits[max(0, len(o.audits)-maxAudits):]
	}
	return len(line), nil
}

// note keeps the temporary token of an audit record until it ends. The caller holds o.mu.
func (o *observer) note(line []byte) {
	var record struct {
		TokenHash, Profile string
		Expires            time.Time
	}
	_ = json.Unmarshal(line, &record) // another record leaves it empty
	now := o.backend.now().UnixMilli()
	o.issued = slices.DeleteFunc(o.issued, func(t issuedState) bool {
		return t.Hash == record.TokenHash || t.Ends < now
	})
	if record.TokenHash != "" {
		o.issued = append(o.issued,
			issuedState{record.TokenHash, record.Profile, record.Expires.UnixMilli()})
	}
}

// devState is what the page shows. Times are milliseconds since 1970, on the simulator's clock.
type devState struct {
	Now       int64         `json:"now"`
	Live      bool          `json:"live"` // the real Mapbox, which dev cannot manage
	MapboxURL string        `json:"mapboxUrl"`
	Budget    budgetState   `json:"budget"`
	Audits    []auditState  `json:"audits"`
	Issued    []issuedState `json:"issued"`
	Tokens    []tokenState  `json:"tokens"`
	Secrets   []secretState `json:"secrets"`
	Faults    []string      `json:"faults"`
	Policy    policyState   `json:"policy"`
}

// auditState is an audit record. Its own time may be that of the real clock.
type auditState struct {
	At     int64           `json:"at"`
	Record json.RawMessage `json:"record"`
}

// issuedState is a temporary token that somebody got, the last one last.
type issuedState struct {
	Hash    string `json:"hash"`
	Profile string `json:"profile"`
	Ends    int64  `json:"ends"`
}

// budgetState is how the current minute was used.
type budgetState struct {
	Minted int `json:"minted"`
	Limit  int `json:"limit"` // of the policy
	Calls  int `json:"calls"` // of the Tokens API
}

// tokenState is a permanent token of the simulated account.
type tokenState struct {
	ID      string `json:"id"`
	Usage   string `json:"usage"`
	Note    string `json:"note"`
	Created int64  `json:"created"`
}

type secretState struct {
	Name     string         `json:"name"`
	Versions []versionState `json:"versions"`
}

type versionState struct {
	ID      string   `json:"id"`
	Labels  []string `json:"labels"`
	Created int64    `json:"created"`
	Hash    string   `json:"hash"`    // of the token; "" if no token can be read
	TokenID string   `json:"tokenId"` // "" if the value does not say it
}

// state returns what the page shows now.
func (o *observer) state() devState {
	s := devState{
		Now: o.backend.now().UnixMilli(), Live: o.backend.sim == nil, MapboxURL: o.mapboxURL,
		Policy: o.policy(), Faults: []string{}, Tokens: []tokenState{},
	}
	s.Budget.Limit = s.Policy.budget
	names := []string{parentSecret}
	for _, t := range s.Policy.managed {
		names = append(names, t.SecretName(setup.DefaultStage))
	}
	for _, name := range names {
		s.Secrets = append(s.Secrets, o.secret(name))
	}
	if o.backend.sim != nil {
		o.addSimulated(&s)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	s.Audits = append([]auditState{}, o.audits...)
	s.Issued = append([]issuedState{}, o.issued...)
	return s
}

// addSimulated adds what only a simulator tells.
func (o *observer) addSimulated(s *devState) {
	sim := o.backend.sim
	for _, t := range sim.Tokens(o.backend.user) {
		s.Tokens = append(s.Tokens, tokenState{t.ID, t.Usage, t.Note, t.Created.UnixMilli()})
	}
	minute := o.backend.now().Truncate(time.Minute)
	for _, call := range sim.CallsSince(minute) {
		if call.IsLimited() {
			s.Budget.Calls++
		}
		if call.Op == mapbox.OpCreateTemporary && call.Status < 400 {
			s.Budget.Minted++
		}
	}
	s.Faults = sim.Faults()
}

// secret returns the versions of a secret, oldest first.
func (o *observer) secret(name string) secretState {
	state := secretState{Name: name, Versions: []versionState{}}
	versions, err := o.backend.secrets.Versions(noDeadline, name)
	if err != nil {
		return state // an additional token in AWS, which this machine does not have
	}
	for _, v := range versions {
		version := versionState{ID: v.ID, Labels: append([]string{}, v.Stages...),
			Created: v.Created.UnixMilli()}
		if c, err := secrets.ParseCredential(v.Value); err == nil {
			version.Hash, version.TokenID = c.Token.Hash(), c.ID
		}
		state.Versions = append(state.Versions, version)
	}
	return state
}

// policyState is the policy that dev uses.
type policyState struct {
	File     string          `json:"file"`  // "" for the built-in policy
	Error    string          `json:"error"` // why the file as it is now is not used; "" if it is
	Warnings []string        `json:"warnings"`
	Text     string          `json:"text"` // of the file as it is now
	Requests []samplePayload `json:"requests"`

	budget  int
	managed []config.ManagedToken
}

// samplePayload is a request that some profile answers: one for each kind of route at most.
type samplePayload struct {
	Route      config.Route    `json:"route"`
	Method     string          `json:"method"`
	Path       string          `json:"path"`
	Authorizer json.RawMessage `json:"authorizer,omitempty"`
	Profile    string          `json:"profile"`
}

// samplesOf returns requests that the page can send. The page cannot invent an origin, so rules
// with origins are of use on the public route only.
func samplesOf(cfg *config.Config) []samplePayload {
	samples := []samplePayload{}
	for _, kind := range []config.Route{
		config.RouteIAM, config.RouteJWT, config.RouteCustom, config.RoutePublic,
	} {
		if sample, ok := sampleFor(cfg, kind); ok {
			samples = append(samples, sample)
		}
	}
	return samples
}

func sampleFor(cfg *config.Config, kind config.Route) (samplePayload, bool) {
	if profile := answers(cfg, mint.Who{ARN: devCaller}); kind == config.RouteIAM && profile != "" {
		return samplePayload{
			Route: kind, Method: http.MethodPost, Path: "/tokens", Profile: profile,
		}, true
	}
	for _, p := range cfg.Profiles {
		for _, rule := range p.Allow {
			for _, who := range callersFor(rule) {
				profile := answers(cfg, who)
				if who.Route() != kind || profile == "" ||
					who.Origin != "" && kind != config.RoutePublic {
					continue
				}
				method, path, authorizer := requestOf(who, profile)
				sample := samplePayload{Route: kind, Method: method, Path: path, Profile: profile}
				if len(authorizer) > 0 {
					sample.Authorizer = marshal(authorizer)
				}
				return sample, true
			}
		}
	}
	return samplePayload{}, false
}

// stateOfPolicy describes a policy that is in use.
func stateOfPolicy(path string, text []byte, cfg *config.Config) policyState {
	return policyState{
		File: path, Text: printable(text), Warnings: append([]string{}, cfg.Warnings...),
		Requests: samplesOf(cfg), budget: cfg.Parent.MintsPerMinute, managed: cfg.Tokens,
	}
}

func printable(text []byte) string { return strings.ToValidUTF8(string(text), "\ufffd") }
