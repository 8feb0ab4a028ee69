package mint

import (
	"time"

	"github.com/tokenmint/tokenmint/config"
)

// expiry returns the expiry that the caller asks for. It is zero if the caller asks for none.
func expiry(req request, profile *config.Profile, now time.Time) (time.Time, error) {
	var asked time.Time
	switch {
	case req.ttl != nil:
		asked = now.Add(*req.ttl)
	case req.expires != nil:
		asked = *req.expires
	default:
		return time.Time{}, nil
	}
	life := asked.Sub(now)
	switch {
	case life <= 0:
		return time.Time{}, refuseExpiryPast
	case life < config.ShortestLifetime:
		return time.Time{}, refuseExpirySoon
	case life > config.LongestLifetime:
		return time.Time{}, refuseExpiryFar
	case life > profile.Lifetime:
		return time.Time{}, refuseExpiryBeyond(profile)
	}
	return asked, nil
}
