package mint

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// upstream mints at Mapbox for one request and counts its calls. Its method mint is not safe for
// concurrent use.
type upstream struct {
	handler *Handler
	parent  held
	scopes  []string

	// calls counts the calls of the client so far. The client may repeat an HTTP request within a
	// call. A mint may outlive its request.
	calls atomic.Int32
}

// mint creates a token that ends at expires. It has the form of [tokencache.Mint].
//
// A 401 means that Mapbox does not know the parent and that nothing was minted. The secret may have
// a new version: mint reads it, and tries once more if its version is new. mint itself repeats no
// call after another error. A 404 or a 422 is about the request itself. The cache repeats a mint
// whose end is too far for Mapbox's clock, with an earlier end.
func (u *upstream) mint(ctx context.Context, expires time.Time) (tokens.Temporary, error) {
	token, err := u.call(ctx, expires)
	if !errors.Is(err, tokens.ErrUnauthorized) {
		return token, err
	}
	fresh, readErr := u.handler.parent.refresh(ctx, u.parent.version)
	if readErr != nil {
		return tokens.Temporary{}, readErr
	}
	if fresh.version == u.parent.version {
		cause := fmt.Errorf("version %s of the parent secret: %w", fresh.version, err)
		return tokens.Temporary{}, refuseParentRejected.because(cause)
	}
	u.parent = fresh
	return u.call(ctx, expires)
}

// call asks Mapbox once. It checks the reply before a caller or the cache gets the token.
func (u *upstream) call(ctx context.Context, expires time.Time) (tokens.Temporary, error) {
	u.calls.Add(1)
	asked := tokens.TemporaryRequest{Scopes: u.scopes, Expires: expires}
	credential := u.parent.credential
	token, err := u.handler.create(ctx, credential.Auth(), asked)
	if err != nil {
		return tokens.Temporary{}, err
	}
	if err := checkMinted(token, credential.Username, asked, u.handler.now()); err != nil {
		return tokens.Temporary{}, err
	}
	return token, nil
}
