package tokensim

import "errors"

// Snapshot returns the state.
func (s *Simulator) Snapshot() ([]byte, error) { return nil, errors.New("snapshot: not built") }

// Restore replaces the state.
func (s *Simulator) Restore([]byte) error { return errors.New("restore: not built") }
