package mapbox

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"
)

// account holds an account's live permanent tokens by id. Deleted ones leave no trace.
type account struct {
	username string
	tokens   map[string]*permanent
	more     []string // scopes beyond the catalogue
}

// permanent is a public or secret token. Its value is not kept: it follows from the id and the signing key.
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
	Listed       time.Time     `json:"listed"` // when it shows in lists
}

// application is a mobile application that a token is restricted to.
type application struct {
	Platform string `json:"platform"`
	BundleID string `json:"bundleId"`
}

// TokenInfo describes a live permanent token, without its value.
type TokenInfo struct {
	ID      string    `json:"id"`
	Usage   string    `json:"usage"` // pk or sk
	Note    string    `json:"note"`
	Scopes  []string  `json:"scopes"`
	Created time.Time `json:"created"`
	Default bool      `json:"default"`
}

// usernames are what Mapbox allows; the first page that a person sees of it is the sign-up form.
var usernames = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*$`)

// AddAccount opens an account, which comes with its default public token.
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

// IssueByHand creates a token as a person does on the account page, where no subset rule holds: it is how an account
// gets its first secret token. Any scope that is not known to be public makes the token secret. What a person is given
// is of the account: a scope that the catalogue does not have is added, as AddScope does.
func (s *Simulator) IssueByHand(username, note string, scopes []string) (id, token string, err error) {
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

// Tokens returns the account's live permanent tokens, oldest first, also those that lists do not show yet. An
// unknown account has none.
func (s *Simulator) Tokens(username string) []TokenInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	infos := []TokenInfo{}
	a := s.accounts[username]
	if a == nil {
		return infos
	}
	for _, t := range a.oldestFirst() {
		info := TokenInfo{ID: t.ID, Usage: t.Usage, Scopes: slices.Clone(t.Scopes), Created: t.Created, Default: t.Default}
		if t.Note != nil {
			info.Note = *t.Note
		}
		infos = append(infos, info)
	}
	return infos
}

// Revoke deletes a token as a person does on the account page.
func (s *Simulator) Revoke(username, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.permanent(username, id) == nil {
		return fmt.Errorf("account %q has no token %s", username, id)
	}
	delete(s.accounts[username].tokens, id)
	return nil
}

// add completes t and makes it live; s.mu is held. The scopes decide the usage.
func (s *Simulator) add(a *account, t permanent) *permanent {
	now := s.now().Truncate(time.Millisecond)
	t.ID, t.Usage = s.newID(now), usageOf(t.Scopes)
	t.Created, t.Modified, t.Listed = now, now, now
	a.tokens[t.ID] = &t
	return &t
}

// permanent finds a live token or returns nil; s.mu is held.
func (s *Simulator) permanent(username, id string) *permanent {
	if a := s.accounts[username]; a != nil {
		return a.tokens[id]
	}
	return nil
}

// value is the token itself.
func (s *Simulator) value(a *account, t *permanent) string {
	return s.sign(t.Usage, claims{User: a.username, Authorization: t.ID})
}

// oldestFirst relies on ids sorting by creation.
func (a *account) oldestFirst() []*permanent {
	ids := slices.Sorted(maps.Keys(a.tokens))
	tokens := make([]*permanent, len(ids))
	for i, id := range ids {
		tokens[i] = a.tokens[id]
	}
	return tokens
}
