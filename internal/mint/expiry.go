package mint

import (
	"time"

	"github.com/tokenmint/tokenmint/config"
)

// clockMargin keeps a token of the longest life clear of Mapbox's limit, should our clock be ahead of theirs.
const clockMargin = time.Second

// expiry returns when the token shall end: when the profile says, or earlier if the caller asks so.
func expiry(req request, profile *config.Profile, now time.Time) (time.Time, error) {
	asked := now.Add(profile.Lifetime)
	switch {
	case req.ttl != nil:
		asked = now.Add(*req.ttl)
	case !req.expires.IsZero():
		asked = req.expires
	}
	life := asked.Sub(now)
	switch {
	case life <= 0:
		return time.Time{}, refuseExpiryPast
	case life > config.LongestLifetime:
		return time.Time{}, refuseExpiryFar
	case life > profile.Lifetime:
		return time.Time{}, refuseExpiryBeyond(profile)
	}
	if latest := now.Add(config.LongestLifetime - clockMargin); asked.After(latest) {
		return latest, nil
	}
	return asked, nil
}
