package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/tokencache"
)

var (
	minute = start.Truncate(time.Minute)
	next   = minute.Add(time.Minute)
)

// take spends one mint. It fails the test unless want mints are left.
func take(t *testing.T, s tokencache.Store, spend tokencache.Spend, want int) {
	t.Helper()
	if left, err := s.Spend(t.Context(), spend); err != nil || left != want {
		t.Errorf("at %v: %d left, %v, want %d", spend.Now, left, err, want)
	}
}

// refused fails the test unless the budget is used up until that time.
func refused(t *testing.T, s tokencache.Store, spend tokencache.Spend, until time.Time) {
	t.Helper()
	_, err := s.Spend(t.Context(), spend)
	spent, ok := errors.AsType[*tokencache.SpentError](err)
	if !ok || !spent.Until.Equal(until) {
		t.Errorf("at %v: error is %v, want a budget that is used up until %v", spend.Now, err,
			until.UTC())
	}
}

// at returns one mint at a time, from a budget of 3 a minute.
func at(now time.Time) tokencache.Spend {
	return tokencache.Spend{Now: now, Limit: 3, Profile: "web-map"}
}

func spend(t *testing.T, s tokencache.Store) {
	for left := 2; left >= 0; left-- {
		take(t, s, at(start), left)
	}
	for range 2 {
		refused(t, s, at(start), next)
	}
	more := at(start)
	more.Limit = 5 // an instance with a newer configuration
	take(t, s, more, 1)
	refused(t, s, at(start), next)
}

// spendProfile checks that one greedy profile cannot use the share of the others, and that its
// refused mints cost the others nothing.
func spendProfile(t *testing.T, s tokencache.Store) {
	greedy := tokencache.Spend{Now: start, Limit: 5, Profile: "greedy", ProfileLimit: 2}
	take(t, s, greedy, 4)
	take(t, s, greedy, 3)
	for range 5 {
		refused(t, s, greedy, next)
	}
	modest := tokencache.Spend{Now: start, Limit: 5, Profile: "modest"}
	for left := 2; left >= 0; left-- {
		take(t, s, modest, left)
	}
	refused(t, s, modest, next)
	refused(t, s, tokencache.Spend{Now: start, Limit: 5, Profile: "fresh", ProfileLimit: 2}, next)

	greedy.Now = next
	take(t, s, greedy, 4)
}

// spendMinutes checks that a minute begins at second 0 of the clock. An instance whose clock is
// late spends from the earlier minute.
func spendMinutes(t *testing.T, s tokencache.Store) {
	last := next.Add(-time.Nanosecond)
	for left := 2; left >= 0; left-- {
		take(t, s, at(last), left)
	}
	refused(t, s, at(minute), next)
	take(t, s, at(next), 2)
	refused(t, s, at(last), next)
	take(t, s, at(next), 1)
	take(t, s, at(next.Add(24*time.Hour)), 2)
}

func spendNothing(t *testing.T, s tokencache.Store) {
	none := at(start)
	none.Limit = 0
	refused(t, s, none, next)
	take(t, s, at(start), 2)
}

// profileNames checks that each profile has a budget of its own. Some names look like the other
// attributes of the ledger.
func profileNames(t *testing.T, s tokencache.Store) {
	names := []string{"", "web-map", "web_map", "web.map", "WEB-MAP", "total", "closed", "ttl",
		"pk", "p#total", "#p", ":one", "karte Süd"}
	for i, name := range names {
		one := tokencache.Spend{Now: start, Limit: 2 * len(names), Profile: name, ProfileLimit: 1}
		take(t, s, one, 2*len(names)-1-i)
		refused(t, s, one, next)
	}
}

func closed(t *testing.T, s tokencache.Store) {
	until := start.Add(20 * time.Second).Truncate(time.Millisecond)
	take(t, s, at(start), 2)
	must(t, s.CloseBudget(t.Context(), start, until))
	refused(t, s, at(start), until)
	refused(t, s, at(until.Add(-time.Millisecond)), until)
	take(t, s, at(until), 1)
}

func closedMinutes(t *testing.T, s tokencache.Store) {
	until := start.Add(2 * time.Minute).Truncate(time.Millisecond)
	must(t, s.CloseBudget(t.Context(), start, until))
	for _, now := range []time.Time{start, next, next.Add(30 * time.Second), next.Add(time.Minute),
		until.Add(-time.Millisecond)} {
		refused(t, s, at(now), until)
	}
	take(t, s, at(until), 2)
	take(t, s, at(next.Add(2*time.Minute)), 2)
}

// closedToMinute closes until the beginning of a minute, as Mapbox's reset does.
func closedToMinute(t *testing.T, s tokencache.Store) {
	must(t, s.CloseBudget(t.Context(), start, next))
	refused(t, s, at(next.Add(-time.Millisecond)), next)
	take(t, s, at(next), 2)
}

// closedSpent checks a budget that is both closed and used up. It opens when both have ended.
func closedSpent(t *testing.T, s tokencache.Store) {
	for left := 2; left >= 0; left-- {
		take(t, s, at(start), left)
	}
	must(t, s.CloseBudget(t.Context(), start, start.Add(10*time.Second)))
	refused(t, s, at(start), next)
	refused(t, s, at(start.Add(20*time.Second)), next)
	beyond := next.Add(15 * time.Second)
	must(t, s.CloseBudget(t.Context(), start, beyond))
	refused(t, s, at(start), beyond)
}

// closeAgain closes several times. The latest end counts.
func closeAgain(t *testing.T, s tokencache.Store) {
	until := next.Add(30 * time.Second)
	for _, end := range []time.Time{next.Add(10 * time.Second), until, until,
		next.Add(20 * time.Second), start.Add(time.Second)} {
		must(t, s.CloseBudget(t.Context(), start, end))
	}
	refused(t, s, at(start), until)
	refused(t, s, at(next), until)
	take(t, s, at(until), 2)
}

// closeTooLong checks that a wrong reset time from Mapbox stops minting for two minutes at most.
func closeTooLong(t *testing.T, s tokencache.Store) {
	now := start.Truncate(time.Millisecond)
	must(t, s.CloseBudget(t.Context(), now, now.Add(24*time.Hour)))
	until := now.Add(2 * time.Minute)
	refused(t, s, at(now), until)
	take(t, s, at(until), 2)
	take(t, s, at(now.Add(12*time.Hour)), 2)
}

func closePast(t *testing.T, s tokencache.Store) {
	must(t, s.CloseBudget(t.Context(), start, start))
	must(t, s.CloseBudget(t.Context(), start, start.Add(-time.Hour)))
	take(t, s, at(start), 2)
}
