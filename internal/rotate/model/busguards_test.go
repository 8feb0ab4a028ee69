package model_test

import (
	"context"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tokenmint/tokenmint/internal/rotate"
	"github.com/tokenmint/tokenmint/internal/secrets"
)

// announced are histories whose events are broken in each way.
var announced = []scenario{
	{"first rotation, announced", pasted, [][]move{{heartbeatNow, pass(time.Hour), heartbeatNow}}},
	{"retirement, announced", overdue, [][]move{{heartbeatNow, pass(time.Minute), heartbeatNow}}},
	{"additional tokens, announced", uploadsDue, [][]move{{heartbeatNow, pass(retireAfter),
		heartbeatNow}}},
	{"rolled back, announced", fresh, [][]move{{force, pass(time.Hour), rollBack, heartbeatNow}}},
	{"two runs announce", overdue, [][]move{{heartbeatNow}, {force, heartbeatNow}}},
	{"a label moved by a person", replaced, [][]move{{heartbeatNow,
		moveLabel(0, rotate.AnnouncedLabel, 0), heartbeatNow}}},
	{"Secrets Manager's rotation, announced", fresh, [][]move{{begin, step("createSecret"),
		step("testSecret"), step("finishSecret"), heartbeatNow}}},
	{"events fail for ever", overdue, [][]move{{silence, heartbeatNow, force, pass(retireAfter),
		heartbeatNow, force, retireNow}}},
	{"events fail for ever, many graces end", many, [][]move{{silence, pass(retireAfter),
		heartbeatNow, force, pass(retireAfter), heartbeatNow}}},
}

// withBus makes the rotator announce.
func withBus(s schedule) schedule {
	s.bus = true
	return s
}

// announcedTasks plays the tasks with a rotator that announces.
func announcedTasks(tasks iter.Seq[task]) iter.Seq[task] {
	return func(yield func(task) bool) {
		for do := range tasks {
			if !yield(func(try func(schedule) outcome) {
				do(func(s schedule) outcome { return try(withBus(s)) })
			}) {
				return
			}
		}
	}
}

// busPins has a schedule for each promise about events.
var busPins = map[string]schedule{
	"an event whose answer is lost is repeated": {
		scenario: scenario{start: due, threads: [][]move{{heartbeatNow}}},
		places:   []place{{"PutEvents", 1, lost}},
	},
	"an event that the bus refuses is repeated, and its label waits": {
		scenario: scenario{start: due, threads: [][]move{{heartbeatNow}}},
		places:   []place{{"PutEvents", 1, refused}},
	},
	"a run dies between an event and its label": {
		scenario: scenario{start: due, threads: [][]move{{heartbeatNow}}},
		places:   []place{{"PutEvents", 1, diedAfter}},
	},
	"a run dies between a deletion and its event": {
		scenario: scenario{start: overdue, threads: [][]move{{heartbeatNow}}},
		places:   []place{{"Delete", 1, diedAfter}},
	},
	"a run dies between the event of a deletion and its date": {
		scenario: scenario{start: overdue, threads: [][]move{{heartbeatNow}}},
		places:   []place{{"PutEvents", 1, diedAfter}},
	},
	"a stale list hides a token that lives": {
		scenario: scenario{start: fresh, threads: [][]move{{force, heartbeatNow}}},
		places:   []place{{"List", 4, staler}},
	},
	"a swept token has no event": {
		scenario: scenario{start: fresh, threads: [][]move{{force, pass(time.Hour),
			heartbeatNow}}},
		places: []place{{"Put tokenmint/parent", 1, diedBefore}},
	},
	"events that fail for ever block no rotation, date and deletion": {
		scenario: scenario{start: further, threads: [][]move{{silence, heartbeatNow, force,
			pass(retireAfter), heartbeatNow, force, pass(retireAfter), heartbeatNow, force,
			pass(retireAfter), heartbeatNow, force, pass(retireAfter), heartbeatNow, force,
			pass(retireAfter), heartbeatNow, force, pass(retireAfter), heartbeatNow}}},
	},
	"two runs announce one promotion": {
		scenario: scenario{start: due, threads: [][]move{{heartbeatNow}, {heartbeatNow}}},
		places:   []place{{"PutEvents", 1, ""}},
	},
}

// TestModelBusPins plays them.
func TestModelBusPins(t *testing.T) {
	t.Parallel()
	for name, s := range busPins {
		s.scenario.name = name
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				playPin(t, withBus(s))
			})
		})
	}
}

// busGuards keep the promises about events.
var busGuards = []guard{
	{name: "an event counts only once the bus has taken it", announce: func(_ *actor,
		next rotate.Announce) rotate.Announce {
		return func(ctx context.Context, said rotate.Announcement) error {
			next(ctx, said) //nolint:errcheck // this is what is removed
			return nil
		}
	}, where: announced[0], want: "whose event failed"},
	{name: "an event that fails ends no run", announce: func(a *actor,
		next rotate.Announce) rotate.Announce {
		return func(ctx context.Context, said rotate.Announcement) error {
			err := next(ctx, said)
			if err != nil {
				a.cancel()
			}
			return err
		}
	}, where: scenario{"events fail for ever, additional tokens", further,
		[][]move{{silence, force, heartbeatNow}}}, want: "not at rest"},
	{name: "a second list before a deletion is announced", remove: func(a *actor, s secrets.Store,
		api rotate.Tokens, _ []rotate.Managed) (secrets.Store, rotate.Tokens) {
		return s, &sticky{Tokens: api, actor: a}
	}, where: scenario{"pasted, then forced twice, announced", fresh,
		[][]move{{paste, force, force, heartbeatNow}}}, want: "a token that lives"},
}
