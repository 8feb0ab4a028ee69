package scale_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"time"

	"github.com/tokenmint/tokenmint/internal/tokencache"
)

const (
	typicalTrip = 4900 * time.Microsecond // half of all round trips take longer
	spreadTrip  = 0.25                    // of the logarithm: 19 of 20 take between 3 and 8 ms

	longestRepeat = 50 * time.Millisecond // how long the SDK waits before it repeats a call

	longestLookUp = 100 * time.Millisecond // all round trips of a request together stay far below
)

// slowTable is the shared table as one instance sees it: a round trip takes its time. An instance
// asks for one thing at a time.
type slowTable struct {
	tokencache.Store
	random *rand.Rand
	count  func()                    // is told of each round trip
	saved  func(r tokencache.Record) // is told of each token that others can load from now on
	took   time.Duration             // by all round trips so far
}

// trip does what is asked of the table half-way.
func (s *slowTable) trip(ctx context.Context, ask func() error) error {
	return s.tryTrip(ctx, false, ask)
}

func (s *slowTable) tryTrip(ctx context.Context, again bool, ask func() error) error {
	s.count()
	start := time.Now()
	defer func() { s.took += time.Since(start) }()
	way := time.Duration(float64(typicalTrip)*math.Exp(spreadTrip*s.random.NormFloat64())) / 2
	if err := pause(ctx, way); err != nil {
		return err
	}
	err := ask()
	if errors.Is(err, tokencache.ErrThrottled) && !again { // the SDK asks a second time
		if err := pause(ctx, way+time.Duration(s.random.Int64N(int64(longestRepeat)))); err != nil {
			return err
		}
		return s.tryTrip(ctx, true, ask)
	}
	if late := pause(ctx, way); late != nil {
		return late
	}
	return err
}

func (s *slowTable) Load(ctx context.Context, key string) (r tokencache.Record, err error) {
	err = s.trip(ctx, func() error {
		r, err = s.Store.Load(ctx, key)
		return err
	})
	return r, err
}

func (s *slowTable) Lease(
	ctx context.Context, key string, seen tokencache.Record, lease string, now, keep time.Time,
) error {
	return s.trip(ctx, func() error { return s.Store.Lease(ctx, key, seen, lease, now, keep) })
}

func (s *slowTable) Save(ctx context.Context, key, lease string, r tokencache.Record) error {
	return s.trip(ctx, func() error {
		err := s.Store.Save(ctx, key, lease, r)
		if err == nil {
			s.saved(r)
		}
		return err
	})
}

func (s *slowTable) Release(ctx context.Context, key, lease string) error {
	return s.trip(ctx, func() error { return s.Store.Release(ctx, key, lease) })
}

func (s *slowTable) Spend(ctx context.Context, spend tokencache.Spend) (left int, err error) {
	err = s.trip(ctx, func() error {
		left, err = s.Store.Spend(ctx, spend)
		return err
	})
	return left, err
}

func (s *slowTable) CloseBudget(ctx context.Context, now, until time.Time) error {
	return s.trip(ctx, func() error { return s.Store.CloseBudget(ctx, now, until) })
}
