package tokens

import (
	"context"
	"errors"
	"net/http"
)

// Scope is a right that a token can have. Mapbox adds scopes without notice, so an id is an open
// string and not one of a fixed list.
type Scope struct {
	ID          string `json:"id"`          // such as "styles:read"
	Description string `json:"description"` // one sentence in English; may be ""
	Public      bool   `json:"public"`      // a public token may have this scope
}

// ListScopes returns the scopes that the account's tokens can have. The list may be empty; it is
// never nil without an error. auth needs scopes:list; without it the error is [ErrForbidden].
func (c *Client) ListScopes(ctx context.Context, auth Auth) ([]Scope, error) {
	k, err := c.newCall("list scopes", http.MethodGet, scopeScopesList,
		auth.Token, "scopes", "v1", auth.Username)
	if err != nil {
		return nil, err
	}
	r, err := c.do(ctx, k)
	if err != nil {
		return nil, err
	}
	var scopes []Scope
	if err := r.decode(&scopes); err != nil {
		return nil, err
	}
	if scopes == nil {
		return nil, r.failed(OutcomeHappened, errNullList)
	}
	return scopes, nil
}

var errNullList = errors.New("decode reply: null instead of a list")
