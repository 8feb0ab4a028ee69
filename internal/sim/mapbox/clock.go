package mapbox

import "time"

// Now is the simulator's time: the base clock's and what Advance has added to it. A local run takes it as the clock of
// all its parts, so that moving the simulator ahead moves them too.
func (s *Simulator) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now()
}

// Advance moves the clock ahead. Time does not go back: a negative d changes nothing.
func (s *Simulator) Advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offset += max(d, 0)
}

// now is Now with s.mu held.
func (s *Simulator) now() time.Time { return s.cfg.Now().Add(s.offset).UTC() }
