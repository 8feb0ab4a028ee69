package rotate_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/tokenmint/tokenmint/internal/rotate"
	"github.com/tokenmint/tokenmint/internal/secrets"
)

// sequential are histories in which one run follows another. Of each, all pairs of calls are broken.
var sequential = []scenario{
	{"first rotation", pasted, [][]move{{heartbeatNow, pass(time.Hour), heartbeatNow}}},
	{"due", due, [][]move{{heartbeatNow}}},
	{"retirement", overdue, [][]move{{heartbeatNow, pass(time.Minute), heartbeatNow}}},
	{"Secrets Manager's rotation", fresh, [][]move{{begin, step("createSecret"), step("setSecret"), step("testSecret"), step("finishSecret"), heartbeatNow}}},
}

// single are longer or rarer ones.
var single = []scenario{
	{"forced, delivered twice", fresh, [][]move{{forceOnce, forceOnce}}},
	{"first sight of further tokens", further, [][]move{{heartbeatNow}}},
	{"two at once", fresh, [][]move{{force, force, retireNow}}},
	{"configuration has changed", changed, [][]move{{heartbeatNow, pass(time.Hour), heartbeatNow}}},
	{"further token is due", uploadsDue, [][]move{{heartbeatNow, pass(retireAfter), heartbeatNow}}},
	{"many", many, [][]move{{force, force, pass(retireAfter), heartbeatNow}}},
	{"steps repeated", fresh, [][]move{{
		begin, step("createSecret"), step("createSecret"), step("testSecret"), step("createSecret"), step("finishSecret"), step("testSecret"), step("finishSecret"),
	}}},
	{"rolled back", fresh, [][]move{{force, pass(time.Hour), rollBack, pass(retireAfter), force}}},
	{"pasted again", fresh, [][]move{{force, paste, heartbeatNow, pass(time.Hour), heartbeatNow}}},
	{"Secrets Manager gives up", due, [][]move{{begin, giveUp, heartbeatNow, pass(nativeLimit), heartbeatNow}}},
	{"a forced rotation while Secrets Manager is at work", fresh, [][]move{{begin, heartbeatNow, force, step("createSecret")}}},
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
	{"no token becomes pending beside a rotation", due, [][]move{{heartbeatNow}, {pend, heartbeatNow}}},
	{"deletion beside a rotation", fresh, [][]move{{force}, {revokeNewest}}},
	{"deletion beside a retirement", overdue, [][]move{{heartbeatNow}, {revokeOldest}}},
	{"steps beside a heartbeat", due, [][]move{{begin, step("createSecret"), step("testSecret"), step("finishSecret")}, {heartbeatNow}}},
	{"a late step beside the heartbeat that waits no longer", due, [][]move{{begin, heartbeatNow, pass(nativeLimit), heartbeatNow}, {step("createSecret"), step("finishSecret")}}},
	{"a step twice", fresh, [][]move{{begin, step("createSecret")}, {step("createSecret"), step("finishSecret")}}},
	{"further tokens twice", further, [][]move{{heartbeatNow}, {heartbeatNow}}},
	{"further token beside a forced parent", uploadsDue, [][]move{{heartbeatNow}, {force}}},
	{"slow beside quick", replaced, [][]move{{heartbeatNow}, {pass(10 * time.Minute), force, heartbeatNow}}},
}

