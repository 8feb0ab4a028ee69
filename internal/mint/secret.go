package mint

import (
	"context"
	"fmt"
	"time"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/internal/secrets"
)

// held is a token that was read from one version of its secret.
type held struct {
	credential secrets.Credential
	version    string
	at         time.Time // before the secret was read
}

// secretCache keeps the token of a secret for [config.ParentCacheLife]. It never returns an older
// one, even if the secret cannot be read: rotation deletes an old token after that time.
type secretCache struct {
	read     func(ctx context.Context) (secrets.Version, error)
	parse    func(value secrets.Value, now time.Time) (secrets.Credential, error)
	unread   *refusal // of a secret that cannot be read
	unusable *refusal // of a value that parse refuses
	now      func() time.Time

	lock chan struct{} // has one element while a request uses held
	held held          // at is zero if nothing is held
}

// get returns the token, read at most [config.ParentCacheLife] ago.
func (c *secretCache) get(ctx context.Context) (held, error) {
	return c.load(ctx, func() bool { return c.now().Sub(c.held.at) < config.ParentCacheLife })
}

// refresh returns the held token if its version is not stale. Otherwise it reads the secret.
func (c *secretCache) refresh(ctx context.Context, stale string) (held, error) {
	return c.load(ctx, func() bool { return c.held.version != stale })
}

// load returns the held token if there is one and it is good. Otherwise it reads the secret.
func (c *secretCache) load(ctx context.Context, good func() bool) (held, error) {
	select {
	case c.lock <- struct{}{}:
		defer func() { <-c.lock }()
	case <-ctx.Done():
		return held{}, c.unread.because(ctx.Err())
	}
	if !c.held.at.IsZero() && good() {
		return c.held, nil
	}
	c.held.at = time.Time{}
	asked := c.now() // taken before the read, since the value may be that old
	version, err := c.read(ctx)
	if err != nil {
		return held{}, c.unread.because(err)
	}
	credential, err := c.parse(version.Value, c.now())
	if err != nil {
		return held{}, c.unusable.because(fmt.Errorf("version %s: %w", version.ID, err))
	}
	c.held = held{credential, version.ID, asked}
	return c.held, nil
}
