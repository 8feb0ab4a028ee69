package tokencache

import (
	"strconv"
	"time"

	"github.com/tokenmint/tokenmint/config"
)

const (
	// longest is the longest life that is asked of Mapbox: a second less than its limit of an hour, should our clock be
	// ahead of Mapbox's.
	longest = time.Hour - time.Second

	// leastLife is how long a token must still live to be handed out for want of a fresh one.
	leastLife = time.Minute

	// leastPlanned is the shortest life that is asked of Mapbox. A token is not returned with less than
	// [config.ShortestLifetime] to live, and Mapbox takes nearly a second to answer. It is less than a second more, so a
	// reply still counts ten whole seconds.
	leastPlanned = config.ShortestLifetime + 999*time.Millisecond

	// aheadShare is the part of its time of use at whose end a token is renewed ahead, at a moment of chance. It costs that
	// part of a mint a window.
	aheadShare = 64
)

// Order is what a caller is to get. Callers who place equal orders at about the same time get the same token.
type Order struct {
	Policy   string        // digest of the rule that grants the order; another rule shares nothing with it
	Profile  string        // its name
	Scopes   []string      // sorted
	Lifetime time.Duration // of a token of this profile
	Reuse    time.Duration // how long one token may serve; 0 = a token of one's own
	Expires  time.Time     // when the token must have ended; zero: as Lifetime and Reuse say
	Limit    int           // mints a minute, of this profile; 0 = no limit of its own
}

// plan says how an order is filled at a moment.
type plan struct {
	shared  bool
	step    string        // tells orders of different ends apart, in a key
	expires time.Time     // of a token that is minted now
	spare   time.Duration // a token is handed out while at least this much of its life is left
	ahead   time.Duration // of the end of that time, in which it is renewed
}

// planFor is a pure function of order and time.
//
// Without an end of its own, an order is filled with a token that lives between Lifetime-Reuse and Lifetime from now. With one,
// the token ends then or earlier, by at most Reuse or a tenth of what was asked: ends are rounded down to a grid, so that
// callers who ask for about the same share. No token is planned to live for less than leastPlanned.
func planFor(o Order, now time.Time) plan {
	if o.Expires.IsZero() {
		return plan{
			shared:  o.Reuse > 0,
			step:    "window",
			expires: now.Add(min(max(o.Lifetime, leastPlanned), longest)),
			spare:   o.Lifetime - o.Reuse,
			ahead:   o.Reuse / aheadShare,
		}
	}
	life := min(max(o.Expires.Sub(now), leastPlanned), longest)
	expires := now.Add(life)
	grid := gridFor(min(o.Reuse, life/10, life-leastPlanned))
	if grid == 0 {
		return plan{expires: expires}
	}
	expires = expires.Truncate(grid)
	step := "until " + strconv.FormatInt(expires.Unix(), 10)
	return plan{shared: true, step: step, expires: expires, spare: config.ShortestLifetime}
}

// gridFor returns the widest grid that rounds down by less than slack: a power of two of seconds, or 0 below a second. Few
// widths mean that orders for different ends meet.
func gridFor(slack time.Duration) time.Duration {
	if slack < time.Second {
		return 0
	}
	grid := time.Second
	for grid*2 <= slack {
		grid *= 2
	}
	return grid
}
