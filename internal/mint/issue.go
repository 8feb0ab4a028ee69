package mint

import (
	"context"
	"fmt"
	"time"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/internal/tokencache"
)

// issued is a token on its way to a caller, or how far a refused request came.
type issued struct {
	profile string   // "" if no profile was chosen
	scopes  []string // of the token; nil if no profile was chosen
	tokencache.Result
	life          time.Duration // of the token, from now
	parentCreated time.Time     // zero if not known
	upstreamCalls int           // of this request alone
}

// issue decides what the caller gets and issues it. The order matters: nothing is read or minted
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
	mapbox := upstream{handler: h, parent: parent, scopes: grant.scopes}
	spec := h.cacheSpec(grant, expires)
	got.Result, err = h.cache.Get(ctx, parent.credential.Token, spec, mapbox.mint)
	got.upstreamCalls = mapbox.calls
	timed := !expires.IsZero()
	if err == nil {
		got.life = got.Token.Expires.Sub(h.now())
		err = checkLife(got.life, timed)
	}
	return got, h.refusalOf(err, timed)
}

// cacheSpec says which requests may share this token: those for the same profile, as it is
// configured now, the same scopes and the same expiry. expires is zero if the profile decides.
func (h *Handler) cacheSpec(g grant, expires time.Time) tokencache.Order {
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
