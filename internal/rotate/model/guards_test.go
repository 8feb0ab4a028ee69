package model_test

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tokenmint/tokenmint/internal/rotate"
	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// guard is one of the things that keep rotation safe, how to take it away from outside, and what
// goes wrong then.
type guard struct {
	name   string
	remove func(a *actor, store secrets.Store, api rotate.Tokens,
		managed []rotate.Managed) (secrets.Store, rotate.Tokens)
	event func(w *world, event string) string // what is delivered in place of an event

	announce func(a *actor, next rotate.Announce) rotate.Announce
	runs     int // how often one run does all its work; 0 = once
	where    scenario
	want     string // part of the violation
}

var guards = []guard{
	{name: "sweep", remove: hide(lostTokens), where: sequential[0], want: "a token is left behind"},
	{name: "note", remove: func(_ *actor, s secrets.Store, api rotate.Tokens,
		_ []rotate.Managed) (secrets.Store, rotate.Tokens) {
		return s, noteless{api}
	}, where: sequential[0], want: "has no token of ours"},
	{name: "compare-and-swap", remove: func(a *actor, s secrets.Store, api rotate.Tokens,
		_ []rotate.Managed) (secrets.Store, rotate.Tokens) {
		return careless{s, a}, api
	}, where: scenario{"paste beside a rotation", fresh, [][]move{{force}, {paste}}},
		want: "has not read"},
	{name: "proof", remove: func(a *actor, s secrets.Store, api rotate.Tokens,
		_ []rotate.Managed) (secrets.Store, rotate.Tokens) {
		return s, trusting{api, a}
	}, where: scenario{"the created token is spoilt", fresh, [][]move{{force}, {spoil}}},
		want: "does not live"},
	{name: "grace", remove: func(_ *actor, s secrets.Store, api rotate.Tokens,
		managed []rotate.Managed) (secrets.Store, rotate.Tokens) {
		managed[0].RetireAfter = 0
		return s, api
	}, where: sequential[0], want: "within its grace"},
	{name: "orphan age", remove: func(_ *actor, s secrets.Store, api rotate.Tokens,
		_ []rotate.Managed) (secrets.Store, rotate.Tokens) {
		return s, altered{api, func(rows []tokens.Metadata) []tokens.Metadata {
			for i := range rows {
				rows[i].Created = rows[i].Created.Add(-time.Hour)
			}
			return rows
		}}
	}, where: scenario{"two forced", fresh, [][]move{{force}, {force}}},
		want: "on its way to store"},
	{name: "cap", remove: func(a *actor, s secrets.Store, api rotate.Tokens,
		_ []rotate.Managed) (secrets.Store, rotate.Tokens) {
		return s, altered{api, func(rows []tokens.Metadata) []tokens.Metadata {
			for i := range rows {
				if c := a.mine[rows[i].ID]; c != nil && c.stored {
					rows[i].Note = ""
				}
			}
			return rows
		}}
	}, where: scenario{"many", many, [][]move{{force, force}}}, want: "are alive"},
	{name: "date before promotion", remove: func(a *actor, s secrets.Store, api rotate.Tokens,
		_ []rotate.Managed) (secrets.Store, rotate.Tokens) {
		return undated{s, a}, api
	}, where: scenario{"pasted, then Secrets Manager's rotation", pasted, [][]move{{
		heartbeatNow, begin, step("createSecret"), step("testSecret"), step("finishSecret"),
	}}}, want: "a token is left behind"},
	{name: "proof of the current token before a deletion", remove: func(_ *actor, s secrets.Store,
		api rotate.Tokens, _ []rotate.Managed) (secrets.Store, rotate.Tokens) {
		return s, believing{api}
	}, where: scenario{"the current token is deleted", uploadsOverdue,
		[][]move{{heartbeatNow}, {revokeNewest}}}, want: "does not work"},
	{name: "second look before a version is forgotten", remove: func(a *actor, s secrets.Store,
		api rotate.Tokens, _ []rotate.Managed) (secrets.Store, rotate.Tokens) {
		return s, &sticky{Tokens: api, actor: a}
	}, where: scenario{"pasted, then forced twice", fresh,
		[][]move{{paste, force, force, heartbeatNow}}}, want: "a token is left behind"},
	{name: "bound of deletions", runs: 2,
		where: scenario{"many graces end", many, [][]move{{paste, heartbeatNow, paste, heartbeatNow,
			paste, heartbeatNow, pass(retireAfter), heartbeatNow}}},
		want: "more than 8"},
	{name: "one rotation an event", event: func(w *world, event string) string {
		w.events++
		return strings.Replace(event, `"once"`, fmt.Sprintf(`"once %d"`, w.events), 1)
	}, where: scenario{"forced, delivered twice", fresh, [][]move{{forceOnce, forceOnce}}},
		want: "delivered twice"},
	{name: "an earlier attempt of a step", remove: hide(func(a *actor, t tokens.Metadata) bool {
		return strings.Contains(a.event, "Step") && lostTokens(a, t)
	}), where: scenario{"createSecret twice", fresh,
		[][]move{{begin, step("createSecret"), pass(2 * time.Minute), step("createSecret")}}},
		want: "a step has created"},
	{name: "a look at the version before a create is undone",
		remove: wrap(func(s secrets.Store, _ *actor) secrets.Store {
			return &hasty{Store: s}
		}), where: sequential[1], want: "is AWSPENDING of parent"},
	{name: "a look at every managed secret before a deletion",
		remove: wrap(func(s secrets.Store, a *actor) secrets.Store {
			return narrow{s, a}
		}), where: scenario{"one token in two secrets", wide,
			[][]move{{pasteKind(0, "bare"), copyValue(0, 1), force, retireNow}}},
		want: "is AWSCURRENT of uploads"},
	{name: "the token of a version that cannot be read is kept",
		remove: wrap(func(s secrets.Store, _ *actor) secrets.Store {
			return dismissive{s}
		}), where: scenario{"an old version cannot be read", replaced, [][]move{{
			heartbeatNow, spoilVersion(0, secrets.Previous, "AccessDenied"), pass(time.Hour),
			heartbeatNow,
		}}}, want: "which cannot be read"},
	{name: "grace periods start again after a change that nobody saw",
		remove: wrap(func(s secrets.Store, _ *actor) secrets.Store {
			return dateless{s}
		}), where: scenario{"rolled back and forward", replaced, [][]move{{
			heartbeatNow, pass(retireAfter - time.Hour), swing(0, 50*time.Minute),
			pass(10 * time.Minute), heartbeatNow,
		}}}, want: "within its grace"},
	{name: "a note of another stack", remove: alter(func(a *actor, t *tokens.Metadata) {
		if a.foreign[t.ID] {
			t.Note = ""
		}
	}), where: scenario{"another stack's token", replaced,
		[][]move{{pasteKind(0, "another stack's"), heartbeatNow, pass(retireAfter), heartbeatNow}}},
		want: "another stack's"},
	{name: "Mapbox's own note and date", remove: alter(func(a *actor, t *tokens.Metadata) {
		d := must(a.memory.Describe(context.Background(), parentSecret))
		id, _ := d.VersionAt(secrets.Current)
		if c, ok := a.valueOf(parentSecret, id); ok && c.ID == t.ID && !c.Created.IsZero() {
			t.Note, t.Created = "tokenmint/test/parent/"+id, c.Created
		}
	}), where: scenario{"a date that a person pastes", replaced,
		[][]move{{pasteKind(0, "future")}}}, want: "no token of ours"},
}

