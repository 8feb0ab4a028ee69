package tokencache

import (
	"strconv"
	"time"

	"github.com/tokenmint/tokenmint/config"
)

const (
	// longest is the longest life that the mint asks Mapbox for. It is a second below Mapbox's
	// limit of an hour, because our clock may be ahead of Mapbox's.
	longest = time.Hour - time.Second

	// leastLife is how long a stale token must still live to be served.
	leastLife = time.Minute

	// leastPlanned is the shortest life that the mint asks Mapbox for. A token is returned only if
	// it lives for [config.ShortestLifetime] or longer, and Mapbox takes nearly a second to answer.
	// The extra time is less than a second, so a reply still counts ten whole seconds.
	leastPlanned = config.ShortestLifetime + 999*time.Millisecond

	// aheadShare says when a token is renewed ahead of time: at a random moment in the last
	// 1/aheadShare of its reuse window. A window then has 1/aheadShare of a mint more, at most.
	aheadShare = 64
)

// Spec describes the token that a caller is to get. Equal specs at about the same time get the
// same token.
type Spec struct {
	Digest   string        // of the profile as it is configured now: another one shares no token
	Profile  string        // the profile's name
	Scopes   []string      // sorted
	Lifetime time.Duration // of a token of this profile
	Reuse    time.Duration // how long one token may serve; 0 = a token of one's own
	Expires  time.Time     // when the token must have ended; zero: as Lifetime and Reuse say
	Limit    int           // mints a minute, of this profile; 0 = no limit of its own
	Wait     time.Duration // for a shared token at most; 0 = as long as the context allows
}

// plan says how to serve a spec at one moment.
type plan struct {
	shared  bool
	step    string        // tells specs of different ends apart, in a key
	expires time.Time     // of a token that is minted now
	spare   time.Duration // a token is handed out while at least this much of its life is left

	// ahead is a time that ends with the reuse window. The token is renewed at a random moment in
	// it.
	ahead time.Duration
}

// planFor is a pure function of the spec and the time.
//
// A spec without an end gets a token that lives between Lifetime-Reuse and Lifetime from now.
//
// A spec with an end gets a token that ends then or earlier, by at most Reuse or a tenth of the
// requested life. Ends are rounded down to a grid, so callers with similar requests share a token.
// Each planned token lives for leastPlanned or longer.
func planFor(spec Spec, now time.Time) plan {
	if spec.Expires.IsZero() {
		return plan{
			shared:  spec.Reuse > 0,
			step:    "window",
			expires: now.Add(min(max(spec.Lifetime, leastPlanned), longest)),
			spare:   spec.Lifetime - spec.Reuse,
			ahead:   spec.Reuse / aheadShare,
		}
	}
	life := min(max(spec.Expires.Sub(now), leastPlanned), longest)
	expires := now.Add(life)
	grid := gridFor(min(spec.Reuse, life/10, life-leastPlanned))
	if grid == 0 {
		return plan{expires: expires}
	}
	expires = expires.Truncate(grid)
	step := "until " + strconv.FormatInt(expires.Unix(), 10)
	return plan{shared: true, step: step, expires: expires, spare: config.ShortestLifetime}
}

// gridFor returns the widest grid that rounds down by less than slack. The grid is a power of two
// of seconds, or 0 below a second. There are few widths, so that specs with different ends share a
// token.
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
