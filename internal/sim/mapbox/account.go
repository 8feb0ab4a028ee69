package mapbox

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"
)

// account holds an account's live permanent tokens by id. A deleted token leaves no trace.
type account struct {
	username string
	tokens   map[string]*permanent
	more     []string // scopes that the catalogue does not have
}

// permanent is a public or secret token. Its value is not stored, because the id and the signing
// key determine it.
type permanent struct {
	ID           string        `json:"id"`
	Usage        string        `json:"usage"`
	Default      bool          `json:"default"`
	Note         *string       `json:"note"`
	Scopes       []string      `json:"scopes"`
	AllowedURLs  []string      `json:"allowedUrls,omitempty"`
	Resources    []string      `json:"resources,omitempty"`
	Applications []application `json:"allowedApplications,omitempty"`
	Created      time.Time     `json:"created"`
	Modified     time.Time     `json:"modified"`
	Listed       time.Time     `json:"listed"` // lists contain the token from this time on
}

// application is a mobile application that a token is restricted to.
type application struct {
	Platform string `json:"platform"`
	BundleID string `json:"bundleId"`
}

// TokenInfo describes a live permanent token without its value. Note is empty if there is none.
// Created is in UTC, to the millisecond.
type TokenInfo struct {
	ID      string    `json:"id"`
	Usage   string    `json:"usage"` // pk or sk
	Note    string    `json:"note"`
	Scopes  []string  `json:"scopes"`
	Created time.Time `json:"created"`
	Default bool      `json:"default"`
}

// usernames matches the user names that Mapbox's sign-up form accepts.
var usernames = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*$`)

// AddAccount adds an account with its default public token. The error says that the name is not
// valid or is taken.
func (s *Simulator) AddAccount(username string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !usernames.MatchString(username) {
		return fmt.Errorf("user name %q: want lower-case letters, digits, - and _", username)
	}
	if s.accounts[username] != nil {
		return fmt.Errorf("user name %q is taken", username)
	}
	a := &account{username: username, tokens: make(map[string]*permanent)}
	s.accounts[username] = a
	note := "Default public token"
	t := s.add(a, permanent{Note: &note, Scopes: publicScopes()})
	t.Default = true
	return nil
}

// AddToken creates a permanent token, as a person does on Mapbox's account page. The subset rule
// does not apply there, so this is the way to an account's first secret token. One scope that is
// not public makes the token secret. A scope that the account does not have yet is added, as
// AddScope does. The error says that the account does not exist or that a scope is not valid.
func (s *Simulator) AddToken(username, note string, scopes []string) (id, token string,
	err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[username]
	if a == nil {
		return "", "", fmt.Errorf("no account %q", username)
	}
	for _, scope := range scopes {
		if err := a.addScope(scope); err != nil {
			return "", "", err
		}
	}
	t := s.add(a, permanent{Note: &note, Scopes: slices.Clone(scopes)})
	return t.ID, s.value(a, t), nil
}

// Tokens returns the account's live permanent tokens, oldest first. Tokens that lists do not
// contain yet are included. For an unknown account the slice is empty.
func (s *Simulator) Tokens(username string) []TokenInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	infos := []TokenInfo{}
	a := s.accounts[username]
	if a == nil {
		return infos
	}
	for _, t := range a.oldestFirst() {
		info := TokenInfo{ID: t.ID, Usage: t.Usage, Scopes: slices.Clone(t.Scopes),
			Created: t.Created, Default: t.Default}
		if t.Note != nil {
			info.Note = *t.Note
		}
		infos = append(infos, info)
	}
	return infos
}

// Revoke deletes a token, as a person does on Mapbox's account page. The error says that there is
// no such token.
func (s *Simulator) Revoke(username, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.permanent(username, id) == nil {
		return fmt.Errorf("account %q has no token %s", username, id)
	}
	delete(s.accounts[username].tokens, id)
	return nil
}

// add completes t and adds it to the account. The scopes decide the usage. The caller holds s.mu.
func (s *Simulator) add(a *account, t permanent) *permanent {
	now := s.now().Truncate(time.Millisecond)
	t.ID, t.Usage = s.newID(now), usageOf(t.Scopes)
	t.Created, t.Modified, t.Listed = now, now, now
	a.tokens[t.ID] = &t
	return &t
}

// permanent returns a live token, or nil. The caller holds s.mu.
func (s *Simulator) permanent(username, id string) *permanent {
	if a := s.accounts[username]; a != nil {
		return a.tokens[id]
	}
	return nil
}

// value returns the string of a token.
func (s *Simulator) value(a *account, t *permanent) string {
	return s.sign(t.Usage, claims{User: a.username, Authorization: t.ID})
}

// oldestFirst returns the tokens by the time of creation. It sorts by id, because ids ascend with
// time.
func (a *account) oldestFirst() []*permanent {
	ids := slices.Sorted(maps.Keys(a.tokens))
	tokens := make([]*permanent, len(ids))
	for i, id := range ids {
		tokens[i] = a.tokens[id]
	}
	return tokens
}
