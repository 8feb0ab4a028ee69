package tokens

import (
	"context"
	"errors"
	"net/http"
)

// Scope is something that a token can be allowed to do. Mapbox adds scopes without notice, so their ids
// are open strings.
type Scope struct {
	ID          string `json:"id"` // such as "styles:read"
	Description string `json:"description"`
	Public      bool   `json:"public"` // a public token may have it
}

// ListScopes returns the scopes that an account's tokens can have. auth needs scopes:list.
func (c *Client) ListScopes(ctx context.Context, auth Token, username string) ([]Scope, error) {
	k, err := c.newCall("list scopes", http.MethodGet, scopeScopesList, auth, "scopes", "v1", username)
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
		return nil, r.failed(Happened, errors.New("decode reply: null where a list should be"))
	}
	return scopes, nil
}
