package tokencache

import (
	"context"
	"time"
)

const (
	// leaseLife is how long the holder of a lease may take. A waiter takes the lease over after it
	// has seen the same lease for that long. The waiter uses its own clock, because clocks of
	// instances differ.
	leaseLife = 4 * time.Second

	// mintLimit ends a mint before other instances take the lease over. The rest of leaseLife is
	// for storing the token.
	mintLimit = leaseLife - time.Second

	// clocksDiffer is the largest expected difference between the clocks of instances and of
	// Mapbox. An older lease was left behind.
	clocksDiffer = time.Minute
)

// fillWithLease takes the lease, gets a token from the source while no other instance does, and
// stores it.
func (s *search) fillWithLease(ctx context.Context) (Result, error) {
	lease := leaseID()
	err := s.cache.store.lease(ctx, s.key, s.record, lease, s.now, s.now.Add(time.Hour))
	if isUndecided(err) {
		return Result{}, err
	}
	if err != nil {
		return s.fillAlone(ctx, s.was, err)
	}
	result, err := s.source(ctx, s.was)
	if err != nil || result.atHand {
		s.release(ctx, lease)
		return result, err
	}
	sealed, err := s.sealer.seal(s.key, result.Token)
	if err == nil {
		record := Record{Sealed: sealed, Minted: s.now, Expires: result.Token.Expires}
		err = s.cache.store.save(ctx, s.key, lease, record)
	}
	if err != nil {
		s.cache.tableLog(err).WarnContext(ctx, "a minted token is not shared")
	}
	return result, nil
}

// release ends a lease without a token. It also works after the deadline of the request. If it
// fails, others take the lease over after leaseLife.
func (j job) release(ctx context.Context, lease string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 200*time.Millisecond)
	defer cancel()
	if err := j.cache.store.release(ctx, j.key, lease); err != nil {
		j.cache.tableLog(err).WarnContext(ctx, "a lease is left behind: others must take it over")
	}
}

// leaseWatch tells a lease whose holder is working from a lease that was left behind.
type leaseWatch struct {
	lease string
	since time.Time // when this lease was first seen
}

// see notes the lease that a record has now.
func (w *leaseWatch) see(lease string, now time.Time) {
	if lease != w.lease {
		w.lease, w.since = lease, now
	}
}

// isDead reports whether the lease that was seen last, in r, was left behind.
func (w *leaseWatch) isDead(r Record, now time.Time) bool {
	return now.Sub(w.since) >= leaseLife || now.Sub(r.Leased) >= leaseLife+clocksDiffer
}
