package tokencache

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

const (
	// aloneShare is the part of the budget that an instance allows itself when the ledger does not answer.
	aloneShare = 16

	// rememberRefusal is how long Mapbox's refusal of an order is remembered, so that asking for it again spends nothing.
	rememberRefusal = 30 * time.Second
)

// mintWithinBudget mints if the ledger allows it, and if Mapbox has not just refused the same.
func (j job) mintWithinBudget(ctx context.Context) (Result, error) {
	c, now := j.cache, j.cache.now()
	if err := j.knownRefusal(now); err != nil {
		return Result{}, err
	}
	left, err := c.store.Spend(ctx, Spend{Now: now, Limit: c.budget, Profile: j.order.Profile, ProfileLimit: j.order.Limit})
	if spent, ok := errors.AsType[*SpentError](err); ok {
		c.refused.put(j.budgetName(), refusal{spent, spent.Until})
		return Result{}, spent
	}
	if ctx.Err() != nil {
		return Result{}, ctx.Err()
	}
	result := Result{Source: FromMint, BudgetKnown: err == nil, BudgetLeft: left}
	mint := j.mintNow
	if err != nil {
		c.logger.WarnContext(ctx, "ledger does not answer", "cause", err.Error())
		mint = j.mintAlone
	}
	result.Token, err = mint(ctx)
	if j.isLasting(err) {
		c.refused.put(j.refusedName(), refusal{err, now.Add(rememberRefusal)})
	}
	return result, err
}

// isLasting reports whether Mapbox would refuse the order again, whoever places it. What it says of an end that one caller asked for is not
// remembered: else whoever asks for an impossible end would have everybody refused who may have these scopes.
func (j job) isLasting(err error) bool {
	if errors.Is(err, tokens.ErrInvalidRequest) {
		return j.order.Expires.IsZero() || errors.Is(err, tokens.ErrScopes)
	}
	return errors.Is(err, tokens.ErrNotFound)
}

// knownRefusal returns what Mapbox or the ledger has just said to the same, if anything.
func (j job) knownRefusal(now time.Time) error {
	refused := &j.cache.refused
	return cmp.Or(refused.get(j.budgetName(), now), refused.get(j.refusedName(), now))
}

// refusedName is the name under which it is remembered that Mapbox has refused the order. It changes with the parent.
func (j job) refusedName() string { return j.sealer.key(j.order, "refused") }

// budgetName is the name under which it is remembered that the profile's budget is spent.
func (j job) budgetName() string { return "budget of " + j.order.Profile }

// mintAlone mints within what this instance allows itself.
func (j job) mintAlone(ctx context.Context) (tokens.Temporary, error) {
	if err := j.cache.alone.take(j.cache.now()); err != nil {
		return tokens.Temporary{}, err
	}
	return j.mintNow(ctx)
}

// mintNow asks Mapbox. When Mapbox says that its limit is reached, all instances are told until when.
func (j job) mintNow(ctx context.Context) (tokens.Temporary, error) {
	if j.plan.shared {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, mintLimit)
		defer cancel()
	}
	token, err := j.mint(ctx, j.plan.expires)
	// Our clock may be ahead of Mapbox's, which then takes our hour for more than one of its own. It minted nothing.
	if errors.Is(err, tokens.ErrExpiryTooFar) {
		token, err = j.mint(ctx, j.plan.expires.Add(-clocksDiffer))
	}
	if upstream, ok := errors.AsType[*tokens.Error](err); ok && errors.Is(err, tokens.ErrRateLimited) {
		j.cache.close(ctx, upstream.RateLimitReset)
	}
	return token, err
}

// OpenAgain returns when Mapbox's limit ends: at the reset that it has told, or, if it has told none or one that cannot be, a minute from now, the
// length of its interval. What is believed lies at most two minutes ahead: an interval, and as much for clocks that differ.
func OpenAgain(reset, now time.Time) time.Time {
	if !reset.After(now) || reset.Sub(now) > 2*time.Minute {
		return now.Add(time.Minute)
	}
	return reset
}

// close stops all instances from minting until Mapbox's limit is reset.
func (c *Cache) close(ctx context.Context, reset time.Time) {
	now := c.now()
	if err := c.store.Close(ctx, now, OpenAgain(reset, now)); err != nil {
		c.logger.WarnContext(ctx, "budget stays open to others", "cause", err.Error())
	}
}

// refusals remembers what was just refused: by Mapbox, under a name that changes with the parent, and by the ledger.
type refusals struct {
	mu    sync.Mutex
	byKey map[string]refusal
}

type refusal struct {
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

// put remembers a refusal. When there are too many, all are forgotten: the budget still holds.
func (r *refusals) put(name string, refused refusal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.byKey) >= maxHeld {
		clear(r.byKey)
	}
	r.byKey[name] = refused
}

// allowance is an instance's own budget.
type allowance struct {
	limit  int
	mu     sync.Mutex
	minute time.Time
	used   int
}

func (a *allowance) take(now time.Time) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if minute := now.Truncate(time.Minute); !minute.Equal(a.minute) {
		a.minute, a.used = minute, 0
	}
	if a.used >= a.limit {
		return &SpentError{Until: a.minute.Add(time.Minute)}
	}
	a.used++
	return nil
}
