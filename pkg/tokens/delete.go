package tokens

import (
	"context"
	"net/http"
)

// Delete revokes a permanent token for good. Resources that Mapbox has cached may be served for up to
// an hour after. auth needs tokens:write.
func (c *Client) Delete(ctx context.Context, auth Token, username, id string) error {
	k, err := c.newCall("delete token", http.MethodDelete, scopeTokensWrite, auth, "tokens", "v2", username, id)
	if err != nil {
		return err
	}
	_, err = c.do(ctx, k)
	return err
}
