package model_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// violate notes the first invariant that does not hold.
func (w *world) violate(format string, args ...any) {
	if w.violation == "" {
		w.violation = fmt.Sprintf(format, args...)
	}
}

// created is told of each token that a run creates.
func (w *world) created(a *actor, made tokens.Metadata, req tokens.CreateRequest) {
	name := ""
	for _, m := range w.managed {
		if strings.HasPrefix(req.Note, "tokenmint/test/"+m.Name+"/") {
			name = m.Name
		}
	}
	for id, c := range w.mine {
		// then a step goes on without a deletion
		hindered := a.hindered || w.stuck || len(w.unreadable)+len(w.revoked) > 0
		if !hindered && strings.Contains(a.event, "Step") && c.note == req.Note && w.isAlive(id) &&
			a.listedAt.Sub(c.at) > staleness {
			w.violate("a step has created a token beside one of the same rotation that may be lost")
		}
	}
	w.mine[made.ID] = &creation{by: a, at: time.Now(), note: req.Note, name: name}
	w.urls[made.ID] = req.AllowedURLs
	w.secret(made.Token.Reveal())
}

// secret plants a token value that must show nowhere: its signature is enough.
func (w *world) secret(value string) {
	w.values = append(w.values, value[strings.LastIndex(value, ".")+1:])
}

func (w *world) noLeak(text string) {
	for _, value := range w.values {
		if strings.Contains(text, value) {
			w.violate("a token shows in a log line or an error")
		}
	}
}

// stored is told of each value that is put in a secret.
func (w *world) stored(v secrets.Value) {
	if c, err := secrets.ParseStored(v); err == nil && w.mine[c.ID] != nil {
		w.mine[c.ID].stored = true
	}
}

// deleted holds what a run deletes to the invariants.
func (w *world) deleted(a *actor, id string) {
	if a.deletes++; a.deletes > 8 {
		w.violate("a run has deleted more than 8 tokens")
	}
	mine := w.mine[id]
	since, was := w.left[id]
	switch {
	case w.foreign[id]:
		w.violate("a token was deleted that is another stack's")
	case mine == nil && !w.given[id]:
		w.violate("a token was deleted that is none of ours")
	case !w.vanished[id] && w.isKept(id, a.started):
		w.violate("a token was deleted that a version holds which cannot be read")
	case was && !a.now && time.Since(since) < retireAfter-clockSlack && !w.masked[id] &&
		!w.vanished[id] && !since.After(a.lookedAt[w.leftIn[id]]) && !w.leftUnseen(id):
		w.violate("a token was deleted %s after it was replaced, within its grace",
			time.Since(since))
	case mine != nil && !mine.stored && mine.by != a && mine.by.alive():
		w.violate("a token was deleted that a run is on its way to store")
	}
	w.checkUse(a, id)
	for _, m := range w.managed {
		c, ok := w.currentOf(m.SecretID)
		// What a person deletes after the run has looked, nobody can see: between the look and the
		// deletion lies a call. Nor what another run has made current since: a person may delete a
		// token while that run proves it.
		unseen := !a.proved.IsZero() && w.revoked[c.ID].After(a.proved) ||
			w.isUnseen(a, m.SecretID) ||
			w.movedAt[m.SecretID].After(a.lookedAt[m.SecretID])
		if ok && mine != nil && mine.name == m.Name && was && !w.isAlive(c.ID) && !unseen {
			w.violate("the token before was deleted while the current one of %s does not work",
				m.Name)
		}
	}
}

// clockSlack is what a grace period may lack: a change just after a label is not told from the
// label's own.
const clockSlack = time.Minute + 2*time.Second

// isUnseen reports whether a person has changed a secret since the run has looked at it.
func (w *world) isUnseen(a *actor, secret string) bool {
	at, changed := w.personAt[secret]
	return changed && !at.Before(a.lookedAt[secret])
}

// leftUnseen reports whether no run can tell that a token was current in the secret that it left
// last: a second edit has taken AWSPREVIOUS off its version before a heartbeat could date it.
func (w *world) leftUnseen(id string) bool {
	secret := w.leftIn[id]
	for version, labels := range must(w.memory.Describe(context.Background(), secret)).Stages {
		c, ok := w.valueOf(secret, version)
		shows := slices.Contains(labels, secrets.Previous) || slices.ContainsFunc(labels, isDated)
		if ok && c.ID == id && shows {
			return false
		}
	}
	return w.hidden[id]
}

