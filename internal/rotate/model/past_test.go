package model_test

import (
	"context"
	"slices"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// moment is what reads could say before a write.
type moment struct {
	at     time.Time
	stages map[string]secrets.Description
	rows   []tokens.Metadata
}

// remember keeps what reads say now, for a write is about to change it.
func (w *world) remember() {
	w.writes++
	now := time.Now()
	w.past = slices.DeleteFunc(w.past, func(m moment) bool { return now.Sub(m.at) > staleness })
	m := moment{at: now, stages: map[string]secrets.Description{}, rows: w.rows()}
	for _, managed := range w.managed {
		m.stages[managed.SecretID], _ = w.memory.Describe(context.Background(), managed.SecretID)
	}
	w.past = append(w.past, m)
}

// pastMoment is what a stale answer shows, if there was a write that it can be too old for.
func (w *world) pastMoment(how way) (moment, bool) {
	recent := slices.DeleteFunc(slices.Clone(w.past), func(m moment) bool {
		return time.Since(m.at) > staleness
	})
	switch {
	case len(recent) == 0:
	case how == stale:
		return recent[len(recent)-1], true
	case how == staler:
		return recent[0], true
	}
	return moment{}, false
}

func (w *world) pastStages(id string, how way) (secrets.Description, bool) {
	m, ok := w.pastMoment(how)
	return m.stages[id], ok && m.stages[id].Name != ""
}

func (w *world) pastRows(how way) ([]tokens.Metadata, bool) {
	m, ok := w.pastMoment(how)
	return m.rows, ok
}

// pastList is the answer of a stale list. A run that sees it cannot count the newest tokens.
func (w *world) pastList(how way) ([]tokens.Metadata, bool) {
	rows, ok := w.pastRows(how)
	if ok {
		w.staleLists++
	}
	return rows, ok
}

// isNews reports whether a stale answer does not know the token yet.
func (w *world) isNews(token tokens.Token, how way) bool {
	rows, ok := w.pastRows(how)
	if !ok {
		return false
	}
	claims, err := token.Decode()
	return err == nil && w.isAlive(claims.ID) &&
		!slices.ContainsFunc(rows, func(t tokens.Metadata) bool {
			return t.ID == claims.ID
		})
}
