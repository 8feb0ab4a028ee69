package mapbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"
)

// state is the JSON form of a Simulator. Faults, calls and windows of the rate limit are not saved.
type state struct {
	Warning     string                 `json:"warning"`
	Key         []byte                 `json:"key"`
	Issued      uint64                 `json:"issued"`
	Requests    uint64                 `json:"requests"`
	Offset      span                   `json:"offset"`
	Accounts    map[string][]permanent `json:"accounts"`
	Temporaries map[string]temporary   `json:"temporaries"`
	Scopes      map[string][]string    `json:"scopes,omitempty"` // added ones, by account
}

const warning = "This file contains the signing key. " +
	"With the key, anyone can make every token of this simulator."

// Snapshot returns the accounts, their tokens, the clock's offset and the signing key as JSON. The
// signing key is as secret as all tokens together. The first member, "warning", says so.
func (s *Simulator) Snapshot() ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := state{
		Warning: warning, Key: s.key, Issued: s.issued, Requests: s.requests, Offset: span(
			s.offset),
		Accounts:    make(map[string][]permanent, len(s.accounts)),
		Temporaries: s.temporaries.live,
		Scopes:      map[string][]string{},
	}
	for name, a := range s.accounts {
		if len(a.more) > 0 {
			at.Scopes[name] = a.more
		}
		at.Accounts[name] = []permanent{} // an account may have no tokens
		for _, t := range a.oldestFirst() {
			at.Accounts[name] = append(at.Accounts[name], *t)
		}
	}
	return json.MarshalIndent(at, "", "  ")
}

// Restore replaces the accounts, tokens, clock's offset and signing key with those of a Snapshot.
// After an error nothing has changed. Errors do not quote the snapshot.
func (s *Simulator) Restore(snapshot []byte) error {
	var at state
	if json.Unmarshal(snapshot, &at) != nil {
		return errors.New("the snapshot is not the JSON of a simulator")
	}
	if len(at.Key) != len(s.key) {
		return errors.New("the snapshot has no signing key")
	}
	accounts := make(map[string]*account, len(at.Accounts))
	for name, tokens := range at.Accounts {
		a := &account{
			username: name,
			tokens:   make(map[string]*permanent, len(tokens)),
			more:     at.Scopes[name],
		}
		for _, t := range tokens {
			if len(t.ID) != idLength || t.Usage != public && t.Usage != secret {
				return fmt.Errorf("the snapshot's account %q has a damaged token", name)
			}
			a.tokens[t.ID] = &t
		}
		accounts[name] = a
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.key, s.issued, s.requests, s.offset = at.Key, at.Issued, at.Requests, time.Duration(at.Offset)
	s.accounts = accounts
	s.temporaries = temporaries{live: make(map[string]temporary, len(at.Temporaries))}
	maps.Copy(s.temporaries.live, at.Temporaries)
	clear(s.windows)
	return nil
}