// checkUse holds a deletion to what the managed secrets say, unless a person has changed one since
// the run has looked.
func (w *world) checkUse(a *actor, id string) {
	for i, m := range w.managed {
		if w.isUnseen(a, m.SecretID) {
			if c, ok := w.currentOf(m.SecretID); ok && c.ID == id {
				// between the run's look and the deletion a person has pasted it
				w.revoked[id] = time.Now()
			}
			continue
		}
		d := must(w.memory.Describe(context.Background(), m.SecretID))
		for _, label := range []string{secrets.Current, secrets.Pending} {
			version, _ := d.VersionAt(label)
			if c, ok := w.valueOf(m.SecretID, version); ok && c.ID == id &&
				(label != secrets.Pending || !w.vanished[id]) {
				w.violate("a token was deleted that is %s of %s", label, m.Name)
			}
		}
		if c, ok := w.currentOf(m.SecretID); i == 0 &&
			(!ok || c.Token.Usage() != tokens.UsageSecret) && len(d.Stages) > 0 {
			w.violate("a token was deleted while the parent is none")
		}
	}
}

// currentOf reads what AWSCURRENT holds.
func (w *world) currentOf(secret string) (secrets.Credential, bool) {
	d, err := w.memory.Describe(context.Background(), secret)
	if err != nil {
		return secrets.Credential{}, false
	}
	id, ok := d.VersionAt(secrets.Current)
	if !ok {
		return secrets.Credential{}, false
	}
	if c, ok := w.parse[secret+id]; ok {
		return c, true
	}
	v, err := w.memory.Get(context.Background(), secret, id)
	if err != nil {
		return secrets.Credential{}, false
	}
	c, err := secrets.ParseStored(v.Value)
	if err == nil {
		w.parse[secret+id] = c
	}
	return c, err == nil
}

// check holds the world to the invariants, after each write. a is nil when it was not a run that
// wrote.
func (w *world) check(a *actor) {
	live := map[string]bool{}
	ours := map[string]int{}
	for _, t := range w.sim.Tokens(user) {
		live[t.ID] = true
		if c := w.mine[t.ID]; c != nil {
			ours[c.name]++
		}
	}
	for _, m := range w.managed {
		if n := ours[m.Name]; n > maxOurs+w.threads-1+w.staleLists {
			w.violate("%d tokens of %s are alive", n, m.Name)
		}
		c, _ := w.currentOf(m.SecretID) // a person may have stored what is no token
		if before := w.current[m.SecretID]; before != c.ID {
			w.moved(a, m.SecretID, before, c)
		}
		if c.ID != "" && !live[c.ID] && w.revoked[c.ID].IsZero() {
			w.violate("AWSCURRENT of %s holds a token that does not live", m.Name)
		}
	}
}

// moved is told that AWSCURRENT holds another token.
func (w *world) moved(a *actor, secret, before string, now secrets.Credential) {
	w.current[secret], w.movedAt[secret] = now.ID, time.Now()
	if w.bus != nil {
		w.bus.was[secret+now.ID] = true
	}
	delete(w.left, now.ID)
	if c := w.mine[now.ID]; a != nil && c != nil && c.by != nil {
		if other := w.promoted[secret+c.by.event]; other != "" && other != now.ID {
			w.violate("an event that was delivered twice has made two tokens current")
		}
		w.promoted[secret+c.by.event] = now.ID
	}
	if before != "" {
		w.left[before], w.leftIn[before] = time.Now(), secret
	}
	if a == nil {
		// A run at work may date the version without having seen this.
		w.masked[before] = w.masked[before] || w.active > 0
		w.masked[now.ID] = w.masked[now.ID] || w.active > 0
		return
	}
	if before == "" {
		return
	}
	w.masked[before] = false // it has left by a run's hand, which dates it
	previous, _ := must(w.memory.Describe(context.Background(), secret)).VersionAt(secrets.Previous)
	if !a.seen[secret+previous] {
		w.violate("a run has replaced a current version that it has not read")
	}
}

func sameStrings(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}
