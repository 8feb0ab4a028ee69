package model_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
)

// deliver is a move that delivers an event.
func deliver(event string) move {
	return move{event, func(w *world, yield func() bool) {
		if err := w.run(event, yield); err != nil {
			w.trace = append(w.trace, "  error: "+err.Error())
		}
	}}
}

// deliverNew delivers an event with an id of its own.
func deliverNew(format string) move {
	return move{format, func(w *world, yield func() bool) {
		w.events++
		deliver(fmt.Sprintf(format, fmt.Sprint("event-", w.events))).do(w, yield)
	}}
}

var (
	heartbeatNow = deliverNew(`{"action":"rotate","id":%q}`)
	force        = deliverNew(`{"action":"rotate","force":true,"name":"parent","id":%q}`)
	retireNow    = deliverNew(`{"action":"retire","now":true,"name":"parent","id":%q}`)
	forceOnce    = deliver(`{"action":"rotate","force":true,"name":"parent","id":"once"}`)
)

func pass(d time.Duration) move {
	return move{"pass " + d.String(), func(*world, func() bool) { time.Sleep(d) }}
}

// act is a move of somebody else, at one instant.
func act(name string, do func(w *world)) move {
	return move{name, func(w *world, yield func() bool) {
		if yield() {
			w.position++
			w.effects = append(w.effects, true)
			do(w)
			w.check(nil)
		}
	}}
}

// What a person may do.
var (
	paste = act("a person pastes a token", func(w *world) {
		w.byPerson(parentSecret)
		w.events++
		w.give(parentSecret, 100+w.events)
	})
	rollBack = act("a person rolls back", func(w *world) {
		ctx := context.Background()
		d := must(w.memory.Describe(ctx, parentSecret))
		from, _ := d.VersionAt(secrets.Current)
		if to, ok := d.VersionAt(secrets.Previous); ok {
			c, isToken := w.valueOf(parentSecret, to)
			i := slices.IndexFunc(must(w.memory.Versions(ctx, parentSecret)),
				func(v secrets.Version) bool {
					return v.ID == to
				})
			if !isToken || to == from || !w.isSafe(parentSecret,
				must(w.memory.Versions(ctx, parentSecret))[i]) {
				return
			}
			// Nobody can roll back safely to what may be deleted at any moment: between the last
			// look and the deletion lies a call.
			if w.isAlive(c.ID) && w.endings == 0 &&
				time.Since(w.left[c.ID]) < retireAfter-lambdaLimit {
				w.byPerson(parentSecret)
				withdrawn, _ := w.currentOf(parentSecret)
				// a person who withdraws what a person has pasted deletes it too
				w.hidden[withdrawn.ID] = w.given[withdrawn.ID]
				if err := w.memory.MoveStage(ctx, parentSecret,
					secrets.Current, from, to); err != nil {
					panic(err)
				}
			}
		}
	})
	pend = act("a person stores what is no token as AWSPENDING", func(w *world) {
		w.byPerson(parentSecret)
		w.events++
		if err := w.memory.Put(context.Background(), parentSecret, versionID("oops", w.events),
			secrets.NewValue("oops"), secrets.Pending); err != nil {
			panic(err)
		}
	})
	revokeNewest = act("a person deletes the newest token of ours", func(w *world) {
		rows := w.rows()
		for _, t := range slices.Backward(rows) {
			if w.mine[t.ID] != nil {
				w.revoke(t.ID)
				return
			}
		}
	})
	revokeOldest = act("a person deletes the oldest token of ours", func(w *world) {
		for _, t := range w.rows() {
			if w.mine[t.ID] != nil || w.given[t.ID] {
				w.revoke(t.ID)
				return
			}
		}
	})
)

// hide notes which pasted tokens nobody can know any more to have been the secret's: the next edit
// takes AWSPREVIOUS off them, and they bear no note of ours.
func (w *world) hide(secret string) {
	d := must(w.memory.Describe(context.Background(), secret))
	if id, ok := d.VersionAt(secrets.Previous); ok && !slices.ContainsFunc(d.Stages[id], isDated) {
		if c, ok := w.valueOf(secret, id); ok {
			w.hidden[c.ID] = w.hidden[c.ID] || w.given[c.ID]
		}
	}
	if id, ok := d.VersionAt(secrets.Pending); ok { // put there by a person, never current
		if c, ok := w.valueOf(secret, id); ok {
			w.hidden[c.ID] = w.hidden[c.ID] || w.given[c.ID]
		}
	}
}

func (w *world) revoke(id string) {
	w.remember()
	w.revoked[id] = time.Now()
	if err := w.sim.Revoke(user, id); err != nil {
		panic(err)
	}
}

// begin is what Secrets Manager does before the steps of its own rotation. It refuses while another
// one is under way.
var begin = act("Secrets Manager begins a rotation", func(w *world) {
	w.remember()
	if err := w.memory.SetRotationEnabled(context.Background(), parentSecret, true); err != nil {
		panic(err)
	}
	_ = w.memory.BeginRotation(context.Background(), parentSecret, native)
})

// giveUp is what becomes of a rotation whose window ends, or that somebody cancels: no step
// follows, and AWSPENDING stays.
var giveUp = act("Secrets Manager gives its rotation up", func(w *world) { w.gaveUp = true })

// nativeLimit is how long such a rotation is waited for, and some more for the clock's fractions.
const nativeLimit = 24*time.Hour + time.Minute

// native is the version that Secrets Manager's own rotation stores its token in.
var native = versionID("native", 1)

func step(name string) move { return deliver(stepEvent(name)) }

func stepEvent(name string) string {
	return fmt.Sprintf(`{"Step":%q,"SecretId":%q,"ClientRequestToken":%q}`, name,
		parentSecret, native)
}

// endNative does what the service does with a rotation that has not ended: all its steps again.
func (w *world) endNative() {
	d, err := w.memory.Describe(context.Background(), parentSecret)
	if err != nil || w.gaveUp || !d.RotationEnabled || !d.Has(native, secrets.Pending) ||
		d.Has(native, secrets.Current) {
		return
	}
	for name := range strings.FieldsSeq("createSecret setSecret testSecret finishSecret") {
		w.trace = append(w.trace, "calm> "+name)
		if err := w.run(stepEvent(name), always); err != nil {
			w.trace = append(w.trace, "  error: "+err.Error())
			return
		}
	}
}
