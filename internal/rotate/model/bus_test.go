package model_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/tokenmint/tokenmint/internal/rotate"
	"github.com/tokenmint/tokenmint/internal/secrets"
)

// The dimensions of events.
const (
	dimRepeated = "an event that repeats"
	dimSilent   = "events that fail for ever"
)

// bus is the event bus as it is in truth. A world without one has a rotator that announces nothing.
type bus struct {
	promoted map[string]bool // secret and version
	deleted  map[string]bool // ids of tokens
	was      map[string]bool // secret and id of each token that was current
	expected map[string]bool // ids of deleted tokens whose version had a date
	silent   bool            // it takes nothing any more
}

func newBus() *bus {
	return &bus{promoted: map[string]bool{}, deleted: map[string]bool{}, was: map[string]bool{},
		expected: map[string]bool{}}
}

// silence makes the bus refuse each event from now on.
var silence = act("EventBridge takes nothing any more", func(w *world) {
	if w.bus != nil {
		w.use(dimSilent)
		w.bus.silent = true
	}
})

var errBus = errors.New("put event: the bus refused it: InternalFailure")

func busFailure(w way) error {
	if w == refused {
		return errBus // status 200 with FailedEntryCount 1
	}
	return errBroken
}

// announcer returns how a run announces; nil without a bus.
func (a *actor) announcer() rotate.Announce {
	switch {
	case a.bus == nil:
		return nil
	case a.guard.announce != nil:
		return a.guard.announce(a, a.announce)
	}
	return a.announce
}

// announce publishes an event as a run sees it.
func (a *actor) announce(ctx context.Context, said rotate.Announcement) error {
	err := a.through(ctx, "PutEvents", true, busFailure, func(way) error {
		if a.bus.silent {
			return errBus
		}
		a.published(said)
		return nil
	})
	a.unsaid = a.unsaid || err != nil
	return err
}

// published holds an event to the truth.
func (w *world) published(said rotate.Announcement) {
	w.noLeak(string(must(json.Marshal(said))))
	i := slices.IndexFunc(w.managed, func(m rotate.Managed) bool { return m.Name == said.Name })
	if i < 0 {
		w.violate("an event names no managed token")
		return
	}
	secret := w.managed[i].SecretID
	c, ok := w.valueOf(secret, said.Version)
	if !ok || c.ID != said.TokenID || c.Token.Hash() != said.Hash {
		w.violate("an event names another token than its version holds")
	}
	mine := w.mine[said.TokenID]
	repeated := w.bus.deleted[said.TokenID]
	switch {
	case said.Kind == rotate.TokenPromoted:
		if !w.bus.was[secret+said.TokenID] {
			w.violate("a promotion was announced that never happened")
		}
		repeated = w.bus.promoted[secret+said.Version]
		w.bus.promoted[secret+said.Version] = true
	case w.isAlive(said.TokenID) && w.staleLists < 2:
		w.violate("a deletion was announced of a token that lives")
	case mine != nil && !mine.stored:
		w.violate("a token was announced that no version ever held")
	default:
		w.bus.deleted[said.TokenID] = true
	}
	if repeated {
		w.use(dimRepeated)
	}
}

// expectEvent notes that the deletion of a token needs an event.
func (w *world) expectEvent(id string) {
	if w.bus != nil && w.hasDate(id) {
		w.bus.expected[id] = true
	}
}

// hasDate reports whether a dated version holds the token.
func (w *world) hasDate(id string) bool {
	for _, m := range w.managed {
		d := must(w.memory.Describe(context.Background(), m.SecretID))
		for version, labels := range d.Stages {
			c, ok := w.valueOf(m.SecretID, version)
			if ok && c.ID == id && slices.ContainsFunc(labels, isDated) {
				return true
			}
		}
	}
	return false
}

// unannounced says which event is missing at rest, or "".
func (w *world) unannounced() string {
	if w.bus == nil || w.bus.silent {
		return ""
	}
	for _, m := range w.managed {
		d := must(w.memory.Describe(context.Background(), m.SecretID))
		id, ok := d.VersionAt(secrets.Current)
		if ok && (!d.Has(id, rotate.AnnouncedLabel) || !w.bus.promoted[m.SecretID+id]) {
			return "the current version of " + m.Name + " was not announced"
		}
	}
	for id := range w.bus.expected {
		if !w.bus.deleted[id] && !w.hasDate(id) {
			return "the deletion of a token was not announced"
		}
	}
	return ""
}

// isWaiting reports whether a version keeps its date because the event of its deletion fails.
func (w *world) isWaiting(tokenID string) bool {
	return w.bus != nil && w.bus.silent && !w.isAlive(tokenID)
}
