// Package mint answers one HTTP request for a temporary token, in the form in which API Gateway hands it to a Lambda.
//
// A request flows one way: [Handler.HandleJSON] finds the route, the caller (caller.go), what is asked (request.go), the profile that
// grants it (policy.go) and the expiry (expiry.go), and mints with the parent token (parent.go). Whatever refuses on the way
// does so with a [refusal] (refusal.go), which is all that the caller learns; causes go to the audit record. Everything
// fails closed: what is not granted by a rule is refused.
package mint

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/telemetry"
	"github.com/tokenmint/tokenmint/internal/tokencache"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// Mint creates a temporary token upstream; it is [tokens.Client.CreateTemporary].
type Mint func(ctx context.Context, parent tokens.Auth, req tokens.TemporaryRequest) (tokens.Temporary, error)

// ReadParent reads the current version of the parent secret.
type ReadParent func(ctx context.Context) (secrets.Version, error)

// Config is what a [Handler] is made of. All fields are required.
type Config struct {
	Profiles   []config.Profile
	Cache      *tokencache.Cache
	Mint       Mint
	ReadParent ReadParent
	Now        func() time.Time
	Logger     *slog.Logger
	Metrics    *telemetry.Metrics
}

// Handler mints tokens for those whom the profiles allow. It is safe for concurrent use.
type Handler struct {
	profiles []config.Profile
	digests  map[string]string // of the profiles, by name
	cache    *tokencache.Cache
	mint     Mint
	parent   *parentCache
	now      func() time.Time
	logger   *slog.Logger
	metrics  *telemetry.Metrics
}

// New returns a handler. It calls nothing.
func New(c Config) (*Handler, error) {
	if len(c.Profiles) == 0 || c.Cache == nil || c.Mint == nil || c.ReadParent == nil || c.Now == nil || c.Logger == nil || c.Metrics == nil {
		return nil, errors.New("mint: a field of Config is missing")
	}
	digests := make(map[string]string, len(c.Profiles))
	for _, p := range c.Profiles {
		digests[p.Name] = p.Digest()
	}
	return &Handler{
		profiles: c.Profiles,
		digests:  digests,
		metrics:  c.Metrics,
		cache:    c.Cache,
		mint:     c.Mint,
		parent:   newParentCache(c.ReadParent, c.Now),
		now:      c.Now,
		logger:   c.Logger,
	}, nil
}

// minted is a token on its way to a caller.
type minted struct {
	profile string
	scopes  []string
	tokencache.Result
	life          time.Duration // of the token, from now
	parentCreated time.Time     // zero when it is not known
	upstreamCalls int           // for this request; those who wait for another's have none
}

// issue decides what the caller gets and makes it. This is the order that everything hangs on: nothing is read, let
// alone minted, for a caller whom no profile allows.
func (h *Handler) issue(ctx context.Context, caller *caller, route route, req request) (minted, error) {
	if err := req.checkForm(route); err != nil {
		return minted{}, err
	}
	grant, err := choose(h.profiles, caller, req)
	if err != nil {
		return minted{}, err
	}
	got := minted{profile: grant.profile.Name, scopes: grant.scopes}
	expires, err := expiry(req, grant.profile, h.now())
	if err != nil {
		return got, err
	}
	parent, err := h.parent.get(ctx)
	if err != nil {
		return got, err
	}
	if route.username != "" && route.username != parent.credential.Username {
		return got, refuseUsername
	}
	got.parentCreated = parent.credential.Created
	order := h.order(grant, expires)
	got.Result, err = h.cache.Get(ctx, parent.credential.Token, order, func(ctx context.Context, expires time.Time) (tokens.Temporary, error) {
		return h.mintWith(ctx, parent, tokens.TemporaryRequest{Scopes: grant.scopes, Expires: expires}, &got.upstreamCalls)
	})
	if err == nil {
		got.life = got.Token.Expires.Sub(h.now())
		err = checkLife(got.life, !expires.IsZero())
	}
	return got, h.refusalOf(err, !expires.IsZero())
}

// checkLife refuses a token that is about to end, when minting it took too long. timed tells whether the caller asked for
// the end.
func checkLife(life time.Duration, timed bool) error {
	switch {
	case life >= config.ShortestLifetime:
		return nil
	case timed:
		return refuseExpirySoon
	}
	return fmt.Errorf("the token has %s to live", life)
}

// order says what the cache may share this token with: nothing that another rule grants, or for other scopes.
func (h *Handler) order(g grant, expires time.Time) tokencache.Order {
	return tokencache.Order{
		Policy:   h.digests[g.profile.Name],
		Profile:  g.profile.Name,
		Scopes:   g.scopes,
		Lifetime: g.profile.Lifetime,
		Reuse:    g.profile.Reuse,
		Expires:  expires,
		Limit:    g.profile.MintsPerMinute,
	}
}

// mintWith mints, and once more when Mapbox no longer knows the parent: the secret may have moved on under this instance.
// Only a 401 says so, and it certainly minted nothing. A 404 or a 422 is about what was asked and would come again.
func (h *Handler) mintWith(ctx context.Context, p parent, req tokens.TemporaryRequest, calls *int) (tokens.Temporary, error) {
	*calls++
	token, err := h.mintChecked(ctx, p, req)
	if !errors.Is(err, tokens.ErrUnauthorized) {
		return token, err
	}
	fresh, readErr := h.parent.refresh(ctx, p.version)
	if readErr != nil {
		return tokens.Temporary{}, readErr
	}
	if fresh.version == p.version {
		return tokens.Temporary{}, refuseParentRejected.because(fmt.Errorf("version %s of the parent secret: %w", p.version, err))
	}
	*calls++
	return h.mintChecked(ctx, fresh, req)
}

// mintChecked mints, and checks what Mapbox returned before anybody gets it or shares it.
func (h *Handler) mintChecked(ctx context.Context, p parent, req tokens.TemporaryRequest) (tokens.Temporary, error) {
	token, err := h.mint(ctx, p.credential.Auth(), req)
	if err == nil {
		err = checkMinted(token, p.credential.Username, req, h.now())
	}
	if err != nil {
		return tokens.Temporary{}, err
	}
	return token, nil
}
