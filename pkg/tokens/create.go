package tokens

import (
	"context"
	"errors"
	"net/http"
)

// CreateRequest describes a new permanent token. If one of the scopes is secret, the token is
// secret; else it is public. The zero value creates a public token without any rights.
type CreateRequest struct {
	// Scopes are the new token's rights. The authorizing token must have each of them. nil means
	// none.
	Scopes []string
	// Note has at most 128 characters (Mapbox's OpenAPI). "" means no note.
	Note string
	// AllowedURLs are the pages on which the token works, at most 100. Empty means everywhere.
	AllowedURLs []string
	// Resources are what the token may read. Empty means everything.
	Resources []string
	// AllowedApplications are the mobile applications in which the token works. Empty means all.
	AllowedApplications []Application
}

// Application is a mobile application.
type Application struct {
	Platform string `json:"platform"` // "Android" or "iOS"
	BundleID string `json:"bundleId"` // such as "com.example.shop"
}

// Create creates a permanent token. auth needs tokens:write.
//
// Mapbox shows the value of a secret token in this reply and never again. If the call fails and its
// outcome is not [OutcomeDidNotHappen], list the tokens, look for the note, and delete that token.
func (c *Client) Create(ctx context.Context, auth Auth, req CreateRequest) (Metadata, error) {
	k, err := c.newCall("create token", http.MethodPost, scopeTokensWrite,
		auth.Token, "tokens", "v2", auth.Username)
	if err != nil {
		return Metadata{}, err
	}
	k.payload = struct {
		Scopes              []string      `json:"scopes"` // required, so [] and not null
		Note                string        `json:"note,omitempty"`
		AllowedURLs         []string      `json:"allowedUrls,omitempty"`
		Resources           []string      `json:"resources,omitempty"`
		AllowedApplications []Application `json:"allowedApplications,omitempty"`
	}{
		Scopes:              array(req.Scopes),
		Note:                req.Note,
		AllowedURLs:         req.AllowedURLs,
		Resources:           req.Resources,
		AllowedApplications: req.AllowedApplications,
	}
	r, err := c.do(ctx, k)
	if err != nil {
		return Metadata{}, err
	}
	m, err := r.metadata()
	if err == nil && m.Token.IsZero() {
		return Metadata{}, r.failed(OutcomeHappened, errors.New("decode reply: no token"))
	}
	return m, err
}

// array returns a copy of list that is not nil, so JSON writes it as an array.
func array(list []string) []string {
	return append([]string{}, list...)
}
