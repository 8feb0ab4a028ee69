package tokencache

import (
	"context"
	"time"
)

// bounded is a store that answers within tableLimit. A caller who waits cannot use a slower table.
type bounded struct{ Store }

func limited(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, tableLimit)
}

func (b bounded) Load(ctx context.Context, key string) (Record, error) {
	ctx, cancel := limited(ctx)
	defer cancel()
	return b.Store.Load(ctx, key)
}

func (b bounded) Lease(ctx context.Context, key string, seen Record, lease string, now, keep time.Time) error {
	ctx, cancel := limited(ctx)
	defer cancel()
	return b.Store.Lease(ctx, key, seen, lease, now, keep)
}

func (b bounded) Save(ctx context.Context, key, lease string, r Record) error {
	ctx, cancel := limited(ctx)
	defer cancel()
	return b.Store.Save(ctx, key, lease, r)
}

func (b bounded) Spend(ctx context.Context, s Spend) (int, error) {
	ctx, cancel := limited(ctx)
	defer cancel()
	return b.Store.Spend(ctx, s)
}

func (b bounded) Close(ctx context.Context, now, until time.Time) error {
	ctx, cancel := limited(ctx)
	defer cancel()
	return b.Store.Close(ctx, now, until)
}
