package tokencache

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

const (
	// tableLimit is how long the table may take for one answer. After that, an instance goes on
	// without the table.
	tableLimit = time.Second

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

// ErrPanic is the error of a mint that panicked while its request could leave.
var ErrPanic = errors.New("panic of a mint")

// apartLimit ends a fill that no request waits for. It is long enough to take a dead lease over.
const apartLimit = leaseLife + mintLimit

// flyApart is fly for a request that may leave before the fill ends. After the reply, Lambda stops
// the instance until the next request, in which the fill goes on. Meanwhile the lease may end.
func (j job) flyApart(ctx context.Context, f *flight, was held) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), apartLimit)
	defer cancel()
	var result Result
	var err error
	defer func() {
		if value := recover(); value != nil { // the value may quote a token
			cause := fmt.Sprintf("panic of type %T: %s", value, debug.Stack())
			j.cache.logger.ErrorContext(ctx, "mint failed", "cause", cause)
			err = ErrPanic
		}
		j.cache.local.leave(j.local, f, result, err)
	}()
	result, err = j.fill(ctx, was)
}

// fill gets a token for all instances. In a large fleet each instance reads one of several copies
// of the record. Of the instances with the same copy, the holder of the copy's lease reads the
// record. Of those holders, the holder of the record's lease mints. So few instances use the same
// key at once, however many there are.
func (j job) fill(ctx context.Context, was held) (Result, error) {
	fromRecord := func(ctx context.Context, was held) (Result, error) {
		return j.search(was, j.mintShared, firstPause).run(ctx)
	}
	if j.cache.copied == "" {
		return fromRecord(ctx, was)
	}
	copied := j
	copied.key += j.cache.copied
	s := copied.search(was, fromRecord, crowdPause)
	s.defers = !was.isUsable(s.now) && j.cache.random() >= 1./crowdLots
	return s.run(ctx)
}

// mintShared is the source of the record's token: a mint, or the token at hand if that fails.
func (j job) mintShared(ctx context.Context, was held) (Result, error) {
	result, err := j.mintWithinBudget(ctx)
	if err != nil {
		return j.serveStale(was, j.cache.now(), err)
	}
	j.cache.local.put(j.local, j.hold(result.Token))
	return result, nil
}

// source gets the token that is missing in a record. was is the token that this instance holds.
type source func(ctx context.Context, was held) (Result, error)

// search gets a token from the record under a key. It looks at the record, judges what it has seen,
// and acts on that. If the record has no fresh token, it gets one from source and stores it.
type search struct {
	job
	source   source
	was      held          // the newest token that this instance knows
	pause    time.Duration // until the next look
	patience time.Time     // from then on a stale token is good enough
	defers   bool          // leaves the lease to others until the second look

	now     time.Time // after the last call of the table
	record  Record    // at the last look
	refusal error     // of the same order, as remembered at the last look
	watch   leaseWatch
}

func (j job) search(was held, from source, pause time.Duration) *search {
	now := j.cache.now()
	return &search{
		job: j, source: from, was: was, pause: pause, patience: now.Add(leaseLife), now: now,
	}
}

func (s *search) run(ctx context.Context) (Result, error) {
	for {
		err := s.look(ctx)
		next := s.judge(err)
		if next == takeLease {
			result, lost := s.fillWithLease(ctx)
			if !isUndecided(lost) {
				return result, lost
			}
			s.now = s.cache.now() // the call took time, in which the token at hand may have ended
			err, next = lost, s.judge(lost)
		}
		switch next {
		case useRecord:
			s.cache.local.put(s.local, s.was)
			return Result{Token: s.was.token, Source: FromTable}, nil
		case goAlone:
			return s.fillAlone(ctx, s.was, err)
		case serveOld:
			return s.serveStale(s.was, s.now, s.refusal)
		}
		if err := s.wait(ctx, err); err != nil {
			return s.serveStale(s.was, s.cache.now(), err)
		}
	}
}

// look reads the record and notes its token if that is newer than the one at hand.
func (s *search) look(ctx context.Context) (err error) {
	s.record, err = s.cache.store.load(ctx, s.key)
	s.now = s.cache.now()
	s.refusal = s.knownRefusal(s.now)
	if theirs, ok := s.open(s.record); ok && theirs.token.Expires.After(s.was.token.Expires) {
		s.was = theirs
		s.cache.local.put(s.local, theirs) // for requests that leave before the search ends
	}
	return err
}

// step is what a search does next.
type step int

const (
	waitAndLook step = iota
	useRecord        // the record has a fresh token
	takeLease        // no instance fills the record
	serveOld         // return the token at hand, or else the known refusal
	goAlone          // the table does not answer
)

// judge returns the next step. err is the error of the last call for the record.
func (s *search) judge(err error) step {
	busy := errors.Is(err, ErrThrottled)
	switch {
	case s.was.isFresh(s.now):
		return useRecord
	case s.refusal != nil:
		return serveOld // another mint would be refused too
	case err == nil && !s.defers && (s.record.Lease == "" || s.watch.isDead(s.record, s.now)):
		return takeLease
	case err != nil && !isUndecided(err):
		return goAlone
	case s.was.isUsable(s.now), s.was.isAlive(s.now) && (busy || s.now.After(s.patience)):
		return serveOld // another instance renews it, or cannot
	}
	return waitAndLook
}

// isUndecided reports whether an error only means that the search must look again.
func isUndecided(err error) bool { return errors.Is(err, ErrLost) || errors.Is(err, ErrThrottled) }

// wait lets a pause pass. If the request ends meanwhile, the error says whether it waited for a
// throttled table.
func (s *search) wait(ctx context.Context, cause error) error {
	err := sleep(ctx, jitter(s.cache.random, s.pause))
	s.pause, s.defers = longer(s.pause), false
	if err != nil && errors.Is(cause, ErrThrottled) {
		return s.cache.unshared(fmt.Errorf("%w: %w", ErrThrottled, err))
	}
	return err
}

// longer is the pause after a pause.
func longer(pause time.Duration) time.Duration { return min(6*pause/5, longestPause) }

// fillAlone works without the table, which did not answer. It uses the token at hand while that is
// usable. Otherwise it mints one within the allowance of this instance.
func (j job) fillAlone(ctx context.Context, was held, cause error) (Result, error) {
	now := j.cache.now()
	if ctx.Err() != nil {
		return j.serveStale(was, now, ctx.Err())
	}
	j.cache.warn(ctx, "instance goes on alone", cause)
	if was.isUsable(now) {
		return j.serveStale(was, now, nil)
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

// serveStale returns the token at hand because no fresh one is available. The token must be usable
// now, or live long enough past its reuse window. Otherwise serveStale returns cause.
func (j job) serveStale(was held, now time.Time, cause error) (Result, error) {
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
