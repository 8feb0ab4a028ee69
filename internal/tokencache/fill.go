package tokencache

import (
	"context"
	"errors"
	"time"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

const (
	// leaseLife is how long the holder of a lease may take. A waiter takes the lease over after it
	// has seen the same lease for that long. The waiter uses its own clock, because clocks of
	// instances differ.
	leaseLife = 4 * time.Second

	// mintLimit ends a mint before other instances take the lease over. The rest of leaseLife is
	// for storing the token.
	mintLimit = leaseLife - time.Second

	// tableLimit is how long the table may take for one answer. After that, an instance goes on
	// without the table.
	tableLimit = time.Second

	// clocksDiffer is the largest expected difference between the clocks of instances and of
	// Mapbox. An older lease was left behind.
	clocksDiffer = time.Minute

	firstPause, longestPause = 20 * time.Millisecond, 200 * time.Millisecond

	// recheck is how soon a request looks again while another instance renews the token that is in
	// use.
	recheck = time.Second
)

// job gets the token for one order, for all requests that wait in this instance. It can be
// interrupted at these points:
//
//	before the lease    others find nothing
//	holding the lease   others find a lease that does not change, and take it over after leaseLife
//	minted, not stored  the same. The token is lost to others, so they mint a second one
//	stored, answer lost others find the token
type job struct {
	cache  *Cache
	sealer *sealer
	local  string // the key in memory
	key    string // the key in the table
	order  Order
	plan   plan
	mint   Mint
}

// fly runs fill and wakes the requests that wait. The mint survives a panic. In that case the
// waiting requests see a request that left, and go on.
func (j job) fly(ctx context.Context, f *flight, was held) (result Result, err error) {
	err = context.Canceled
	defer func() { j.cache.local.leave(j.local, f, result, err) }()
	return j.fill(ctx, was)
}

// fill gets a token from the table, or mints one for all instances. was is the token that this
// instance holds, if any.
func (j job) fill(ctx context.Context, was held) (Result, error) {
	watch, patience := leaseWatch{}, j.cache.now().Add(leaseLife)
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		record, err := j.cache.store.Load(ctx, j.key)
		if err != nil {
			return j.fillAlone(ctx, was, err)
		}
		now := j.cache.now()
		theirs, ok := j.open(record)
		if ok && theirs.isFresh(now) && theirs.token.Expires.After(was.token.Expires) {
			j.cache.local.put(j.local, theirs)
			return Result{Token: theirs.token, Source: FromTable}, nil
		}
		if ok && theirs.token.Expires.After(was.token.Expires) {
			was = theirs
		}
		if err := j.knownRefusal(now); err != nil {
			return j.serveStale(was, err) // another mint would be refused too, so no lease is taken
		}
		if record.Lease == "" || watch.isDead(record, now) {
			result, err := j.fillWithLease(ctx, was, record, now)
			if !errors.Is(err, ErrLost) {
				return result, err
			}
			continue // another instance was faster: look again
		}
		if was.isUsable(now) {
			j.cache.local.put(j.local, held{was.token, now.Add(j.jitter(recheck)), was.endUse})
			return Result{Token: was.token, Source: FromMemory}, nil
		}
		if was.isAlive(now) && now.After(patience) {
			return j.serveStale(was, nil) // others take the lease one after another, and fail
		}
		if err := sleep(ctx, j.jitter(pause)); err != nil {
			return Result{}, err
		}
	}
}

// fillWithLease mints while no other instance does. ErrLost means that another instance has the
// lease.
func (j job) fillWithLease(ctx context.Context, was held, seen Record, now time.Time) (Result, error) {
	c, lease := j.cache, leaseID()
	if err := c.store.Lease(ctx, j.key, seen, lease, now, now.Add(time.Hour)); errors.Is(err, ErrLost) {
		return Result{}, err
	} else if err != nil {
		return j.fillAlone(ctx, was, err)
	}
	result, err := j.mintWithinBudget(ctx)
	if err != nil {
		j.release(ctx, lease)
		return j.serveStale(was, err)
	}
	token := result.Token
	c.local.put(j.local, j.hold(token))
	sealed, err := j.sealer.seal(j.key, token)
	if err == nil {
		err = c.store.Save(ctx, j.key, lease, Record{Sealed: sealed, Minted: now, Expires: token.Expires})
	}
	if err != nil {
		c.logger.WarnContext(ctx, "minted token is not shared", "key", j.key, "cause", err.Error())
	}
	return result, nil
}

// release ends a lease without a token. It also works after the deadline of the request. If it
// fails, others take the lease over after leaseLife.
func (j job) release(ctx context.Context, lease string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 200*time.Millisecond)
	defer cancel()
	if err := j.cache.store.Release(ctx, j.key, lease); err != nil {
		j.cache.logger.WarnContext(ctx, "lease is left behind", "key", j.key, "cause", err.Error())
	}
}

// fillAlone works without the table, which did not answer. It uses the token at hand while that is
// usable. Otherwise it mints one within the allowance of this instance.
func (j job) fillAlone(ctx context.Context, was held, cause error) (Result, error) {
	c, now := j.cache, j.cache.now()
	if ctx.Err() != nil {
		return Result{}, ctx.Err()
	}
	c.logger.WarnContext(ctx, "token table does not answer", "cause", cause.Error())
	if was.isUsable(now) {
		c.local.put(j.local, held{was.token, now.Add(j.jitter(recheck)), was.endUse})
		return Result{Token: was.token, Source: FromMemory}, nil
	}
	token, err := j.mintAlone(ctx)
	if err != nil {
		return j.serveStale(was, err)
	}
	c.local.put(j.local, j.hold(token))
	return Result{Token: token, Source: FromMint}, nil
}

// serveStale returns a token past its reuse window if the token lives long enough. It is used when
// no fresh token is available.
func (j job) serveStale(was held, cause error) (Result, error) {
	now := j.cache.now()
	if !was.isAlive(now) {
		return Result{}, cause
	}
	j.cache.local.put(j.local, held{was.token, now.Add(j.jitter(recheck)), was.endUse})
	return Result{Token: was.token, Source: FromMemory, Stale: !was.isUsable(now)}, nil
}

// open reads the token in a record, if this parent has sealed it.
func (j job) open(r Record) (held, bool) {
	if r.Sealed == nil {
		return held{}, false
	}
	token, err := j.sealer.open(j.key, r.Sealed)
	if err != nil {
		return held{}, false // sealed with another parent, or changed: treat it as absent
	}
	return j.hold(token), true
}

// hold computes the reuse window of a token from its end, so all instances agree on it.
func (j job) hold(t tokens.Temporary) held {
	endUse := t.Expires.Add(-j.plan.spare)
	ahead := time.Duration(j.cache.random() * float64(j.plan.ahead))
	return held{token: t, renewAt: endUse.Add(-ahead), endUse: endUse}
}

// jitter returns a random time between d/2 and d. It spreads what many instances would do at once.
func (j job) jitter(d time.Duration) time.Duration {
	return d/2 + time.Duration(j.cache.random()*float64(d/2))
}

// leaseWatch tells a lease whose holder is working from a lease that was left behind.
type leaseWatch struct {
	lease string
	since time.Time
}

func (w *leaseWatch) isDead(r Record, now time.Time) bool {
	if r.Lease != w.lease {
		w.lease, w.since = r.Lease, now
	}
	return now.Sub(w.since) >= leaseLife || now.Sub(r.Leased) >= leaseLife+clocksDiffer
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
