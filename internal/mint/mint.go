// Package mint answers one HTTP request for a temporary token. The request is an event of API
// Gateway, as Lambda receives it.
//
// A request passes these files in this order:
//
//	handler.go   event in, reply and audit record out
//	event.go     the fields of the event that the mint uses
//	route.go     the route
//	caller.go    the caller, with the claims of a JWT (claims.go, value.go)
//	request.go   the body
//	issue.go     the steps below, in order
//	policy.go    the profile that allows the caller and the scopes
//	expiry.go    when the token ends
//	served.go    the managed public token, if the profile gives one; then the request is done
//	parent.go    the parent token (secret.go keeps it)
//	upstream.go  the call to Mapbox, if the cache has no token; minted.go checks the reply
//	refusal.go   what the caller learns about an error
//
// Every step fails closed: a request that no rule allows is refused. A caller learns the status,
// the code and the message of a refusal. Causes go to the audit record only.
package mint

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/telemetry"
	"github.com/tokenmint/tokenmint/internal/tokencache"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// CreateTemporary mints a token at Mapbox. [tokens.Client.CreateTemporary] is one. Its errors are
// those of package tokens. It must be safe for concurrent use.
type CreateTemporary func(
	ctx context.Context, parent tokens.Auth, req tokens.TemporaryRequest,
) (tokens.Temporary, error)

// ReadParent reads the current version of the parent secret. The handler makes one call at a time.
type ReadParent func(ctx context.Context) (secrets.Version, error)

// ReadServed reads the current version of the secret of the managed public token with that name.
// The handler makes one call for a token at a time.
type ReadServed func(ctx context.Context, name string) (secrets.Version, error)

// Config is what a [Handler] needs. All fields are required, except ReadServed if no profile
// gives a managed token, and Metrics.
type Config struct {
	Profiles        []config.Profile // in the order in which they are tried
	Cache           *tokencache.Cache
	CreateTemporary CreateTemporary
	ReadParent      ReadParent
	ReadServed      ReadServed
	Now             func() time.Time
	Logger          *slog.Logger
	Metrics         *telemetry.Metrics // nil = none
}

// Handler answers requests for tokens. It is safe for concurrent use.
type Handler struct {
	profiles []config.Profile
	digests  map[string]string // of the profiles, by name
	cache    *tokencache.Cache
	create   CreateTemporary
	parent   *secretCache
	served   map[string]*secretCache // by the name of the managed token
	now      func() time.Time
	logger   *slog.Logger
	metrics  *telemetry.Metrics
}

// New returns a handler, or an error if a field of c is missing. It makes no calls.
func New(c Config) (*Handler, error) {
	if len(c.Profiles) == 0 || c.Cache == nil || c.CreateTemporary == nil || c.ReadParent == nil ||
		c.Now == nil || c.Logger == nil {
		return nil, errors.New("mint: a field of Config is missing")
	}
	digests := make(map[string]string, len(c.Profiles))
	for _, p := range c.Profiles {
		digests[p.Name] = p.Digest()
	}
	served := newServedCaches(c.Profiles, c.ReadServed, c.Now)
	if len(served) > 0 && c.ReadServed == nil {
		return nil, errors.New("mint: ReadServed is missing, and a profile gives a managed token")
	}
	return &Handler{
		profiles: c.Profiles,
		digests:  digests,
		cache:    c.Cache,
		create:   c.CreateTemporary,
		parent:   newParentCache(c.ReadParent, c.Now),
		served:   served,
		now:      c.Now,
		logger:   c.Logger,
		metrics:  c.Metrics,
	}, nil
}
