package model_test

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
)

// oops reads like a version that holds no token.
func oops(id string) secrets.Version {
	return secrets.Version{ID: id, Value: secrets.NewValue("oops")}
}

// hasty believes that a version whose Put was refused does not hold the token.
type hasty struct {
	secrets.Store
	refused string
}

// narrow sees the parent's secret alone, in a run for the parent.
type narrow struct {
	secrets.Store
	*actor
}

// dismissive takes a version that cannot be read for one that holds no token.
type dismissive struct{ secrets.Store }

// dateless does not say when a secret was last changed.
type dateless struct{ secrets.Store }

// careless moves AWSCURRENT from wherever it is.
type careless struct {
	secrets.Store
	*actor
}

// undated does not date a version while a promotion is ahead.
type undated struct {
	secrets.Store
	*actor
}

func (h *hasty) Put(
	ctx context.Context, id, version string, v secrets.Value, stages ...string,
) error {
	err := h.Store.Put(ctx, id, version, v, stages...)
	if errors.Is(err, secrets.ErrDenied) {
		h.refused = version
	}
	return err
}

func (h *hasty) Get(ctx context.Context, id, version string) (secrets.Version, error) {
	if version != "" && version == h.refused {
		h.refused = ""
		return oops(version), nil
	}
	return h.Store.Get(ctx, id, version)
}

func (n narrow) Describe(ctx context.Context, id string) (secrets.Description, error) {
	d, err := n.Store.Describe(ctx, id)
	if id != parentSecret && strings.Contains(n.event, `"name":"parent"`) {
		return secrets.Description{}, secrets.ErrNotFound
	}
	return d, err
}

func (d dismissive) Get(ctx context.Context, id, version string) (secrets.Version, error) {
	v, err := d.Store.Get(ctx, id, version)
	if errors.Is(err, secrets.ErrDenied) {
		return oops(version), nil
	}
	return v, err
}

func (d dateless) Describe(ctx context.Context, id string) (secrets.Description, error) {
	got, err := d.Store.Describe(ctx, id)
	got.Changed = time.Time{}
	return got, err
}

func (c careless) MoveStage(ctx context.Context, id, stage, from, to string) error {
	err := c.Store.MoveStage(ctx, id, stage, from, to)
	if stage == secrets.Current && errors.Is(err, secrets.ErrConflict) {
		from, _ = must(c.memory.Describe(context.Background(), id)).VersionAt(stage)
		err = c.Store.MoveStage(ctx, id, stage, from, to)
	}
	return err
}

func (u undated) MoveStage(ctx context.Context, id, stage, from, to string) error {
	d := must(u.memory.Describe(context.Background(), id))
	if pending, ok := d.VersionAt(secrets.Pending); ok && isDated(stage) &&
		!d.Has(pending, secrets.Current) {
		return nil
	}
	return u.Store.MoveStage(ctx, id, stage, from, to)
}
