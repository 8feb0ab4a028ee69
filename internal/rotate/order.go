package rotate

import (
	"context"
	"slices"
	"strings"
	"time"
)

// byLongestWait returns the additional tokens in the order in which this run reconciles them: those first that have waited
// for a successor for longest. So a run that may not create all that are due leaves out those that can wait. With few
// tokens the order does not matter, and nothing is read for it.
func (r *run) byLongestWait(ctx context.Context, selected []Managed) []Managed {
	ordered := slices.DeleteFunc(slices.Clone(selected), func(m Managed) bool { return m.Name == r.parent.Name })
	if len(ordered) <= r.intent.creates {
		return ordered
	}
	waitingSince := map[string]time.Time{}
	for _, m := range ordered {
		waitingSince[m.Name] = r.waitingSince(ctx, m)
	}
	slices.SortStableFunc(ordered, func(a, b Managed) int { return waitingSince[a.Name].Compare(waitingSince[b.Name]) })
	return ordered
}

// waitingSince returns since when a token waits for a successor: since it is due, or since the last attempt, of which a
// live token tells. So tokens whose attempts fail again and again do not take the turn of others. What this run has no
// successor to make for comes last, and what cannot be observed.
func (r *run) waitingSince(ctx context.Context, m Managed) time.Time {
	last := r.now().Add(100 * 365 * 24 * time.Hour)
	auth, err := r.parentCredential(ctx)
	if err != nil {
		return last
	}
	o, err := r.observe(ctx, m, &auth)
	due := situation{m, o, r.intent}.due()
	if err != nil || due.why == "" {
		return last
	}
	since := due.since
	for _, t := range o.live {
		if strings.HasPrefix(t.Note, o.notePrefix) {
			since = latest(since, t.Created)
		}
	}
	return since
}
