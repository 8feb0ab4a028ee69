package model_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/tokenmint/tokenmint/internal/rotate"
	"github.com/tokenmint/tokenmint/internal/secrets"
)

// A schedule is all that is left to chance in a history: what goes wrong with which call, and when
// another thread goes on.
type schedule struct {
	scenario scenario
	faults   []fault
	switches []int // positions, ascending
	places   []place
	logged   bool // look for token values in the log too
	seed     uint64
	bus      bool // the rotator announces
}

// fault is what happens to the call at a position. Positions count the calls to the outside, and
// the acts of persons, from 0.
type fault struct {
	at  int
	way way
}

// place is where something happens in a schedule that is written down, which is to stay the same
// when a run makes more calls than it did: at the nth call of that name, from 1.
type place struct {
	call string
	nth  int
	way  way // "" = the turn passes after it
}

// scenario is a history without its mishaps: a world, and threads of moves that take turns.
type scenario struct {
	name    string
	start   func(*world)
	threads [][]move
}

// move is an event that is delivered, or something that somebody else does.
type move struct {
	name string
	do   func(w *world, yield func() bool)
}

// outcome is what became of a schedule.
type outcome struct {
	violation string
	trace     []string
	effects   []bool // of each position, whether the call there has an effect
	met       int    // faults that a call has met
	used      map[string]bool
}

// mishaps is what happened before all was left in peace.
func (o outcome) mishaps() []string {
	i := slices.IndexFunc(o.trace, func(line string) bool {
		return strings.HasPrefix(line, "calm> ")
	})
	if i < 0 {
		return o.trace
	}
	return o.trace[:i]
}

// play runs a schedule from beginning to end, in the bubble of its caller.
func play(s schedule, g guard) outcome {
	w := newWorld()
	w.guard, w.threads = g, len(s.scenario.threads)
	if s.logged {
		w.log = &bytes.Buffer{}
	}
	if s.bus {
		w.bus = newBus()
	}
	s.scenario.start(w)
	w.check(nil)
	w.position, w.effects, w.faults, w.places, w.calls = 0, nil, s.faults, s.places,
		map[string]int{}
	w.takeTurns(s)
	effects := w.effects
	w.faults, w.places = nil, nil
	w.calmDown()
	if w.log != nil {
		w.noLeak(w.log.String())
	}
	return outcome{violation: w.violation, trace: w.trace, effects: effects, met: w.met,
		used: w.used}
}

// takeTurns runs the threads as coroutines, which stop before each call to the outside. One goes on
// until the schedule switches, or it ends.
func (w *world) takeTurns(s schedule) {
	type coroutine struct {
		next func() (struct{}, bool)
		stop func()
	}
	var threads []coroutine
	for i, moves := range s.scenario.threads {
		next, stop := iter.Pull(func(yield func(struct{}) bool) {
			for _, m := range moves {
				w.trace = append(w.trace, fmt.Sprintf("%d> %s", i, m.name))
				m.do(w, func() bool { return w.violation == "" && yield(struct{}{}) })
			}
		})
		threads = append(threads, coroutine{next, stop})
		defer stop()
	}
	at, switches := 0, s.switches
	for len(threads) > 0 {
		due := w.passTurn
		w.passTurn = false
		if len(switches) > 0 && w.position >= switches[0] {
			switches, due = switches[1:], true
		}
		if due {
			at = (at + 1) % len(threads)
			w.trace = append(w.trace, "-- switch")
		}
		if _, more := threads[at].next(); !more {
			threads = slices.Delete(threads, at, at+1)
			at %= max(1, len(threads))
		}
	}
}

// calm are the waits between heartbeats after all mishaps. They are longer than the schedule's
// hour: a missed heartbeat changes nothing.
var calm = []time.Duration{
	30 * time.Minute, retireAfter, 30 * time.Minute, retireAfter, 30 * time.Minute, retireAfter,
	30 * time.Minute, retireAfter, time.Hour, time.Hour,
}

// calmDown lets heartbeats follow without mishaps until all is at rest, which must be soon.
func (w *world) calmDown() {
	if parent, ok := w.currentOf(parentSecret); ok && !w.revoked[parent.ID].IsZero() {
		return // nobody but a person can help
	}
	w.repair()
	why, pauses := "", calm
	if w.gaveUp || w.hasUnreadPending() {
		pauses = slices.Concat([]time.Duration{time.Hour, nativeLimit}, calm)
	}
	for _, pause := range pauses {
		if w.violation != "" {
			return
		}
		time.Sleep(pause)
		w.endNative()
		w.events++
		w.trace = append(w.trace, "calm> heartbeat")
		err := w.run(fmt.Sprintf(`{"action":"rotate","id":"calm-%d"}`, w.events), always)
		if w.stuck || w.bus != nil && w.bus.silent {
			err = nil
		}
		if why = w.unsettled(); why == "" && err == nil {
			return
		}
		if err != nil {
			why = strings.TrimPrefix(why+"; "+err.Error(), "; ")
		}
	}
	w.violate("not at rest after %d calm heartbeats: %s", len(pauses), why)
}

func (w *world) hasUnreadPending() bool {
	return slices.ContainsFunc(w.managed, func(m rotate.Managed) bool {
		d := must(w.memory.Describe(context.Background(), m.SecretID))
		id, ok := d.VersionAt(secrets.Pending)
		return ok && w.unreadable[m.SecretID+id] != nil
	})
}

func always() bool { return true }

// shrink takes away from a schedule what its violation does not need. Where a guard is missing, the
// schedule stays one that does no harm with it.
func shrink(s schedule, g guard, violation string) schedule {
	fails := func(s schedule) bool {
		return kindOf(play(s, g).violation) == kindOf(violation) && (g.name == "" ||
			play(s, guard{}).violation == "")
	}
	for changed := true; changed; {
		changed = false
		for i := range s.faults {
			smaller := s
			smaller.faults = slices.Delete(slices.Clone(s.faults), i, i+1)
			if fails(smaller) {
				s, changed = smaller, true
				break
			}
		}
		for i := range s.switches {
			smaller := s
			smaller.switches = slices.Delete(slices.Clone(s.switches), i, i+1)
			if fails(smaller) {
				s, changed = smaller, true
				break
			}
		}
		for i, thread := range s.scenario.threads {
			for j := range thread {
				smaller := s
				smaller.scenario.threads = slices.Clone(s.scenario.threads)
				smaller.scenario.threads[i] = slices.Delete(slices.Clone(thread), j, j+1)
				if fails(smaller) {
					s, changed = smaller, true
					break
				}
			}
			if changed {
				break
			}
		}
	}
	return s
}

// kindOf is a violation without its particulars.
func kindOf(violation string) string {
	return strings.Join(slices.DeleteFunc(strings.Fields(violation), func(word string) bool {
		return strings.ContainsAny(word, "0123456789")
	}), " ")
}

// String tells a schedule so that it can be told again.
func (s schedule) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "scenario %q", s.scenario.name)
	if s.bus {
		b.WriteString(", announced")
	}
	if s.seed != 0 {
		fmt.Fprintf(&b, ", seed %d", s.seed)
	}
	for _, f := range s.faults {
		fmt.Fprintf(&b, ", call %d %s", f.at, f.way)
	}
	for _, p := range s.places {
		fmt.Fprintf(&b, ", %s %d %s", p.call, p.nth, cmp.Or(string(p.way), "and switch"))
	}
	if len(s.switches) > 0 {
		fmt.Fprintf(&b, ", switches before %v", s.switches)
	}
	return b.String()
}
