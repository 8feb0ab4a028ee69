package tokencache

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

const (
	// crowdLots: many instances may find an empty copy at the same moment. One of crowdLots takes
	// the lease at once. The others look again first.
	crowdLots = 8

	// instancesPerCopy is how many instances read the same copy. DynamoDB serves 6,000 eventually
	// consistent reads and 1,000 writes of one key in a second. A new table serves 24,000 and
	// 4,000.
	instancesPerCopy = 500
)

// job gets the token for one spec, for all requests that wait in this instance. It can be
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
	spec   Spec
	plan   plan
	mint   Mint
}

// fly runs fill and wakes the requests that wait. A panic does not end the mint: fly then reports
// context.Canceled, and the waiting requests try again.
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
		return j.search(was, j.mintForRecord, firstPause).run(ctx)
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

// mintForRecord is the source of the record's token.
func (j job) mintForRecord(ctx context.Context, was held) (Result, error) {
	result, err := j.mintWithinBudget(ctx)
	return j.keepOrServe(result, was, err)
}

// fillAlone works without the table, which did not answer. It uses the token at hand while that is
// usable. Otherwise it mints one within the allowance of this instance.
func (j job) fillAlone(ctx context.Context, was held, cause error) (Result, error) {
	if ctx.Err() != nil {
		return j.heldOr(was, ctx.Err())
	}
	j.cache.tableLog(cause).WarnContext(ctx, "the token table does not answer: go on alone")
	if now := j.cache.now(); was.isUsable(now) {
		return j.serve(was, now), nil
	}
	result, err := j.mintAlone(ctx)
	return j.keepOrServe(result, was, err)
}

// tableLog returns a logger for what a failure of the table leads to. The logger discards its lines
// if the table was not asked.
func (c *Cache) tableLog(cause error) *slog.Logger {
	if errors.Is(cause, errGone) {
		return slog.New(slog.DiscardHandler)
	}
	return c.logger.With("cause", cause.Error())
}

// keepOrServe remembers a minted token. If the mint has failed, it returns the token at hand or the
// error, as heldOr does.
func (j job) keepOrServe(minted Result, was held, err error) (Result, error) {
	if err != nil {
		return j.heldOr(was, err)
	}
	j.cache.local.put(j.local, j.hold(minted.Token))
	return minted, nil
}

// heldOr returns the token at hand if it is usable, or lives long enough past its reuse window.
// Otherwise it returns err, which must not be nil.
func (j job) heldOr(was held, err error) (Result, error) {
	if now := j.cache.now(); was.isUsable(now) || was.isAlive(now) {
		return j.serve(was, now), nil
	}
	return Result{}, err
}

// serve returns the token at hand, because no fresh one is available. Within recheck, another
// request looks for one.
func (j job) serve(was held, now time.Time) Result {
	again, usable := now.Add(jitter(j.cache.random, recheck)), was.isUsable(now)
	if usable && again.After(was.endUse) {
		again = was.endUse
	}
	j.cache.local.put(j.local, held{was.token, again, was.endUse})
	return Result{Token: was.token, Source: FromMemory, Stale: !usable, atHand: true}
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
