// Package tokencache shares temporary tokens, within one instance of the mint and across all
// instances. It also keeps the ledger of the mint budget, from which all instances spend.
//
// A spec passes these files in this order:
//
//	cache.go    Get: the token in memory, else one request fetches a token and the others wait
//	window.go   how long a token lives, and how long it serves
//	seal.go     the names of records, and the seal on their tokens
//	local.go    the memory of this instance
//	fill.go     the record of the spec, or a copy of it; what to do without the table
//	search.go   look at a record, judge what was seen, act
//	lease.go    take the lease of a record, get a token, store it
//	budget.go   spend one mint from the ledger, call Mapbox, remember what it refuses
//	alone.go    the mints of an instance without the ledger
//
// Calls of the table go through bounded.go. store.go is the interface of the table, and memory.go
// is a table for one instance.
package tokencache

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"strconv"
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
	Stale  bool // served past its reuse window, because no fresh one was available

	BudgetKnown bool // the ledger was asked, which is for a mint only
	BudgetLeft  int  // mints in this minute, of all instances

	atHand bool // this instance had the token before, so it is not stored again
}

// Config is what a [Cache] is made of. Store, Budget, Now and Logger are required.
type Config struct {
	Store  Store
	Budget int // mints a minute that all instances may make
	Now    func() time.Time
	Logger *slog.Logger
	Random func() float64 // in [0, 1); nil = math/rand's

	// Instances is the most instances at a time; 0 = not known. Each instance of a large fleet
	// reads one of several copies of a record. Without the table, each instance may mint Budget
	// divided by Instances, or by 16 if that is more.
	Instances int
}

// Cache returns shared tokens for specs. It is safe for concurrent use.
//
// Cache does not check what a caller is allowed. Its user decides that before.
type Cache struct {
	store   *bounded
	budget  int
	copied  string // suffix of a record's key that names this instance's copy; "" = no copies
	now     func() time.Time
	logger  *slog.Logger
	random  func() float64
	local   local
	sealers sealers
	refused refusals
	alone   *allowance
}

// New returns an empty cache. It calls nothing.
func New(c Config) (*Cache, error) {
	if c.Store == nil || c.Budget < 1 || c.Now == nil || c.Logger == nil {
		return nil, errors.New("tokencache: a field of Config is missing")
	}
	if c.Random == nil {
		c.Random = rand.Float64
	}
	cache := &Cache{
		store:   &bounded{store: c.Store, now: c.Now, random: c.Random},
		budget:  c.Budget,
		now:     c.Now,
		logger:  c.Logger,
		random:  c.Random,
		local:   newLocal(),
		refused: refusals{byKey: map[string]remembered{}},
		alone:   newAllowance(c.Budget, c.Instances, c.Random),
	}
	if copies := c.Instances / instancesPerCopy; copies > 1 {
		cache.copied = "#" + strconv.Itoa(int(c.Random()*float64(copies)))
	}
	return cache, nil
}

// Get returns a token for a spec: from the memory of this instance, from the table, or from mint.
// parent is the token that mint uses.
//
// While this instance has a usable token, only one request waits: it renews the token ahead of
// time. The others get the token that is there. Without a usable token, all requests for the same
// key wait. The first of them mints, in this instance or in another one.
//
// A request whose spec has a Wait leaves after that time. It gets a stale token if there is one,
// else [context.DeadlineExceeded]. The mint that it has started goes on for later requests.
//
// The error is one of mint, a *SpentError, an *UnsharedError, or the error of ctx.
func (c *Cache) Get(
	ctx context.Context, parent tokens.Token, spec Spec, mint Mint,
) (Result, error) {
	s, err := c.sealers.of(parent)
	if err != nil {
		return Result{}, err
	}
	j := job{cache: c, sealer: s, spec: spec, plan: planFor(spec, c.now()), mint: mint}
	if !j.plan.shared {
		return j.mintWithinBudget(ctx)
	}
	if spec.Wait > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, spec.Wait)
		defer cancel()
	}
	local := s.localKey(spec, j.plan.step)
	for {
		held, flight, mine := c.local.enter(local, c.now())
		switch {
		case held.isFresh(c.now()):
			return Result{Token: held.token, Source: FromMemory}, nil
		case mine && spec.Wait > 0:
			j.local, j.key = local, s.key(spec, j.plan.step)
			go j.flyApart(ctx, flight, held)
		case mine:
			j.local, j.key = local, s.key(spec, j.plan.step)
			return j.fly(ctx, flight, held)
		case held.isUsable(c.now()):
			return Result{Token: held.token, Source: FromMemory}, nil
		}
		select {
		case <-flight.done:
		case <-ctx.Done():
			return c.local.stale(local, c.now(), ctx.Err())
		}
		if mine {
			return flight.result, flight.err
		}
		// A request that left early says nothing about the others, so they go on.
		if !hasLeft(flight.err) {
			return flight.shared()
		}
	}
}

// hasLeft reports whether the error is that of a request that ended before its flight.
func hasLeft(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
