package mapbox

import (
	"net/http"
	"strconv"
	"time"
)

// interval is the length of the rate limit's window.
const interval = time.Minute

// window counts an account's requests. It opens with the first request and ends at resets.
type window struct {
	resets time.Time
	used   int
}

// admit counts a request with a valid token and adds the limit to header. It returns false if the
// request is above the limit. Such a request does not count. Mapbox documents a fixed limit for
// each minute and a reset time, but no remaining number and no Retry-After. The caller holds s.mu.
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
