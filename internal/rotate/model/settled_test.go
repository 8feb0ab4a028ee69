package model_test

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tokenmint/tokenmint/internal/rotate"
	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// unsettled says what keeps the world from being at rest, or "".
func (w *world) unsettled() string {
	rows := w.rows()
	kept := map[string]bool{}
	for _, m := range w.managed {
		d := must(w.memory.Describe(context.Background(), m.SecretID))
		if w.stuck && countOurs(rows, m) >= maxOurs {
			continue // nothing can be deleted, and one more would be too many
		}
		if id, pending := d.VersionAt(secrets.Pending); pending {
			return "AWSPENDING is left on version " + id + " of " + m.Name
		}
		for id, stages := range d.Stages {
			if slices.ContainsFunc(stages, isTemporary) && !w.mayKeepLabel(m, id) {
				return fmt.Sprintf("version %s of %s still has a label of ours", id, m.Name)
			}
		}
		if why := w.unsettledToken(m, d, rows); why != "" {
			return why
		}
		c, _ := w.currentOf(m.SecretID)
		kept[c.ID] = true
	}
	for _, t := range rows {
		if (w.mine[t.ID] != nil || w.given[t.ID] && !w.hidden[t.ID]) && !kept[t.ID] && !w.stuck &&
			!w.mayLive(t.ID) {
			return "a token is left behind"
		}
	}
	return w.unannounced()
}

// unsettledToken says what is wrong with what is current, or "".
func (w *world) unsettledToken(
	m rotate.Managed, d secrets.Description, rows []tokens.Metadata,
) string {
	id, _ := d.VersionAt(secrets.Current)
	c, ok := w.currentOf(m.SecretID)
	i := slices.IndexFunc(rows, func(t tokens.Metadata) bool { return ok && t.ID == c.ID })
	switch {
	case i < 0:
		return "the current token of " + m.Name + " does not live"
	case rows[i].Note != "tokenmint/test/"+m.Name+"/"+id:
		return m.Name + " has no token of ours"
	case m.Scopes != nil && !sameStrings(rows[i].Scopes, m.Scopes):
		return "the current token of " + m.Name + " has other scopes than its configuration"
	}
	return ""
}

func countOurs(rows []tokens.Metadata, m rotate.Managed) (n int) {
	for _, t := range rows {
		if strings.HasPrefix(t.Note, "tokenmint/test/"+m.Name+"/") {
			n++
		}
	}
	return n
}

// mayKeepLabel reports whether a version may keep its date: its token cannot be deleted, or is not
// this secret's to delete.
func (w *world) mayKeepLabel(m rotate.Managed, id string) bool {
	c, ok := w.valueOf(m.SecretID, id)
	if w.stuck || w.unreadable[m.SecretID+id] != nil || ok && w.mayLive(c.ID) ||
		ok && w.isWaiting(c.ID) {
		return true
	}
	if _, err := w.memory.Get(context.Background(), m.SecretID, id); err != nil {
		return true // it has no value, and AWSPREVIOUS
	}
	own := w.mine[c.ID] == nil || w.mine[c.ID].name == m.Name
	return ok && w.isAlive(c.ID) && (!own || slices.Contains(w.currents(), c.ID))
}

// mayLive reports whether a token may live on: another stack owns it, or a version may hold it that
// cannot be read. A version without a value is such a version once a person has moved AWSPREVIOUS
// to it.
func (w *world) mayLive(id string) bool {
	if w.foreign[id] {
		return true
	}
	for _, m := range w.managed {
		for _, v := range must(w.memory.Versions(context.Background(), m.SecretID)) {
			c, ok := w.valueOf(m.SecretID, v.ID)
			mine := w.mine[id]
			// two runs of one event may each create one
			named := mine != nil && mine.note == "tokenmint/test/"+m.Name+"/"+v.ID
			unreadable := w.unreadable[m.SecretID+v.ID] != nil
			if unreadable && ok && c.ID == id || named && (unreadable || !ok && w.wasMoved(v)) {
				return true
			}
		}
	}
	return false
}

// wasMoved reports whether a version's labels say that it was current once.
func (w *world) wasMoved(v secrets.Version) bool {
	return slices.Contains(v.Stages, secrets.Previous) || slices.ContainsFunc(v.Stages, isDated)
}
