package aws

import (
	"context"
	"fmt"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
)

// Put stores a version and attaches the labels, taking each from the version that had it. At least one label
// must be given: the service would move AWSCURRENT to a version put without any, and no caller wants that
// unsaid. A first version gets AWSCURRENT besides. To put an id again with the same value does nothing at
// all, also to the labels; with another value it is ErrExists.
func (m *Memory) Put(ctx context.Context, id, versionID string, v secrets.Value, stages ...string) error {
	return m.with(ctx, "put version "+versionID+" of secret", id, func(s *secret) error {
		return s.put(versionID, v, stages, m.instant())
	})
}

// MoveStage moves a label from one version to another, if it sits where the caller says, and is ErrConflict
// if not. An empty from means that it sits nowhere, an empty to removes it. A label that already is where it
// shall be is left alone, whatever from says: the call may be the repetition of one whose answer was lost.
func (m *Memory) MoveStage(ctx context.Context, id, stage, from, to string) error {
	return m.with(ctx, "move "+stage+" of secret", id, func(s *secret) error {
		if s.labels[stage] == to {
			return nil
		}
		return s.move(stage, from, to)
	})
}

// UpdateStage is MoveStage as the service's UpdateSecretVersionStage has it: a repetition is ErrConflict,
// since the label is not at from any more.
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
	case !old.IsZero(): // a version that a native rotation has registered waits for its value
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
	case holder == to && to != "" && (from == "" || from == to): // it stays
		return nil
	case holder != from:
		return fmt.Errorf("it sits on %q, not on %q: %w", holder, from, secrets.ErrConflict)
	case from == "" && to == "":
		return fmt.Errorf("neither a version to take it from nor one to give it to: %w", secrets.ErrInvalid)
	case to == "" && stage == secrets.Current:
		return fmt.Errorf("it can move to another version only, not go: %w", secrets.ErrInvalid)
	case to == "":
		delete(s.labels, stage)
		s.changed = s.now()
		return nil
	}
	if _, ok := s.versions[to]; !ok {
		return fmt.Errorf("version %s: %w", to, secrets.ErrNotFound)
	}
	if len(s.version(to).Stages) >= maxLabels {
		return fmt.Errorf("version %s has %d labels already: %w", to, maxLabels, secrets.ErrInvalid)
	}
	s.attach(stage, to)
	s.changed = s.now()
	return nil
}

// attach puts the label on a version. A label has one place, so it leaves its old one by itself.
func (s *secret) attach(stage, to string) {
	from := s.labels[stage]
	s.labels[stage] = to
	if stage == secrets.Current && from != "" && from != to {
		s.labels[secrets.Previous] = from
	}
}
