package mint

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/internal/tokencache"
)

// publicWait is how long a request of the public route waits for a fresh token. Strangers can send
// many requests, and each one that waits takes an instance.
const publicWait = time.Second

// issued is a token on its way to a caller, or how far a refused request came.
type issued struct {
	profile string   // "" if no profile was chosen
	scopes  []string // of the token; nil if no profile was chosen
	tokencache.Result
	expires       time.Time     // as the caller learns it
	life          time.Duration // from now until then
	upstreamCalls int           // of this request alone
}

// issue decides what the caller gets and issues it. The sequence matters: nothing is read or minted
// for a caller whom no profile allows. issue returns what it has learned even with an error.
func (h *Handler) issue(
	ctx context.Context, caller *caller, route route, req request,
) (issued, error) {
	if err := req.checkForm(route); err != nil {
		return issued{}, err
	}
	grant, err := choose(h.profiles, caller, req)
	if err != nil {
		return issued{}, err
	}
	got := issued{profile: grant.profile.Name, scopes: grant.scopes}
	if token := grant.profile.Token; token != "" {
		return h.giveServed(ctx, got, token)
	}
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
	mapbox := upstream{handler: h, parent: parent, scopes: grant.scopes}
	spec := h.specFor(grant, expires)
	if route.kind == config.RoutePublic {
		spec.Wait = publicWait
	}
	got.Result, err = h.cache.Get(ctx, parent.credential.Token, spec, mapbox.mint)
	got.upstreamCalls = int(mapbox.calls.Load())
	if route.kind == config.RoutePublic {
		return h.issuePublic(got, err)
	}
	timed := !expires.IsZero()
	if err == nil {
		got.expires, got.life = got.Token.Expires, got.Token.Expires.Sub(h.now())
		err = checkLife(got.life, timed)
	}
	return got, h.refusalOf(err, timed)
}

// issuePublic shortens the life that the caller learns, because caches keep the reply that long. A
// visitor does not wait for Mapbox.
func (h *Handler) issuePublic(got issued, err error) (issued, error) {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return got, refuseWaiting.because(err)
	case err != nil:
		return got, h.refusalOf(err, false)
	}
	got.expires = got.Token.Expires.Add(-config.PublicCacheLife)
	if got.life = got.expires.Sub(h.now()); got.life < config.ShortestLifetime {
		return got, refuseWaiting.because(fmt.Errorf("the stale token has %s to live", got.life))
	}
	return got, nil
}

// specFor returns the spec for the cache. Requests with the same spec share a token: the same
// profile, as it is configured now, the same scopes and the same expiry. expires is zero if the
// profile decides.
func (h *Handler) specFor(g grant, expires time.Time) tokencache.Spec {
	return tokencache.Spec{
		Digest:   h.digests[g.profile.Name],
		Profile:  g.profile.Name,
		Scopes:   g.scopes,
		Lifetime: g.profile.Lifetime,
		Reuse:    g.profile.Reuse,
		Expires:  expires,
		Limit:    g.profile.MintsPerMinute,
	}
}

// checkLife refuses a token that is about to end because minting took too long. timed says that
// the caller asked for an expiry of their own.
func checkLife(life time.Duration, timed bool) error {
	switch {
	case life >= config.ShortestLifetime:
		return nil
	case timed:
		return refuseExpirySoon
	}
	return fmt.Errorf("the token has %s to live", life)
}
