package aws

import (
	"context"
	"fmt"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
)

// Put stores a version and moves the labels to it, as [secrets.Store] says. At least one label is
// required, because the service would move AWSCURRENT to a version without labels.
func (m *Memory) Put(ctx context.Context, id, versionID string, v secrets.Value,
	stages ...string) error {
	return m.with(ctx, "put version "+versionID+" of secret", id, func(s *secret) error {
		return s.put(versionID, v, stages, m.instant())
	})
}

// MoveStage moves a label from one version to another, as [secrets.Store] says.
func (m *Memory) MoveStage(ctx context.Context, id, stage, from, to string) error {
	return m.with(ctx, "move "+stage+" of secret", id, func(s *secret) error {
		if s.labels[stage] == to {
			return nil
		}
		return s.move(stage, from, to)
	})
}

// UpdateStage is MoveStage with the rule of the service's UpdateSecretVersionStage: a repeated call
// is ErrConflict, because the label is not on the version from any more.
func (m *Memory) UpdateStage(ctx context.Context, id, stage, from, to string) error {
	return m.with(ctx, "move "+stage+" of secret", id, func(s *secret) error {
		return s.move(stage, from, to)
	})
}

func (s *secret) put(versionID string, v secrets.Value, stages []string, now time.Time) error {
	if err := checkPut(versionID, v, stages); err != nil {
		return err
	}
	switch old := s.versions[versionID].value; {
	case old == v:
		return nil
	case !old.IsZero(): // a zero value belongs to a version that a native rotation has registered
		return secrets.ErrExists
	}
	first := len(s.versions) == 0
	s.versions[versionID] = version{created: now, value: v}
	s.changed = now
	for _, stage := range stages {
		s.attach(stage, versionID)
	}
	if first {
		s.attach(secrets.Current, versionID)
	}
	return nil
}

func (s *secret) move(stage, from, to string) error {
	if err := checkLabel(stage); err != nil {
		return err
	}
	holder := s.labels[stage]
	switch {
	case holder == to && to != "" && (from == "" || from == to): // the label stays where it is
		return nil
	case holder != from:
		return fmt.Errorf("the label is on %q, not on %q: %w", holder, from, secrets.ErrConflict)
	case from == "" && to == "":
		return fmt.Errorf("the versions from and to are both empty: %w", secrets.ErrInvalid)
	case to == "" && stage == secrets.Current:
		return fmt.Errorf("%s can move, but not be removed: %w", stage, secrets.ErrInvalid)
	case to == "":
		delete(s.labels, stage)
		s.changed = s.now()
		return nil
	}
	if _, ok := s.versions[to]; !ok {
		return fmt.Errorf("version %s: %w", to, secrets.ErrNotFound)
	}
	if len(s.version(to).Stages) >= maxLabels {
		return fmt.Errorf("version %s already has %d labels: %w", to, maxLabels, secrets.ErrInvalid)
	}
	s.attach(stage, to)
	s.changed = s.now()
	return nil
}

// attach moves the label to a version. A label is on one version only, so it leaves its old
// version.
func (s *secret) attach(stage, to string) {
	from := s.labels[stage]
	s.labels[stage] = to
	if stage == secrets.Current && from != "" && from != to {
		s.labels[secrets.Previous] = from
	}
}
