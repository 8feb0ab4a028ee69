package scale_test

import (
	"time"

	"github.com/tokenmint/tokenmint/internal/tokencache"
)

// counts is what requests came to.
type counts struct {
	requests int
	atOnce   int // served from memory, without a wait
	refused  int
	refusal  error // one of them
	stale    int   // served with a token past its time of use
	waits    [causes][2]wait

	shortest, longest time.Duration // life left of a token that was handed out

	refusedOwn, refusedEach int // by the strategies that the cache is compared with
}

// cause is why a request was not answered at once.
type cause int

const (
	ownMint   cause = iota // it minted
	otherMint              // it waited for another's mint
	lookUp                 // it looked at the table, no more
	causes
)

// wait is of requests that were not answered at once. The second index of waits says whether a
// valid token was there when they came.
type wait struct {
	count   int
	longest time.Duration
}

const (
	noToken = iota
	tokenThere
)

// causeOf tells why a request waited; paused says that it waited for more than its own round trips.
func causeOf(got tokencache.Result, paused bool) cause {
	switch {
	case got.Source == tokencache.FromMint:
		return ownMint
	case paused:
		return otherMint
	default:
		return lookUp
	}
}

func (c *counts) wait(why cause, there bool, took time.Duration) {
	w := &c.waits[why][noToken]
	if there {
		w = &c.waits[why][tokenThere]
	}
	w.add(wait{1, took})
}

func (w *wait) add(other wait) {
	w.count, w.longest = w.count+other.count, max(w.longest, other.longest)
}

// handOut notes what a request was given.
func (c *counts) handOut(got tokencache.Result, now time.Time) {
	left := got.Token.Expires.Sub(now)
	if c.longest == 0 || left < c.shortest {
		c.shortest = left
	}
	c.longest = max(c.longest, left)
	if got.Stale {
		c.stale++
	}
}

func (c *counts) add(other *counts) {
	if c.longest == 0 || other.longest != 0 && other.shortest < c.shortest {
		c.shortest = other.shortest
	}
	c.longest = max(c.longest, other.longest)
	c.requests += other.requests
	c.atOnce += other.atOnce
	c.refused += other.refused
	if c.refusal == nil {
		c.refusal = other.refusal
	}
	c.stale += other.stale
	for why := range c.waits {
		for there := range c.waits[why] {
			c.waits[why][there].add(other.waits[why][there])
		}
	}
	c.refusedOwn += other.refusedOwn
	c.refusedEach += other.refusedEach
}
