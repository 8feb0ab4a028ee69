package mapbox

import "time"

// Now returns the simulator's time in UTC: the time of Config.Now plus what Advance added. A local
// run uses it as the clock of all its parts, so that Advance moves all of them.
func (s *Simulator) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now()
}

// Advance moves the clock ahead by d. A negative d has no effect.
func (s *Simulator) Advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offset += max(d, 0)
}

// now is Now for callers that hold s.mu.
func (s *Simulator) now() time.Time { return s.cfg.Now().Add(s.offset).UTC() }
