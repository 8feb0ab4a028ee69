package tokensource

import "time"

// SetWall replaces the wall clock. Tests move it against the monotonic clock.
func (s *Source) SetWall(wall func() time.Time) { s.wall = wall }
