package mint

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/internal/secrets"
)

// parent is the parent token as read from one version of its secret.
type parent struct {
	credential secrets.Credential
	version    string
}

// parentCache keeps the parent for [config.ParentCacheLife]. It never hands out an older one, not even when the secret
// cannot be read: rotation counts on that when it deletes an old parent.
type parentCache struct {
	read ReadParent
	now  func() time.Time

	turn chan struct{} // holds one element while somebody uses the fields below
	held parent
	at   time.Time // when held was asked for; zero when nothing is held
}

func newParentCache(read ReadParent, now func() time.Time) *parentCache {
	return &parentCache{read: read, now: now, turn: make(chan struct{}, 1)}
}

// get returns the parent, read at most [config.ParentCacheLife] ago.
func (c *parentCache) get(ctx context.Context) (parent, error) {
	return c.load(ctx, func() bool { return !c.at.IsZero() && c.now().Sub(c.at) < config.ParentCacheLife })
}

// refresh returns the parent from a version other than stale, or reads anew.
func (c *parentCache) refresh(ctx context.Context, stale string) (parent, error) {
	return c.load(ctx, func() bool { return !c.at.IsZero() && c.held.version != stale })
}

func (c *parentCache) load(ctx context.Context, good func() bool) (parent, error) {
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return parent{}, refuseParentUnread.because(ctx.Err())
	}
	if good() {
		return c.held, nil
	}
	c.at = time.Time{}
	asked := c.now() // the age counts from before the read: the answer may be as old as the question
	version, err := c.read(ctx)
	if err != nil {
		return parent{}, refuseParentUnread.because(err)
	}
	credential, err := usable(version.Value, c.now())
	if err != nil {
		return parent{}, refuseParentUnusable.because(fmt.Errorf("version %s of the parent secret: %w", version.ID, err))
	}
	c.held, c.at = parent{credential, version.ID}, asked
	return c.held, nil
}

// usable reads a secret's value and refuses a temporary token that has ended, before Mapbox has to.
func usable(value secrets.Value, now time.Time) (secrets.Credential, error) {
	credential, err := secrets.ParseCredential(value)
	if err == nil && !credential.Expires.IsZero() && !now.Before(credential.Expires) {
		return secrets.Credential{}, errors.New("holds a temporary token that has expired")
	}
	return credential, err
}
