package tokensim

import "time"

// Now is the simulator's time: the base clock's and what Advance has added to it. A local run takes it as the clock of
// all its parts, so that moving the simulator ahead moves them too.
func (s *Simulator) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now()
}
