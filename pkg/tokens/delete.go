package tokens

import (
	"context"
	"net/http"
)

// Delete deletes a permanent token. It cannot be undone. Mapbox may serve cached resources to the
// token for up to an hour after that. auth needs tokens:write.
//
// A 404 is [ErrNotFound]: the token does not exist, or auth lacks the scope.
func (c *Client) Delete(ctx context.Context, auth Auth, id string) error {
	k, err := c.newCall("delete token", http.MethodDelete, scopeTokensWrite,
		auth.Token, "tokens", "v2", auth.Username, id)
	if err != nil {
		return err
	}
	_, err = c.do(ctx, k)
	return err
}
