package tokencache

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// Mint creates a token upstream that ends at expires.
type Mint func(ctx context.Context, expires time.Time) (tokens.Temporary, error)

// Source says where a token came from.
type Source string

// The sources of a token.
const (
	FromMemory Source = "memory" // of this instance
	FromTable  Source = "table"  // another instance minted it
	FromMint   Source = "minted" // by this request
)

// Result is a token and where it came from.
type Result struct {
	Token  tokens.Temporary
	Source Source
	Stale  bool // past its time of use, for want of a fresh one; it lives a minute at least

	BudgetKnown bool // the ledger was asked, which is for a mint only
	BudgetLeft  int  // mints in this minute, of all instances
}

// Config is what a [Cache] is made of. All fields but Random are required.
type Config struct {
	Store  Store
	Budget int // mints a minute that all instances may make
	Now    func() time.Time
	Logger *slog.Logger
	Random func() float64 // in [0, 1); nil = math/rand's
}

// Cache fills orders with shared tokens. It is safe for concurrent use.
//
// It knows nothing of who may have what: whoever calls it has decided that.
type Cache struct {
	store   Store
	budget  int
	now     func() time.Time
	logger  *slog.Logger
	random  func() float64
	local   local
	sealers sealers
	refused refusals
	alone   allowance
}

// New returns an empty cache. It calls nothing.
func New(c Config) (*Cache, error) {
	if c.Store == nil || c.Budget < 1 || c.Now == nil || c.Logger == nil {
		return nil, errors.New("tokencache: a field of Config is missing")
	}
	if c.Random == nil {
		c.Random = rand.Float64
	}
	return &Cache{
		store: bounded{c.Store}, budget: c.Budget, now: c.Now, logger: c.Logger, random: c.Random,
		local: newLocal(), refused: refusals{byKey: map[string]refusal{}}, alone: allowance{limit: max(c.Budget/aloneShare, 1)},
	}, nil
}

// Get fills an order: from this instance's memory, from the table, or by minting. parent is the token that mint mints with.
//
// While a token may be handed out, nobody waits for another: one request renews it ahead of time, and the rest are given what
// there is. Without one, requests for the same key wait until the first of them, here or in another instance, has minted.
// The errors are those of mint, *SpentError, and ctx's.
func (c *Cache) Get(ctx context.Context, parent tokens.Token, o Order, mint Mint) (Result, error) {
	s, err := c.sealers.of(parent)
	if err != nil {
		return Result{}, err
	}
	j := job{cache: c, sealer: s, order: o, plan: planFor(o, c.now()), mint: mint}
	if !j.plan.shared {
		return j.mintWithinBudget(ctx)
	}
	local := s.localKey(o, j.plan.step)
	for {
		held, flight, mine := c.local.enter(local, c.now())
		switch {
		case held.isFresh(c.now()):
			return Result{Token: held.token, Source: FromMemory}, nil
		case mine:
			j.local, j.key = local, s.key(o, j.plan.step)
			return j.fly(ctx, flight, held)
		case held.isUsable(c.now()):
			return Result{Token: held.token, Source: FromMemory}, nil
		}
		select {
		case <-flight.done:
		case <-ctx.Done():
			return Result{}, ctx.Err()
		}
		// A request that left early tells nothing about the others: they go on.
		if !errors.Is(flight.err, context.Canceled) && !errors.Is(flight.err, context.DeadlineExceeded) {
			return flight.shared()
		}
	}
}
