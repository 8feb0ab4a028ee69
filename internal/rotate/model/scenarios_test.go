package model_test

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
)

// sequential are histories in which one run follows another. Of each, all pairs of calls are
// broken.
var sequential = []scenario{
	{"first rotation", pasted, [][]move{{heartbeatNow, pass(time.Hour), heartbeatNow}}},
	{"due", due, [][]move{{heartbeatNow}}},
	{"retirement", overdue, [][]move{{heartbeatNow, pass(time.Minute), heartbeatNow}}},
	{"Secrets Manager's rotation", fresh, [][]move{{begin, step("createSecret"), step("setSecret"),
		step("testSecret"), step("finishSecret"), heartbeatNow}}},
}

// single are longer or rarer ones.
var single = []scenario{
	{"forced, delivered twice", fresh, [][]move{{forceOnce, forceOnce}}},
	{"first sight of additional tokens", further, [][]move{{heartbeatNow}}},
	{"two at once", fresh, [][]move{{force, force, retireNow}}},
	{"configuration has changed", changed, [][]move{{heartbeatNow, pass(time.Hour), heartbeatNow}}},
	{"additional token is due", uploadsDue, [][]move{{heartbeatNow, pass(retireAfter),
		heartbeatNow}}},
	{"many", many, [][]move{{force, force, pass(retireAfter), heartbeatNow}}},
	{"steps repeated", fresh, [][]move{{
		begin, step("createSecret"), step("createSecret"), step("testSecret"), step("createSecret"),
		step("finishSecret"), step("testSecret"), step("finishSecret"),
	}}},
	{"rolled back", fresh, [][]move{{force, pass(time.Hour), rollBack, pass(retireAfter), force}}},
	{"pasted again", fresh, [][]move{{force, paste, heartbeatNow, pass(time.Hour), heartbeatNow}}},
	{"Secrets Manager gives up", due, [][]move{{begin, giveUp, heartbeatNow, pass(nativeLimit),
		heartbeatNow}}},
	{"a forced rotation while Secrets Manager is at work", fresh,
		[][]move{{begin, heartbeatNow, force, step("createSecret")}}},
	{"no token is pending", due, [][]move{{pend, heartbeatNow, pass(time.Minute), heartbeatNow}}},
	{"the newest is deleted", uploadsDue, [][]move{{heartbeatNow, revokeNewest, heartbeatNow}}},
}

// overlapping have two threads, between which the turn passes at each two calls.
var overlapping = []scenario{
	{"two heartbeats on a pasted token", pasted, [][]move{{heartbeatNow}, {heartbeatNow}}},
	{"one event twice", fresh, [][]move{{forceOnce}, {forceOnce}}},
	{"two forced", fresh, [][]move{{force}, {force, heartbeatNow}}},
	{"forced beside retire", replaced, [][]move{{force}, {retireNow}}},
	{"heartbeats at the end of a grace", overdue, [][]move{{heartbeatNow}, {heartbeatNow}}},
	{"paste beside a rotation", fresh, [][]move{{force, heartbeatNow}, {paste}}},
	{"rollback beside a rotation", replaced, [][]move{{force}, {rollBack}}},
	{"no token becomes pending beside a rotation", due,
		[][]move{{heartbeatNow}, {pend, heartbeatNow}}},
	{"deletion beside a rotation", fresh, [][]move{{force}, {revokeNewest}}},
	{"deletion beside a retirement", overdue, [][]move{{heartbeatNow}, {revokeOldest}}},
	{"steps beside a heartbeat", due, [][]move{{begin, step("createSecret"), step("testSecret"),
		step("finishSecret")}, {heartbeatNow}}},
	{"a late step beside the heartbeat that waits no longer", due,
		[][]move{{begin, heartbeatNow, pass(nativeLimit), heartbeatNow},
			{step("createSecret"), step("finishSecret")}}},
	{"a step twice", fresh, [][]move{{begin, step("createSecret")},
		{step("createSecret"), step("finishSecret")}}},
	{"additional tokens twice", further, [][]move{{heartbeatNow}, {heartbeatNow}}},
	{"additional token beside a forced parent", uploadsDue, [][]move{{heartbeatNow}, {force}}},
	{"slow beside quick", replaced, [][]move{{heartbeatNow}, {pass(10 * time.Minute), force,
		heartbeatNow}}},
}

