// Package tokencache shares minted tokens, within an instance of the mint and across all of them, and keeps the ledger of the
// account's budget that all instances spend from.
package tokencache

import (
	"context"
	"errors"
	"time"
)

// Record is what a store holds under one key. Times are those of the instance that wrote them, to the millisecond; clocks
// of instances differ, so they are compared with care.
type Record struct {
	Sealed  []byte    // the sealed token; nil while none has been minted
	Minted  time.Time // when the token was minted; zero while none has been
	Expires time.Time // when the token ends

	Lease  string    // who is minting now; "" when nobody is
	Leased time.Time // when the lease was taken; zero when nobody is
}

// Spend asks for one mint out of a minute's budget.
type Spend struct {
	Now          time.Time // its minute is the one that is spent from
	Limit        int       // mints a minute, of all profiles
	Profile      string
	ProfileLimit int // mints a minute, of this profile; 0 = no limit of its own
}

// Store keeps records and the ledger for all instances. Every method makes one round trip and is safe for concurrent use.
// An error that is none of those below leaves open whether a write took place.
type Store interface {
	// Load returns the record under key, as the last write left it; the zero Record if there is none.
	Load(ctx context.Context, key string) (Record, error)

	// Lease takes the lease under key if the record has still the Minted and the Lease of seen, and ErrLost otherwise. The token in
	// the record stays. The store may drop the record after keep.
	Lease(ctx context.Context, key string, seen Record, lease string, now, keep time.Time) error

	// Save writes r's token under key and ends the lease, if that lease is still the one held, and ErrLost otherwise. The store
	// may drop the record after r.Expires.
	Save(ctx context.Context, key, lease string, r Record) error

	// Release ends the lease without a token. It is no error if the lease is another's by now.
	Release(ctx context.Context, key, lease string) error

	// Spend takes one mint out of the budget and returns how many are left of Limit in this minute. It returns a *SpentError
	// if Limit or ProfileLimit is reached, or the budget is closed.
	Spend(ctx context.Context, s Spend) (left int, err error)

	// Close closes the budget from now until a time at most two minutes ahead, for all instances: Mapbox has said so.
	Close(ctx context.Context, now, until time.Time) error
}

// ErrLost means that somebody else has changed the record in between. Nothing was written.
var ErrLost = errors.New("record has changed")

// SpentError says that the budget is spent. Nothing was taken.
type SpentError struct {
	Until time.Time // when there will be more: the next minute, or when it opens again
}

func (e *SpentError) Error() string {
	return "budget is spent until " + e.Until.UTC().Format(time.RFC3339)
}
