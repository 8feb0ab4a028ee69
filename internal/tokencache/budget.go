package tokencache

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// rememberRefusal is how long an instance remembers that Mapbox refused a spec. A repeated spec
// costs no mint in this time.
const rememberRefusal = 30 * time.Second

// mintWithinBudget mints if the ledger allows it, and if Mapbox has not just refused the same
// spec. A search has looked for refusals before. It is done again here, because taking the lease
// took time, and because a spec that is not shared has no search.
func (j job) mintWithinBudget(ctx context.Context) (Result, error) {
	c, now := j.cache, j.cache.now()
	if err := j.knownRefusal(now); err != nil {
		return Result{}, err
	}
	left, err := c.store.spend(ctx, Spend{
		Now: now, Limit: c.budget, Profile: j.spec.Profile, ProfileLimit: j.spec.Limit,
	})
	if spent, ok := errors.AsType[*SpentError](err); ok {
		c.refused.put(j.budgetName(), remembered{spent, spent.Until})
		return Result{}, spent
	}
	switch {
	case errors.Is(err, ErrThrottled):
		return Result{}, c.unshared(err)
	case ctx.Err() != nil:
		return Result{}, ctx.Err()
	case err != nil:
		c.tableLog(err).WarnContext(ctx, "the ledger does not answer: mint alone")
		return j.mintAlone(ctx)
	}
	token, err := j.mintAndNote(ctx)
	upstream, answered := errors.AsType[*tokens.Error](err)
	if answered && errors.Is(err, tokens.ErrRateLimited) {
		c.closeBudget(ctx, upstream.RateLimitReset)
	}
	return Result{Token: token, Source: FromMint, BudgetKnown: true, BudgetLeft: left}, err
}

// isLasting reports whether Mapbox would refuse the spec for every caller.
//
// A refusal of an end that one caller asked for is not remembered. Otherwise a caller who asks for
// an impossible end would block all callers with the same scopes.
func (j job) isLasting(err error) bool {
	if errors.Is(err, tokens.ErrInvalidRequest) {
		return j.spec.Expires.IsZero() || errors.Is(err, tokens.ErrScopes)
	}
	return errors.Is(err, tokens.ErrNotFound)
}

// knownRefusal returns the last refusal of the same spec by Mapbox or by the ledger, while it is
// remembered.
func (j job) knownRefusal(now time.Time) error {
	refused := &j.cache.refused
	return cmp.Or(refused.get(j.budgetName(), now), refused.get(j.refusedName(), now))
}

// refusedName is the key under which Mapbox's refusal of the spec is remembered. It changes with
// the parent.
func (j job) refusedName() string { return j.sealer.key(j.spec, "refused") }

// budgetName is the key that remembers that the budget of the profile is used up.
func (j job) budgetName() string { return "budget of " + j.spec.Profile }

// mintAlone mints within the allowance of this instance.
func (j job) mintAlone(ctx context.Context) (Result, error) {
	now := j.cache.now()
	if err := j.knownRefusal(now); err != nil {
		return Result{}, err
	}
	if err := j.cache.alone.take(now); err != nil {
		return Result{}, j.cache.unshared(err)
	}
	token, err := j.mintAndNote(ctx)
	return Result{Token: token, Source: FromMint}, err
}

// unshared tells a caller to come again. Another instance may have a token by then.
func (c *Cache) unshared(cause error) error {
	return &UnsharedError{Until: c.now().Add(jitter(c.random, comeAgain)), Cause: cause}
}

// mintAndNote calls mint and notes how Mapbox answered.
func (j job) mintAndNote(ctx context.Context) (tokens.Temporary, error) {
	if j.plan.shared {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, mintLimit)
		defer cancel()
	}
	token, err := j.mint(ctx, j.plan.expires)
	// Our clock may be ahead of Mapbox's. Then our hour is more than an hour for Mapbox. A refusal
	// means that nothing was minted.
	if errors.Is(err, tokens.ErrExpiryTooFar) {
		token, err = j.mint(ctx, j.plan.expires.Add(-clocksDiffer))
	}
	j.note(err)
	return token, err
}

// note tells the allowance of this instance how Mapbox answered, and remembers a lasting refusal.
func (j job) note(err error) {
	now := j.cache.now()
	upstream, answered := errors.AsType[*tokens.Error](err)
	switch {
	case err == nil:
		j.cache.alone.succeed()
	case answered && errors.Is(err, tokens.ErrRateLimited):
		j.cache.alone.refuse(OpenAgain(upstream.RateLimitReset, now))
	case j.isLasting(err):
		j.cache.refused.put(j.refusedName(), remembered{err, now.Add(rememberRefusal)})
	}
}

// OpenAgain returns when Mapbox's rate limit ends. That is the reset that Mapbox told. Without a
// plausible reset it is a minute from now, which is the length of Mapbox's interval. A reset more
// than two minutes ahead is not plausible: one minute for the interval, and one for clocks that
// differ.
func OpenAgain(reset, now time.Time) time.Time {
	if !reset.After(now) || reset.Sub(now) > 2*time.Minute {
		return now.Add(time.Minute)
	}
	return reset
}

// closeBudget stops all instances from minting until Mapbox's rate limit is reset.
func (c *Cache) closeBudget(ctx context.Context, reset time.Time) {
	now := c.now()
	if err := c.store.closeBudget(ctx, now, OpenAgain(reset, now)); err != nil {
		c.tableLog(err).WarnContext(ctx, "the budget stays open to other instances")
	}
}

// refusals remembers recent refusals by Mapbox and by the ledger. The key of a refusal by Mapbox
// changes with the parent.
type refusals struct {
	mu    sync.Mutex
	byKey map[string]remembered
}

type remembered struct {
	err   error
	until time.Time
}

func (r *refusals) get(name string, now time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if known := r.byKey[name]; now.Before(known.until) {
		return known.err
	}
	return nil
}

// put remembers a refusal. If there are too many, it forgets all. The budget still holds.
func (r *refusals) put(name string, refused remembered) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.byKey) >= maxHeld {
		clear(r.byKey)
	}
	r.byKey[name] = refused
}
