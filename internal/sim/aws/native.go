package aws

import (
	"context"
	"fmt"

	"github.com/tokenmint/tokenmint/internal/secrets"
)

// BeginRotation registers a version without a value as AWSPENDING, as the service does before it
// invokes a rotation function. Like RotateSecret, it is ErrConflict if AWSPENDING is on another
// version than the current one. A repeated call has no effect.
func (m *Memory) BeginRotation(ctx context.Context, id, versionID string) error {
	return m.with(ctx, "begin rotation of secret", id, func(s *secret) error {
		if err := checkVersionID(versionID); err != nil {
			return err
		}
		holder := s.labels[secrets.Pending]
		switch {
		case holder == versionID:
			return nil
		case holder != "" && holder != s.labels[secrets.Current]:
			return fmt.Errorf("rotation %s is in progress: %w", holder, secrets.ErrConflict)
		}
		if _, ok := s.versions[versionID]; ok {
			return fmt.Errorf("version %s: %w", versionID, secrets.ErrExists)
		}
		s.changed = m.instant()
		s.versions[versionID] = version{created: s.changed}
		s.labels[secrets.Pending] = versionID
		return nil
	})
}

// SetRotationEnabled sets the flag that Describe returns. It has no other effect.
func (m *Memory) SetRotationEnabled(ctx context.Context, id string, enabled bool) error {
	return m.with(ctx, "switch rotation of secret", id, func(s *secret) error {
		s.rotationEnabled = enabled
		return nil
	})
}