// randomSchedule is a long history of moves, mishaps and switches.
func randomSchedule(seed, n uint64) schedule {
	r := rand.New(rand.NewPCG(seed, n))
	starts := []func(*world){pasted, fresh, due, replaced, overdue, many, further, uploadsDue, changed}
	moves := []move{
		heartbeatNow, heartbeatNow, heartbeatNow, force, force, forceOnce, retireNow, paste, rollBack, revokeNewest, revokeOldest, pend,
		begin, step("createSecret"), step("setSecret"), step("testSecret"), step("finishSecret"), step("createSecret"), step("testSecret"), step("finishSecret"), giveUp,
		pass(time.Second), pass(time.Minute), pass(time.Hour), pass(time.Hour), pass(retireAfter), pass(nativeLimit),
	}
	s := schedule{seed: seed, scenario: scenario{name: fmt.Sprint("random ", n), start: starts[r.IntN(len(starts))]}, logged: n%16 == 0}
	for range 1 + r.IntN(3) {
		var thread []move
		for range 2 + r.IntN(6) {
			thread = append(thread, moves[r.IntN(len(moves))])
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

// The secrets of the further tokens.
const (
	uploadsSecret = "tokenmint/uploads"
	webSecret     = "tokenmint/web"
)

// pasted stores a token as a person does.
func pasted(w *world) {
	w.give(parentSecret, 1)
}

// give makes a token by hand and makes it current.
func (w *world) give(secret string, n int) {
	w.remember()
	id, value, err := w.sim.IssueByHand(user, "Made by hand", scopes)
	if err != nil {
		panic(err)
	}
	w.given[id] = true
	w.secret(value)
	w.makeCurrent(secret, versionID("hand", n), secrets.NewValue(value))
}

// kept stores a token as a rotation has left it, some time ago.
func (w *world) kept(m rotate.Managed, n int, age time.Duration) {
	rotation := versionID("kept", n)
	with := m.Scopes
	if with == nil {
		with = scopes
	}
	id, value, err := w.sim.IssueByHand(user, "tokenmint/test/"+m.Name+"/"+rotation, with)
	if err != nil {
		panic(err)
	}
	w.mine[id] = &creation{name: m.Name, stored: true}
	w.secret(value)
	c := must(secrets.ParseStored(secrets.NewValue(value)))
	c.Scopes, c.Created, c.Rotation = with, time.Now(), rotation
	w.makeCurrent(m.SecretID, rotation, must(c.Encode()))
	time.Sleep(age)
}

// makeCurrent does what a person does in the console: put a value, which becomes current.
func (w *world) makeCurrent(secret, version string, v secrets.Value) {
	ctx := context.Background()
	_, err := w.memory.Describe(ctx, secret)
	if err != nil {
		err = w.memory.Create(ctx, secret, version, v)
	} else {
		w.remember()
		err = w.memory.Put(ctx, secret, version, v, secrets.Current)
	}
	if err != nil {
		panic(err)
	}
	w.check(nil)
}

func versionID(word string, n int) string { return fmt.Sprintf("%s-%030d", word, n) }

// fresh is a parent that nothing is due for.
func fresh(w *world) { w.kept(w.managed[0], 1, time.Hour) }

// due is a parent that is old enough, and the one before it in grace.
func due(w *world) {
	w.kept(w.managed[0], 1, time.Hour)
	w.kept(w.managed[0], 2, rotateEvery)
}

// replaced is a parent whose predecessor was replaced just now and has not been dated.
func replaced(w *world) {
	w.kept(w.managed[0], 1, time.Hour)
	w.kept(w.managed[0], 2, time.Minute)
}

// overdue is a parent whose predecessor's grace is over.
func overdue(w *world) {
	replaced(w)
	heartbeatNow.do(w, always)
	time.Sleep(retireAfter)
}

// many is a parent with so many before it that one more is the last.
func many(w *world) {
	for n := range 7 {
		w.kept(w.managed[0], n, time.Minute)
		heartbeatNow.do(w, always)
	}
}

// further has a secret and a public token besides the parent, in secrets that hold nothing yet.
func further(w *world) {
	w.kept(w.managed[0], 1, time.Hour)
	w.managed = append(w.managed,
		rotate.Managed{Name: "uploads", SecretID: uploadsSecret, Scopes: []string{"uploads:write"}, RotateEvery: rotateEvery, RetireAfter: retireAfter},
		rotate.Managed{Name: "web", SecretID: webSecret, Scopes: []string{"styles:read"}, AllowedURLs: []string{"https://acme.example"}, RotateEvery: rotateEvery, RetireAfter: retireAfter},
	)
	for _, m := range w.managed[1:] {
		if err := w.memory.Create(context.Background(), m.SecretID, "", secrets.Value{}); err != nil {
			panic(err)
		}
	}
}

// uploadsDue has a further token that is due.
func uploadsDue(w *world) {
	w.managed = append(w.managed,
		rotate.Managed{Name: "uploads", SecretID: uploadsSecret, Scopes: []string{"uploads:write"}, RotateEvery: rotateEvery, RetireAfter: retireAfter})
	w.kept(w.managed[1], 3, rotateEvery)
	w.kept(w.managed[0], 1, time.Hour)
}

// changed has further tokens whose configuration is another than when they were made.
func changed(w *world) {
	further(w)
	w.kept(w.managed[1], 3, time.Minute)
	w.kept(w.managed[2], 4, time.Hour)
	w.managed[1].Scopes = []string{"styles:read"}
	w.managed[1].AllowedURLs = nil
}

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
		w.hide()
		w.events++
		w.give(parentSecret, 100+w.events)
	})
	rollBack = act("a person rolls back", func(w *world) {
		ctx := context.Background()
		d := must(w.memory.Describe(ctx, parentSecret))
		from, _ := d.VersionAt(secrets.Current)
		if to, ok := d.VersionAt(secrets.Previous); ok {
			c := must(secrets.ParseStored(must(w.memory.Get(ctx, parentSecret, to)).Value))
			// Nobody can roll back safely to what may be deleted at any moment: between the last look and the deletion lies a call.
			if w.isAlive(c.ID) && w.endings == 0 && time.Since(w.left[c.ID]) < retireAfter-lambdaLimit {
				w.remember()
				w.hide()
				withdrawn, _ := w.currentOf(parentSecret)
				w.hidden[withdrawn.ID] = w.given[withdrawn.ID] // a person who withdraws what a person has pasted deletes it too
				if err := w.memory.MoveStage(ctx, parentSecret, secrets.Current, from, to); err != nil {
					panic(err)
				}
			}
		}
	})
	pend = act("a person stores what is no token as AWSPENDING", func(w *world) {
		w.remember()
		w.events++
		if err := w.memory.Put(context.Background(), parentSecret, versionID("oops", w.events), secrets.NewValue("oops"), secrets.Pending); err != nil {
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

// hide notes which pasted tokens nobody can know any more to have been the secret's: the next edit takes AWSPREVIOUS off them, and they bear
// no note of ours.
func (w *world) hide() {
	d := must(w.memory.Describe(context.Background(), parentSecret))
	if id, ok := d.VersionAt(secrets.Previous); ok && !slices.ContainsFunc(d.Stages[id], isDated) {
		c := must(secrets.ParseStored(must(w.memory.Get(context.Background(), parentSecret, id)).Value))
		w.hidden[c.ID] = w.given[c.ID]
	}
}

func (w *world) revoke(id string) {
	w.remember()
	w.revoked[id] = time.Now()
	if err := w.sim.Revoke(user, id); err != nil {
		panic(err)
	}
}

// begin is what Secrets Manager does before the steps of its own rotation. It refuses while another one is under way.
var begin = act("Secrets Manager begins a rotation", func(w *world) {
	w.remember()
	if err := w.memory.SetRotationEnabled(context.Background(), parentSecret, true); err != nil {
		panic(err)
	}
	_ = w.memory.BeginRotation(context.Background(), parentSecret, native)
})

// giveUp is what becomes of a rotation whose window ends, or that somebody cancels: no step follows, and AWSPENDING stays.
var giveUp = act("Secrets Manager gives its rotation up", func(w *world) { w.gaveUp = true })

// nativeLimit is how long such a rotation is waited for, and some more for the clock's fractions.
const nativeLimit = 24*time.Hour + time.Minute

func step(name string) move { return deliver(stepEvent(name)) }

// endNative does what the service does with a rotation that has not ended: all its steps again.
func (w *world) endNative() {
	d, err := w.memory.Describe(context.Background(), parentSecret)
	if err != nil || w.gaveUp || !d.RotationEnabled || !d.Has(native, secrets.Pending) || d.Has(native, secrets.Current) {
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
