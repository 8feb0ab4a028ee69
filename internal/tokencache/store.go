package tokencache

import (
	"context"
	"errors"
	"time"
)

// Record is what a store holds under one key. Times have millisecond precision and come from the
// clock of the instance that wrote them. Clocks of instances differ, so compare times with a
// margin.
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

// Store keeps the records and the ledger for all instances. Every method makes few requests, mostly
// one, and is safe for concurrent use. Every method may return ErrThrottled. ErrLost and
// *SpentError mean that nothing was written. After any other error it is unknown whether a write
// took place. That includes ErrThrottled: an adapter may repeat a call whose answer was lost, and
// only the last attempt was throttled.
type Store interface {
	// Load returns the record under key, or the zero Record if there is none. It may return an
	// older state of the record: eventual consistency is enough. An instance that acts on an old
	// state takes a lease first, and Lease compares with the last write.
	Load(ctx context.Context, key string) (Record, error)

	// Lease takes the lease under key if the record still has the Minted and the Lease of seen.
	// Otherwise it returns ErrLost. The token in the record stays. The store may drop the record
	// after keep.
	Lease(ctx context.Context, key string, seen Record, lease string, now, keep time.Time) error

	// Save writes the token of r under key and ends the lease, if lease is still the current one.
	// Otherwise it returns ErrLost. The store may drop the record after r.Expires.
	Save(ctx context.Context, key, lease string, r Record) error

	// Release ends the lease without a token. It is no error if another instance has the lease now.
	Release(ctx context.Context, key, lease string) error

	// Spend takes one mint from the budget and returns how many of Limit are left in this minute.
	// It returns a *SpentError if Limit or ProfileLimit is reached, or if the budget is closed.
	Spend(ctx context.Context, s Spend) (left int, err error)

	// CloseBudget closes the budget for all instances from now until a time at most two minutes
	// ahead. Mapbox has said that its rate limit is reached.
	CloseBudget(ctx context.Context, now, until time.Time) error
}

// ErrLost means that another instance has changed the record. Nothing was written.
var ErrLost = errors.New("record has changed")

// ErrThrottled means that the store is there and serves no more calls at the moment.
var ErrThrottled = errors.New("store is throttled")

// SpentError says that the mint budget is used up. Nothing was taken from it.
type SpentError struct {
	Until time.Time // when there will be more: the next minute, or when it opens again
}

// Error says until when the budget is used up.
func (e *SpentError) Error() string {
	return "budget is spent until " + e.Until.UTC().Format(time.RFC3339)
}