// randomSchedule is a long history of moves, mishaps and switches.
func randomSchedule(seed, n uint64) schedule {
	r := rand.New(rand.NewPCG(seed, n))
	starts := []func(*world){pasted, fresh, due, replaced, overdue, many, further,
		uploadsDue, changed}
	moves := []move{
		heartbeatNow, heartbeatNow, heartbeatNow, force, force, forceOnce, retireNow, paste,
		rollBack, revokeNewest, revokeOldest, pend,
		begin, step("createSecret"), step("setSecret"), step("testSecret"), step("finishSecret"),
		step("createSecret"), step("testSecret"), step("finishSecret"), giveUp,
		pass(time.Second), pass(time.Minute), pass(time.Hour), pass(time.Hour), pass(retireAfter),
		pass(nativeLimit),
	}
	return randomOf(r, schedule{seed: seed, scenario: scenario{name: fmt.Sprint("random ", n),
		start: starts[r.IntN(len(starts))]}, logged: n%16 == 0, bus: n%2 == 1}, func() move {
		return moves[r.IntN(len(moves))]
	})
}

// randomManual returns a schedule in which people change much manually. Nothing is announced. The
// rotator knows what it still has to announce from labels and dates, so an edit of these while a
// run hangs can hide a deletion from it. docs/events.md says so.
func randomManual(seed, n uint64) schedule {
	r := rand.New(rand.NewPCG(seed, n+1<<40))
	starts := []func(*world){pasted, fresh, due, replaced, overdue, many, further, uploadsDue,
		changed, six, wide, wide, emptyParent}
	usual := []move{
		heartbeatNow, heartbeatNow, heartbeatNow, force, forceAll, forceAllOnce, retireNow, paste,
		rollBack, revokeOldest,
		begin, step("createSecret"), step("finishSecret"), giveUp, pass(time.Minute),
		pass(time.Hour), pass(retireAfter), pass(retireAfter),
	}
	labels := []string{secrets.Current, secrets.Previous, secrets.Pending}
	return randomOf(r, schedule{seed: seed, scenario: scenario{name: fmt.Sprint("manual ", n),
		start: starts[r.IntN(len(starts))]}, logged: n%16 == 0}, func() move {
		k := r.IntN(3)
		switch r.IntN(16) {
		case 0, 1:
			return pasteKind(k, kinds[r.IntN(len(kinds))])
		case 2:
			return copyValue(r.IntN(3), k)
		case 3, 4:
			return moveLabel(k, labels[r.IntN(3)], r.IntN(8))
		case 5:
			return swing(k, time.Duration(1+r.IntN(90))*time.Minute)
		case 6:
			return spoilVersion(k, labels[r.IntN(3)],
				kindsOfUnreadable[r.IntN(len(kindsOfUnreadable))])
		case 7:
			switch r.IntN(6) {
			case 0, 1:
				return stick
			case 2:
				return silence
			}
		}
		return usual[r.IntN(len(usual))]
	})
}

// randomOf fills a schedule with moves, mishaps and switches.
func randomOf(r *rand.Rand, s schedule, next func() move) schedule {
	for range 1 + r.IntN(3) {
		var thread []move
		for range 2 + r.IntN(6) {
			thread = append(thread, next())
		}
		s.scenario.threads = append(s.scenario.threads, thread)
	}
	ways := slices.Concat(waysOfReads, waysOfWrites)
	for at := r.IntN(20); at < 150; at += 1 + r.IntN(40) {
		s.faults = append(s.faults, fault{at, ways[r.IntN(len(ways))]})
	}
	for at := r.IntN(20); at < 150; at += 1 + r.IntN(30) {
		s.switches = append(s.switches, at)
	}
	return s
}

// share leaves one task in so many, which is above zero. The seed says which.
func share(seed uint64, in int, tasks iter.Seq[task]) iter.Seq[task] {
	return func(yield func(task) bool) {
		n := seed
		for do := range tasks {
			if n++; n%uint64(in) == 0 && !yield(do) { //nolint:gosec // G115: above zero
				return
			}
		}
	}
}
