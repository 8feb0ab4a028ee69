package rotate

import (
	"context"
	"slices"
	"strings"
	"time"
)

// orderByWait returns the additional tokens in the order in which this run reconciles them. If the
// run may create all successors that can be due, the order is the configuration's. Else the longest
// wait comes first, and the others can wait for the next run. To know the waits, it observes each
// token.
func (r *run) orderByWait(ctx context.Context, additional []Managed) []Managed {
	if len(additional) <= r.progress.creates {
		return additional
	}
	ordered := slices.Clone(additional)
	waitingSince := map[string]time.Time{}
	for _, m := range ordered {
		waitingSince[m.Name] = r.waitingSince(ctx, m)
	}
	slices.SortStableFunc(ordered, func(a, b Managed) int {
		return waitingSince[a.Name].Compare(waitingSince[b.Name])
	})
	return ordered
}

// waitingSince says since when a token waits for a successor: since its due date, or since the last
// attempt, which a live token shows. So a token whose attempts always fail does not block others. A
// token that is not due comes last, and so does one that cannot be observed.
func (r *run) waitingSince(ctx context.Context, m Managed) time.Time {
	last := r.now().Add(100 * 365 * 24 * time.Hour)
	auth, err := r.parentCredential(ctx)
	if err != nil {
		return last
	}
	o, err := r.observe(ctx, m, &auth)
	due := situation{m, o, r.request, r.progress}.due()
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
