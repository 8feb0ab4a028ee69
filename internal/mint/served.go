package mint

import (
	"context"
	"errors"
	"time"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/tokencache"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// fromSecret is the source of a managed public token: nobody mints it.
const fromSecret tokencache.Source = "secret"

// newServedCaches returns a cache for each managed token that a profile gives, by its name.
func newServedCaches(
	profiles []config.Profile, read ReadServed, now func() time.Time,
) map[string]*secretCache {
	caches := map[string]*secretCache{}
	for _, p := range profiles {
		if p.Token == "" {
			continue
		}
		caches[p.Token] = &secretCache{
			read: func(ctx context.Context) (secrets.Version, error) { return read(ctx, p.Token) },

			parse: parseServed, now: now, lock: make(chan struct{}, 1),
			unread: refuseServedUnread, unusable: refuseServedUnusable,
		}
	}
	return caches
}

// parseServed parses the value of the secret. Everybody gets this token, so it must be public.
func parseServed(value secrets.Value, _ time.Time) (secrets.Credential, error) {
	credential, err := secrets.ParseStored(value)
	if err == nil && credential.Token.Usage() != tokens.UsagePublic {
		return secrets.Credential{}, errors.New("secret holds a token that is not public (pk)")
	}
	return credential, err
}

// giveServed gives a visitor the managed token of the profile. The visitor learns an end one hour
// after the mint read the secret: rotation may replace the token right after that read, and deletes
// it later than this end.
func (h *Handler) giveServed(ctx context.Context, got issued, name string) (issued, error) {
	ctx, cancel := context.WithTimeout(ctx, publicWait)
	defer cancel()
	token, err := h.served[name].get(ctx)
	if err != nil {
		return got, err
	}
	got.Source = fromSecret
	got.Token = tokens.Temporary{
		Token: token.credential.Token, IssuedAt: token.at,
		Expires: token.at.Add(config.LongestLifetime),
	}
	got.expires, got.life = got.Token.Expires, got.Token.Expires.Sub(h.now())
	return got, nil
}
