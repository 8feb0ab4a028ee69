package mapbox

import (
	"fmt"
	"regexp"
	"slices"
)

// scopeBody is a scope as List scopes describes it.
type scopeBody struct {
	ID          string `json:"id"`
	Public      bool   `json:"public,omitempty"`
	Description string `json:"description"`
}

// catalogue has the scopes of a new account. [Simulator.AddScope] adds scopes of newer products.
// The slice never changes.
var catalogue = []scopeBody{
	{ID: "scopes:list", Description: "List all available scopes."},
	{ID: "styles:tiles", Public: true, Description: "Read styles as raster tiles."},
	{ID: "styles:read", Public: true, Description: "Read styles."},
	{ID: "fonts:read", Public: true, Description: "Read fonts."},
	{ID: "datasets:read", Public: true, Description: "Read datasets."},
	{ID: "vision:read", Public: true, Description: "Use the Vision SDK."},
	{ID: "map:read", Description: "Read maps."},
	{ID: "map:write", Description: "Write maps."},
	{ID: "user:read", Description: "Read the account."},
	{ID: "user:write", Description: "Write the account."},
	{ID: "uploads:read", Description: "Read uploads."},
	{ID: "uploads:list", Description: "List uploads."},
	{ID: "uploads:write", Description: "Write uploads."},
	{ID: "styles:write", Description: "Write styles."},
	{ID: "styles:list", Description: "List styles."},
	{ID: "styles:protect", Description: "Protect styles."},
	{ID: "styles:download", Description: "Download styles."},
	{ID: "tokens:read", Description: "Read tokens."},
	{ID: "tokens:write", Description: "Write tokens."},
	{ID: "datasets:list", Description: "List datasets."},
	{ID: "datasets:write", Description: "Write datasets."},
	{ID: "tilesets:list", Description: "List tilesets."},
	{ID: "tilesets:read", Description: "Read tilesets."},
	{ID: "tilesets:write", Description: "Write tilesets."},
	{ID: "downloads:read", Description: "Download SDKs."},
	{ID: "atlas:read", Description: "Read Atlas packages."},
	{ID: "fonts:list", Description: "List fonts."},
	{ID: "fonts:write", Description: "Write fonts."},
	{ID: "fonts:metadata", Description: "Read the metadata of fonts."},
	{ID: "vision:download", Description: "Download the Vision SDK."},
	{ID: "navigation:download", Description: "Download the Navigation SDK."},
	{ID: "offline:read", Description: "Read offline packages."},
	{ID: "offline:write", Description: "Write offline packages."},
	{ID: "user-feedback:read", Description: "Read user feedback."},
	{ID: "statistics:read", Description: "Read statistics."},
}

// AddScope adds a secret scope to an account. A scope that the account already has stays as it is.
// The error says that the account does not exist or that the scope is not valid.
func (s *Simulator) AddScope(username, scope string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[username]
	if a == nil {
		return fmt.Errorf("no account %q", username)
	}
	return a.addScope(scope)
}

// Scopes returns the ids of an account's scopes. For an unknown account the slice is empty.
func (s *Simulator) Scopes(username string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := []string{}
	if a := s.accounts[username]; a != nil {
		for _, scope := range a.scopes() {
			ids = append(ids, scope.ID)
		}
	}
	return ids
}

// scopeForm matches the id of a scope.
var scopeForm = regexp.MustCompile(`^[a-z0-9_-]+(:[a-z0-9_-]+)+$`)

func (a *account) addScope(scope string) error {
	if !scopeForm.MatchString(scope) {
		return fmt.Errorf("%q is not a scope: scopes look like styles:read", scope)
	}
	if !a.has(scope) {
		a.more = append(a.more, scope)
	}
	return nil
}

func (a *account) scopes() []scopeBody {
	all := slices.Clone(catalogue)
	for _, scope := range a.more {
		all = append(all, scopeBody{ID: scope, Description: "Added to this account."})
	}
	return all
}

func (a *account) has(scope string) bool {
	return slices.Contains(a.more, scope) ||
		slices.ContainsFunc(catalogue, func(known scopeBody) bool { return known.ID == scope })
}

// lacks reports whether the account does not have one of the scopes.
func (a *account) lacks(scopes []string) bool {
	return slices.ContainsFunc(scopes, func(scope string) bool { return !a.has(scope) })
}

func publicScopes() []string {
	var ids []string
	for _, scope := range catalogue {
		if scope.Public {
			ids = append(ids, scope.ID)
		}
	}
	return ids
}

// usageOf returns the usage of a token with these scopes. One secret scope makes the token secret.
func usageOf(scopes []string) string {
	known := publicScopes()
	for _, scope := range scopes {
		if !slices.Contains(known, scope) {
			return secret
		}
	}
	return public
}
