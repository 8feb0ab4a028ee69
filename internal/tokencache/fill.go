package tokencache

import (
	"context"
	"errors"
	"fmt"
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

	// firstPause is how long a request waits before it looks again at a record that another
	// instance fills. Each pause is longer than the last, up to longestPause. Many more instances
	// wait for a copy of a record than for the record itself, so they begin with crowdPause.
	firstPause   = 200 * time.Millisecond
	crowdPause   = 600 * time.Millisecond
	longestPause = 1600 * time.Millisecond

	// crowdLots: of many instances that find an empty copy at the same moment, one of so many takes
	// the lease at once. The others look again first.
	crowdLots = 8

	// instancesPerCopy is how many instances read the same copy. DynamoDB serves 6,000 eventually
	// consistent reads and 1,000 writes of one key in a second. A new table serves 24,000 and
	// 4,000.
	instancesPerCopy = 500

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

// fill gets a token for all instances. In a large fleet each instance reads one of several copies
// of the record. Of the instances with the same copy, the holder of the copy's lease reads the
// record. Of those holders, the holder of the record's lease mints. So few instances use the same
// key at once, however many there are.
func (j job) fill(ctx context.Context, was held) (Result, error) {
	fromRecord := func(ctx context.Context, was held) (Result, error) {
		return j.fillFrom(ctx, was, firstPause, j.mintShared)
	}
	if j.cache.copied == "" {
		return fromRecord(ctx, was)
	}
	copied := j
	copied.key += j.cache.copied
	return copied.fillFrom(ctx, was, crowdPause, fromRecord)
}

// mintShared is the source of the record's token: a mint, or the token at hand if that fails.
func (j job) mintShared(ctx context.Context, was held) (Result, error) {
	result, err := j.mintWithinBudget(ctx)
	if err != nil {
		return j.serveStale(was, err)
	}
	j.cache.local.put(j.local, j.hold(result.Token))
	return result, nil
}

// source gets the token that is missing in a record. was is the token that this instance holds.
type source func(ctx context.Context, was held) (Result, error)

// fillFrom gets a token from the record under j.key. If there is none, it gets one from next and
// stores it there.
func (j job) fillFrom(
	ctx context.Context, was held, pause time.Duration, next source,
) (Result, error) {
	c, watch, patience := j.cache, leaseWatch{}, j.cache.now().Add(leaseLife)
	waits := pause == crowdPause && !was.isUsable(c.now()) && c.random() >= 1./crowdLots
	for ; ; pause, waits = longer(pause), false {
		record, err := c.store.load(ctx, j.key)
		now := c.now()
		if theirs, ok := j.open(record); ok && theirs.token.Expires.After(was.token.Expires) {
			if was = theirs; was.isFresh(now) {
				c.local.put(j.local, was)
				return Result{Token: was.token, Source: FromTable}, nil
			}
		}
		if err := j.knownRefusal(now); err != nil {
			return j.serveStale(was, err) // another mint would be refused too, so no lease is taken
		}
		if err == nil && !waits && (record.Lease == "" || watch.isDead(record, now)) {
			lease := leaseID()
			if err = c.store.lease(ctx, j.key, record, lease, now, now.Add(time.Hour)); err == nil {
				return j.fillWithLease(ctx, was, lease, now, next)
			}
		}
		busy := errors.Is(err, ErrThrottled)
		switch {
		case err != nil && !busy && !errors.Is(err, ErrLost):
			return j.fillAlone(ctx, was, err)
		case was.isUsable(now), was.isAlive(now) && (busy || now.After(patience)):
			return j.serveStale(was, nil) // another instance renews it, or cannot
		}
		if err := j.wait(ctx, pause, busy); err != nil {
			return Result{}, err
		}
	}
}

// longer is the pause after a pause.
func longer(pause time.Duration) time.Duration { return min(6*pause/5, longestPause) }

// wait lets a pause pass. The error says whether the request waited for a throttled table.
func (j job) wait(ctx context.Context, pause time.Duration, busy bool) error {
	err := sleep(ctx, jitter(j.cache.random, pause))
	if err != nil && busy {
		return j.cache.unshared(fmt.Errorf("%w: %w", ErrThrottled, err))
	}
	return err
}

// fillWithLease gets a token from next while no other instance does, and stores it.
func (j job) fillWithLease(
	ctx context.Context, was held, lease string, now time.Time, next source,
) (Result, error) {
	result, err := next(ctx, was)
	if err != nil || result.Source == FromMemory {
		j.release(ctx, lease)
		return result, err
	}
	sealed, err := j.sealer.seal(j.key, result.Token)
	if err == nil {
		record := Record{Sealed: sealed, Minted: now, Expires: result.Token.Expires}
		err = j.cache.store.save(ctx, j.key, lease, record)
	}
	if err != nil {
		j.cache.warn(ctx, "minted token is not shared", err)
	}
	return result, nil
}

// release ends a lease without a token. It also works after the deadline of the request. If it
// fails, others take the lease over after leaseLife.
func (j job) release(ctx context.Context, lease string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 200*time.Millisecond)
	defer cancel()
	if err := j.cache.store.release(ctx, j.key, lease); err != nil {
		j.cache.warn(ctx, "lease is left behind", err)
	}
}

// fillAlone works without the table, which did not answer. It uses the token at hand while that is
// usable. Otherwise it mints one within the allowance of this instance.
func (j job) fillAlone(ctx context.Context, was held, cause error) (Result, error) {
	if ctx.Err() != nil {
		return Result{}, ctx.Err()
	}
	j.cache.warn(ctx, "instance goes on alone", cause)
	if was.isUsable(j.cache.now()) {
		return j.serveStale(was, nil)
	}
	return j.mintShared(ctx, was)
}

// warn logs the result of a table that does not answer. It is silent if the table was not asked.
func (c *Cache) warn(ctx context.Context, result string, cause error) {
	if !errors.Is(cause, errGone) {
		c.logger.WarnContext(ctx, "token table does not answer",
			"result", result, "cause", cause.Error())
	}
}

// serveStale returns the token at hand because no fresh one is available. The token must be usable,
// or live long enough past its reuse window. Otherwise serveStale returns cause.
func (j job) serveStale(was held, cause error) (Result, error) {
	now := j.cache.now()
	again, usable := now.Add(jitter(j.cache.random, recheck)), was.isUsable(now)
	switch {
	case usable && again.After(was.endUse):
		again = was.endUse
	case !usable && !was.isAlive(now):
		return Result{}, cause
	}
	j.cache.local.put(j.local, held{was.token, again, was.endUse})
	return Result{Token: was.token, Source: FromMemory, Stale: !usable}, nil
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
func jitter(random func() float64, d time.Duration) time.Duration {
	return d/2 + time.Duration(random()*float64(d/2))
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
