package tokencache

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	// tableLimit is how long the table may take for one answer. After that, an instance goes on
	// without the table.
	tableLimit = time.Second

	// goneFor is the longest time for which an instance does not ask a table that has failed.
	// Without this pause, each request would wait for tableLimit.
	goneFor = 5 * time.Second
)

// errGone means that the table was not asked, because it has just failed.
var errGone = errors.New("table has just failed")

// bounded is a store whose calls end within tableLimit. A caller who waits cannot use a slower
// table. After a failure it returns errGone for a while, without asking the table. A throttled call
// is not a failure. Save, spend and closeBudget repeat a throttled call for some time, because
// other instances wait for their effect.
type bounded struct {
	store  Store
	now    func() time.Time
	random func() float64

	mu   sync.Mutex
	gone time.Time // until when the table is not asked
}

// ask makes one call to the table.
func (b *bounded) ask(ctx context.Context, question func(context.Context) error) error {
	b.mu.Lock()
	gone := b.now().Before(b.gone)
	b.mu.Unlock()
	if gone {
		return errGone
	}
	limited, cancel := context.WithTimeout(ctx, tableLimit)
	defer cancel()
	return question(limited)
}

// askRecord makes one call for a record. If that fails, the table counts as gone.
func (b *bounded) askRecord(ctx context.Context, question func(context.Context) error) error {
	err := b.ask(ctx, question)
	answered := err == nil || errors.Is(err, ErrLost) || errors.Is(err, ErrThrottled)
	if !answered && !errors.Is(err, errGone) && ctx.Err() == nil { // ctx ends when a caller leaves
		b.mu.Lock()
		b.gone = b.now().Add(jitter(b.random, goneFor))
		b.mu.Unlock()
	}
	return err
}

// insist repeats a call that the table throttles, for some time.
func (b *bounded) insist(
	ctx context.Context, limit time.Duration, question func(context.Context) error,
) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var throttled error
	for pause := firstPause; ; pause = longer(pause) {
		err := b.ask(ctx, question)
		if err != nil && throttled != nil && ctx.Err() != nil {
			return throttled // the limit has cut the last call off: the table is not gone
		}
		if !errors.Is(err, ErrThrottled) || sleep(ctx, jitter(b.random, pause)) != nil {
			return err
		}
		throttled = err
	}
}

func (b *bounded) load(ctx context.Context, key string) (r Record, err error) {
	err = b.askRecord(ctx, func(ctx context.Context) error {
		r, err = b.store.Load(ctx, key)
		return err
	})
	return r, err
}

func (b *bounded) lease(
	ctx context.Context, key string, seen Record, lease string, now, keep time.Time,
) error {
	return b.askRecord(ctx, func(ctx context.Context) error {
		return b.store.Lease(ctx, key, seen, lease, now, keep)
	})
}

func (b *bounded) save(ctx context.Context, key, lease string, r Record) error {
	return b.insist(ctx, mintLimit, func(ctx context.Context) error {
		return b.store.Save(ctx, key, lease, r)
	})
}

func (b *bounded) release(ctx context.Context, key, lease string) error {
	return b.ask(ctx, func(ctx context.Context) error { return b.store.Release(ctx, key, lease) })
}

// spend does not insist for longer than one answer may take. The rest of leaseLife is for the mint.
func (b *bounded) spend(ctx context.Context, s Spend) (left int, err error) {
	err = b.insist(ctx, tableLimit, func(ctx context.Context) error {
		left, err = b.store.Spend(ctx, s)
		return err
	})
	return left, err
}

func (b *bounded) closeBudget(ctx context.Context, now, until time.Time) error {
	return b.insist(ctx, mintLimit, func(ctx context.Context) error {
		return b.store.CloseBudget(ctx, now, until)
	})
}
