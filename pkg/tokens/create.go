package tokens

import (
	"context"
	"errors"
	"net/http"
)

// CreateRequest describes a new permanent token. One secret scope makes it a secret token.
type CreateRequest struct {
	Scopes              []string // within those of the authorising token; empty makes a token that can do nothing
	Note                string   // at most 128 characters; "" = none
	AllowedURLs         []string // where it works, at most 100; empty = everywhere
	Resources           []string // what it may read; empty = all
	AllowedApplications []Application
}

// Application is a mobile application that a token is bound to.
type Application struct {
	Platform string `json:"platform"` // "Android" or "iOS"
	BundleID string `json:"bundleId"`
}

// Create makes a permanent token. A secret token's value is in this reply and nowhere else, ever: when
// its outcome is not [DidNotHappen], look for the note in a List and delete what is found. auth needs
// tokens:write.
func (c *Client) Create(ctx context.Context, auth Token, username string, req CreateRequest) (Metadata, error) {
	k, err := c.newCall("create token", http.MethodPost, scopeTokensWrite, auth, "tokens", "v2", username)
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
		return Metadata{}, r.failed(Happened, errors.New("decode reply: no token"))
	}
	return m, err
}

// array returns list in a form that JSON writes as an array even when it is nil.
func array(list []string) []string {
	return append([]string{}, list...)
}
