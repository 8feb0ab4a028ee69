package scale_test

import "time"

// figures is what a run comes to.
type figures struct {
	model
	counts

	born              int           // instances, all told
	shared, own, each *account      // what the strategies asked of Mapbox
	minted            [][]time.Time // by profile
	trips, tripsPeak  int64         // to the table, and the most of them in a second
	askedBy, gotBy    []int         // requests, and those that got a token, by the minute
	rotation          time.Duration // that a forced rotation took; 0 if it failed
	keyPeak           use           // of one key in a second
	throttled         int           // calls of the table
}

// mints returns the tokens that were minted.
func (f *figures) mints() int {
	n := 0
	for _, times := range f.minted {
		n += len(times)
	}
	return n
}

// mintsPerWindow returns how many mints of a profile's token there were in a time of its reuse,
// from the first to the last. The run begins with a mint, and ends in the middle of a window:
// counted, these would weigh more than what is measured.
func (f *figures) mintsPerWindow(profile int) float64 {
	times := f.minted[profile]
	if len(times) < 2 {
		return 0
	}
	first, last := times[0], times[len(times)-1]
	return float64(len(times)-1) * float64(reuse) / float64(last.Sub(first))
}

// served is the share of the requests of a minute that got a token.
func (f *figures) served(minute int) float64 {
	return float64(f.gotBy[minute]) / float64(max(f.askedBy[minute], 1))
}

// longestWait is that of the requests that got a token.
func (f *figures) longestWait() (longest time.Duration) {
	for why := range f.waits {
		for there := range f.waits[why] {
			longest = max(longest, f.waits[why][there].longest)
		}
	}
	return longest
}
