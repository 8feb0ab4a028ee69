package tokensource

import "time"

// moment is a point in time on both clocks.
type moment struct {
	mono time.Time // its difference to a later time.Now is that of the monotonic clock
	wall time.Time // without a monotonic reading
}

func (s *Source) now() moment { return moment{time.Now(), s.wall().Round(0)} }

// since returns the larger one of the times that the two clocks have counted since m. The
// monotonic clock stands still while the machine sleeps. The wall clock can be set back.
func (s *Source) since(m moment) time.Duration {
	return max(time.Since(m.mono), s.wall().Round(0).Sub(m.wall))
}
