package tokencache

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// firstPause is how long a request waits before it looks again at a record that another
	// instance fills. Each pause is longer than the last, up to longestPause. Many more instances
	// wait for a copy of a record than for the record itself, so they begin with crowdPause.
	firstPause   = 200 * time.Millisecond
	crowdPause   = 600 * time.Millisecond
	longestPause = 1600 * time.Millisecond

	// recheck is the longest time after which a request looks again while another instance renews
	// the token that is in use.
	recheck = time.Second
)

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
	refusal error     // of the same spec, as remembered at the last look
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
			s.now = s.cache.now() // the calls took time, in which the token at hand may have ended
			err, next = lost, s.judge(lost)
		}
		switch next {
		case useRecord:
			s.cache.local.put(s.local, s.was)
			return Result{Token: s.was.token, Source: FromTable}, nil
		case goAlone:
			return s.fillAlone(ctx, s.was, err)
		case serveHeld:
			return s.serve(s.was, s.now), nil
		case refuse:
			return s.heldOr(s.was, s.refusal)
		}
		if err := s.wait(ctx, err); err != nil {
			return s.heldOr(s.was, err)
		}
	}
}

// look reads the record and notes its token if that is newer than the one at hand.
func (s *search) look(ctx context.Context) (err error) {
	s.record, err = s.cache.store.load(ctx, s.key)
	s.now = s.cache.now()
	s.refusal = s.knownRefusal(s.now)
	if err == nil {
		s.watch.see(s.record.Lease, s.now)
	}
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
	serveHeld        // return the token at hand
	refuse           // return the token at hand if it is good enough, else the refusal
	goAlone          // the table does not answer
)

// judge returns the next step. err is the error of the last call for the record.
func (s *search) judge(err error) step {
	busy := errors.Is(err, ErrThrottled)
	switch {
	case s.was.isFresh(s.now):
		return useRecord
	case s.refusal != nil:
		return refuse // another mint would be refused too
	case err == nil && !s.defers && (s.record.Lease == "" || s.watch.isDead(s.record, s.now)):
		return takeLease
	case err != nil && !isUndecided(err):
		return goAlone
	case s.was.isUsable(s.now), s.was.isAlive(s.now) && (busy || s.now.After(s.patience)):
		return serveHeld // another instance renews it, or cannot
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