// wrap changes what a run sees of the secrets.
func wrap(
	f func(secrets.Store, *actor) secrets.Store,
) func(*actor, secrets.Store, rotate.Tokens, []rotate.Managed) (secrets.Store, rotate.Tokens) {
	return func(a *actor, s secrets.Store, api rotate.Tokens,
		_ []rotate.Managed) (secrets.Store, rotate.Tokens) {
		return f(s, a), api
	}
}

// alter changes each token that a list shows.
func alter(
	f func(a *actor, t *tokens.Metadata),
) func(*actor, secrets.Store, rotate.Tokens, []rotate.Managed) (secrets.Store, rotate.Tokens) {
	return func(a *actor, s secrets.Store, api rotate.Tokens,
		_ []rotate.Managed) (secrets.Store, rotate.Tokens) {
		return s, altered{api, func(rows []tokens.Metadata) []tokens.Metadata {
			for i := range rows {
				f(a, &rows[i])
			}
			return rows
		}}
	}
}

// TestModelFindsEachGuardMissing removes each guard. The model must find a schedule that shows it
// is missing.
func TestModelFindsEachGuardMissing(t *testing.T) {
	t.Parallel()
	if !*modelFull {
		t.Skip("takes a minute: runs with -model.full")
	}
	for _, g := range slices.Concat(guards, busGuards) {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				for s := range growing(g.where) {
					s.bus = slices.ContainsFunc(busGuards, func(b guard) bool {
						return b.name == g.name
					})
					o := play(s, g)
					if !strings.Contains(o.violation, g.want) || play(s, guard{}).violation != "" {
						continue
					}
					s = shrink(s, g, o.violation)
					o = play(s, g)
					t.Logf("%s: %s\n%s", s, o.violation, strings.Join(o.mishaps(), "\n"))
					return
				}
				t.Errorf("no schedule shows it")
			})
		})
	}
}

// growing are the schedules of a scenario, shorter ones first.
func growing(sc scenario) iter.Seq[schedule] {
	return func(yield func(schedule) bool) {
		if !yield(schedule{scenario: sc}) {
			return
		}
		for at := range maxCalls {
			if !yield(schedule{scenario: sc, switches: []int{at}}) {
				return
			}
			for _, how := range slices.Concat(waysOfWrites, []way{stale, staler}) {
				if !yield(schedule{scenario: sc, faults: []fault{{at, how}}}) {
					return
				}
			}
		}
		for first := range maxCalls {
			for second := first + 1; second < maxCalls; second++ {
				if !yield(schedule{scenario: sc, switches: []int{first, second}}) {
					return
				}
			}
		}
	}
}

// spoil deletes the newest token behind the model's back: that it is dead is for the proof to find,
// not a person's deed.
var spoil = act("the newest token stops working", func(w *world) {
	if rows := w.rows(); w.mine[rows[len(rows)-1].ID] != nil {
		w.remember()
		if err := w.sim.Revoke(user, rows[len(rows)-1].ID); err != nil {
			panic(err)
		}
	}
})

// uploadsOverdue has a additional token whose predecessor's grace is over.
func uploadsOverdue(w *world) {
	uploadsDue(w)
	heartbeatNow.do(w, always)
	time.Sleep(retireAfter)
}
