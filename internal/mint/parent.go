package mint

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/internal/secrets"
)

// parent is the parent token, read from one version of its secret.
type parent struct {
	credential secrets.Credential
	version    string
}

// parentCache keeps the parent for [config.ParentCacheLife]. It never returns an older one, even if
// the secret cannot be read: rotation deletes an old parent after that time.
type parentCache struct {
	read ReadParent
	now  func() time.Time

	lock chan struct{} // has one element while a request uses the fields below
	held parent
	at   time.Time // before held was read; zero if nothing is held
}

func newParentCache(read ReadParent, now func() time.Time) *parentCache {
	return &parentCache{read: read, now: now, lock: make(chan struct{}, 1)}
}

// get returns the parent, read at most [config.ParentCacheLife] ago.
func (c *parentCache) get(ctx context.Context) (parent, error) {
	return c.load(ctx, func() bool { return c.now().Sub(c.at) < config.ParentCacheLife })
}

// refresh returns the held parent if its version is not stale. Otherwise it reads the secret.
func (c *parentCache) refresh(ctx context.Context, stale string) (parent, error) {
	return c.load(ctx, func() bool { return c.held.version != stale })
}

// load returns the held parent if there is one and it is good. Otherwise it reads the secret.
func (c *parentCache) load(ctx context.Context, good func() bool) (parent, error) {
	select {
	case c.lock <- struct{}{}:
		defer func() { <-c.lock }()
	case <-ctx.Done():
		return parent{}, refuseParentUnread.because(ctx.Err())
	}
	if !c.at.IsZero() && good() {
		return c.held, nil
	}
	c.at = time.Time{}
	asked := c.now() // taken before the read, since the value may be that old
	version, err := c.read(ctx)
	if err != nil {
		return parent{}, refuseParentUnread.because(err)
	}
	credential, err := usable(version.Value, c.now())
	if err != nil {
		cause := fmt.Errorf("version %s of the parent secret: %w", version.ID, err)
		return parent{}, refuseParentUnusable.because(cause)
	}
	c.held, c.at = parent{credential, version.ID}, asked
	return c.held, nil
}

// usable parses the value of the secret. It refuses a temporary token that has expired.
func usable(value secrets.Value, now time.Time) (secrets.Credential, error) {
	credential, err := secrets.ParseCredential(value)
	if err == nil && !credential.Expires.IsZero() && !now.Before(credential.Expires) {
		return secrets.Credential{}, errors.New("has a temporary token that has expired")
	}
	return credential, err
}
