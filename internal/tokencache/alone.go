package tokencache

import (
	"errors"
	"sync"
	"time"
)

const (
	// fewInstances is the least number of instances that the budget is divided by. One instance
	// alone may not use the whole budget.
	fewInstances = 16

	// leastBackoff is the time over which an instance spreads its next mint after Mapbox's first
	// 429. longestBackoff is the longest such time, after many refusals.
	leastBackoff, longestBackoff = 4 * time.Minute, 2 * time.Hour

	// comeAgain is the longest time after which a caller without a token may try again. Another
	// instance may have a token.
	comeAgain = 10 * time.Second
)

// errAlone means that this instance has used its allowance.
var errAlone = errors.New("this instance has used its share of the budget")

// UnsharedError says that the table does not answer and that this instance has no token.
type UnsharedError struct {
	Until time.Time // when a caller may try again
	Cause error
}

// Error names the cause.
func (e *UnsharedError) Error() string { return "no token without the table: " + e.Cause.Error() }

// Unwrap returns the cause.
func (e *UnsharedError) Unwrap() error { return e.Cause }

// allowance bounds the mints of one instance while the ledger does not answer. Without the ledger,
// instances cannot count together, so each takes its share of the budget. A few instances may mint
// some tokens a minute each. Many instances may mint one token each in several minutes, at a random
// moment.
//
// If all shares together are too much, Mapbox answers 429, and every instance sees that for itself.
// The instance then waits for the reset and a random time more, as on a congested network. That
// time doubles with each refusal and halves with each success.
type allowance struct {
	limit  int // mints in one period
	period time.Duration
	random func() float64

	mu      sync.Mutex
	began   time.Time // the start of the current period
	used    int       // mints in the current period
	opens   time.Time // nothing is allowed before
	refused int       // how often the backoff has doubled
}

func newAllowance(budget, instances int, random func() float64) *allowance {
	instances = max(instances, fewInstances)
	a := &allowance{limit: max(budget/instances, 1), period: time.Minute, random: random}
	if instances > budget {
		a.period = time.Duration(float64(time.Minute) * float64(instances) / float64(budget))
	}
	return a
}

// take allows one mint or returns errAlone.
func (a *allowance) take(now time.Time) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.began.IsZero() || now.Sub(a.began) >= a.period {
		a.began, a.used = now, 0
		if a.period > time.Minute {
			a.wait(now, a.period)
		}
	}
	if now.Before(a.opens) || a.used >= a.limit {
		return errAlone
	}
	a.used++
	return nil
}

// wait allows nothing until a random moment within spread after a time.
func (a *allowance) wait(after time.Time, spread time.Duration) {
	opens := after.Add(time.Duration(a.random() * float64(spread)))
	if opens.After(a.opens) {
		a.opens = opens
	}
}

// refuse notes that Mapbox refuses all mints until reset.
func (a *allowance) refuse(reset time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.wait(reset, min(max(2*a.period, leastBackoff)<<min(a.refused, 10), longestBackoff))
	a.refused++
}

// succeed notes that Mapbox has minted a token.
func (a *allowance) succeed() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.refused = max(a.refused-1, 0)
}
