package rotate_test

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
		if strings.Contains(a.event, "Step") && c.note == req.Note && w.isAlive(id) && a.listedAt.Sub(c.at) > staleness {
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
	case mine == nil && !w.given[id]:
		w.violate("a token was deleted that is none of ours")
	case was && !a.now && time.Since(since) < retireAfter:
		w.violate("a token was deleted %s after it was replaced, within its grace", time.Since(since))
	case mine != nil && !mine.stored && mine.by != a && mine.by.alive():
		w.violate("a token was deleted that a run is on its way to store")
	}
	for _, m := range w.managed {
		c, ok := w.currentOf(m.SecretID)
		// What a person deletes after the run has looked, nobody can see: between the look and the deletion lies a call.
		unseen := !a.proved.IsZero() && w.revoked[c.ID].After(a.proved)
		if ok && mine != nil && mine.name == m.Name && was && !w.isAlive(c.ID) && !unseen {
			w.violate("the token before was deleted while the current one of %s does not work", m.Name)
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
	c, err := secrets.ParseStored(must(w.memory.Get(context.Background(), secret, id)).Value)
	w.parse[secret+id] = c
	return c, err == nil
}

// check holds the world to the invariants, after each write. a is nil when it was not a run that wrote.
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
		if n := ours[m.Name]; n > maxOurs+w.threads-1 {
			w.violate("%d tokens of %s are alive", n, m.Name)
		}
		c, ok := w.currentOf(m.SecretID)
		if !ok {
			continue
		}
		if before := w.current[m.SecretID]; before != c.ID {
			w.moved(a, m.SecretID, before, c)
		}
		if !live[c.ID] && w.revoked[c.ID].IsZero() {
			w.violate("AWSCURRENT of %s holds a token that does not live", m.Name)
		}
	}
}

// moved is told that AWSCURRENT holds another token.
func (w *world) moved(a *actor, secret, before string, now secrets.Credential) {
	w.current[secret] = now.ID
	since, again := w.left[now.ID]
	earlier, unseen := w.restored[before]
	delete(w.left, now.ID)
	delete(w.restored, before)
	if c := w.mine[now.ID]; a != nil && c != nil && c.by != nil {
		if other := w.promoted[secret+c.by.event]; other != "" && other != now.ID {
			w.violate("an event that was delivered twice has made two tokens current")
		}
		w.promoted[secret+c.by.event] = now.ID
	}
	if before == "" {
		return
	}
	w.left[before] = time.Now()
	if a == nil {
		// What a person restores and replaces again by hand, nobody else may have seen current: its first grace goes on.
		if again {
			w.restored[now.ID] = since
		}
		if unseen {
			w.left[before] = earlier
		}
		return
	}
	previous, _ := must(w.memory.Describe(context.Background(), secret)).VersionAt(secrets.Previous)
	if !a.seen[secret+previous] {
		w.violate("a run has replaced a current version that it has not read")
	}
}

// unsettled says what keeps the world from being at rest, or "".
func (w *world) unsettled() string {
	rows := w.rows()
	kept := map[string]bool{}
	for _, m := range w.managed {
		d := must(w.memory.Describe(context.Background(), m.SecretID))
		if _, pending := d.VersionAt(secrets.Pending); pending {
			return "AWSPENDING is left on " + m.Name
		}
		for id, stages := range d.Stages {
			if slices.ContainsFunc(stages, isOurs) {
				return fmt.Sprintf("version %s of %s still has a label of ours", id, m.Name)
			}
		}
		c, ok := w.currentOf(m.SecretID)
		if !ok || c.Created.IsZero() {
			return m.Name + " has no token of ours"
		}
		i := slices.IndexFunc(rows, func(t tokens.Metadata) bool { return t.ID == c.ID })
		if i < 0 {
			return "the current token of " + m.Name + " does not live"
		}
		if m.Scopes != nil && !sameStrings(rows[i].Scopes, m.Scopes) {
			return "the current token of " + m.Name + " has other scopes than its configuration"
		}
		kept[c.ID] = true
	}
	for _, t := range rows {
		if (w.mine[t.ID] != nil || w.given[t.ID] && !w.hidden[t.ID]) && !kept[t.ID] {
			return "a token is left behind"
		}
	}
	return ""
}

func sameStrings(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}
