package tokens

import (
	"context"
	"errors"
	"net/http"
)

// UpdateRequest says what changes about a permanent token. The zero value of a field leaves the
// token's field as it is. At least one field must be set:
//
//	tokens.UpdateRequest{Note: new("website"), RemoveAllowedURLs: true}
type UpdateRequest struct {
	// Note replaces the note. nil leaves it as it is.
	Note *string
	// Scopes replace the scopes. nil leaves them as they are. An empty list that is not nil
	// removes all scopes: the token can then never gain a scope again.
	Scopes []string
	// AllowedURLs replace the URLs. nil leaves them as they are. An empty list that is not nil is
	// an error without RemoveAllowedURLs, because the token would then work everywhere.
	AllowedURLs []string
	// RemoveAllowedURLs removes the restriction to URLs, so the token works everywhere. It is an
	// error if AllowedURLs has an element.
	RemoveAllowedURLs bool
}

// payload returns the request's JSON: a field that is missing stays as it is, and null removes.
func (u UpdateRequest) payload() (map[string]any, error) {
	body := map[string]any{}
	if u.Note != nil {
		body["note"] = *u.Note
	}
	if u.Scopes != nil {
		body["scopes"] = u.Scopes
	}
	switch {
	case u.RemoveAllowedURLs && len(u.AllowedURLs) > 0:
		return nil, errors.New("AllowedURLs and RemoveAllowedURLs are both set")
	case u.RemoveAllowedURLs:
		body["allowedUrls"] = nil
	case u.AllowedURLs != nil && len(u.AllowedURLs) == 0:
		return nil, errors.New("AllowedURLs is empty: set RemoveAllowedURLs to allow every URL")
	case u.AllowedURLs != nil:
		body["allowedUrls"] = u.AllowedURLs
	}
	if len(body) == 0 {
		return nil, errors.New("nothing to change")
	}
	return body, nil
}

// Update changes the permanent token with this id. It returns the token as it is after the change.
// The value of a secret token is not returned. auth needs tokens:write.
//
// The usage of a token never changes: a public token cannot gain a secret scope. A token without
// scopes cannot gain any.
func (c *Client) Update(
	ctx context.Context, auth Auth, id string, req UpdateRequest,
) (Metadata, error) {
	k, err := c.newCall("update token", http.MethodPatch, scopeTokensWrite,
		auth.Token, "tokens", "v2", auth.Username, id)
	if err != nil {
		return Metadata{}, err
	}
	body, err := req.payload()
	if err != nil {
		return Metadata{}, k.failed(OutcomeDidNotHappen, err)
	}
	k.payload = body
	r, err := c.do(ctx, k)
	if err != nil {
		return Metadata{}, err
	}
	return r.metadata()
}
