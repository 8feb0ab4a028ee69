package model_test

import (
	"context"
	"fmt"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
)

// modelStore is the secrets as a run sees them.
type modelStore struct{ *actor }

func storeFailure(w way) error {
	if w == refused {
		return secrets.ErrDenied
	}
	return errBroken
}

func (s modelStore) Describe(ctx context.Context, id string) (d secrets.Description, err error) {
	err = s.through(ctx, "Describe "+id, false, storeFailure, func(w way) error {
		var ok bool
		if d, ok = s.pastStages(id, w); ok {
			return nil
		}
		s.looked = time.Now()
		s.lookedAt[id] = s.looked
		d, err = s.memory.Describe(ctx, id)
		return err
	})
	return d, err
}

func (s modelStore) Get(ctx context.Context, id, version string) (v secrets.Version, err error) {
	s.seen[id+version] = true // what is asked for, a run knows of, even if it cannot read it
	err = s.through(ctx, "Get "+id, false, storeFailure, func(w way) error {
		if past, ok := s.pastStages(id, w); ok {
			if version == "" {
				version, _ = past.VersionAt(secrets.Current)
			} else if _, known := past.Stages[version]; !known {
				return secrets.ErrNotFound
			}
		}
		if version == "" {
			if d, describeErr := s.memory.Describe(ctx, id); describeErr == nil {
				version, _ = d.VersionAt(secrets.Current)
			}
		}
		s.seen[id+version] = true
		if err := s.unreadable[id+version]; err != nil {
			return fmt.Errorf("get version %s of secret %s: %w", version, id, err)
		}
		v, err = s.memory.Get(ctx, id, version)
		return err
	})
	return v, err
}

func (s modelStore) Put(
	ctx context.Context, id, version string, v secrets.Value, stages ...string,
) error {
	return s.through(ctx, "Put "+id, true, storeFailure, func(way) error {
		s.remember()
		s.stored(v)
		return s.memory.Put(ctx, id, version, v, stages...)
	})
}

func (s modelStore) MoveStage(ctx context.Context, id, stage, from, to string) error {
	return s.through(ctx, "MoveStage "+id+" "+stageName(stage), true, storeFailure,
		func(way) error {
			s.remember()
			return s.memory.MoveStage(ctx, id, stage, from, to)
		})
}
