package mapbox

import (
	"net/http"
	"strconv"
	"time"
)

// interval is the window of the rate limit.
const interval = time.Minute

// window counts an account's requests since its first one.
type window struct {
	resets time.Time
	used   int
}

// admit counts a request with a valid token and states the limit in the header; s.mu is held. Mapbox documents a fixed
// limit a minute and a reset time, no remainder and no Retry-After. A refused request does not count.
func (s *Simulator) admit(by bearer, header http.Header) bool {
	if s.cfg.RateLimit == 0 || by.code != valid {
		return true
	}
	now := s.now()
	w := s.windows[by.claims.User]
	if w == nil || !now.Before(w.resets) {
		w = &window{resets: now.Truncate(time.Second).Add(interval)}
		s.windows[by.claims.User] = w
	}
	header.Set("X-Rate-Limit-Interval", strconv.Itoa(int(interval/time.Second)))
	header.Set("X-Rate-Limit-Limit", strconv.Itoa(s.cfg.RateLimit))
	header.Set("X-Rate-Limit-Reset", strconv.FormatInt(w.resets.Unix(), 10))
	if w.used >= s.cfg.RateLimit {
		return false
	}
	w.used++
	return true
}
