package rotate

import (
	"slices"
	"time"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

const (
	// orphanAge is how old a token with our note must be before it counts as lost when no version holds it. No Lambda runs
	// longer than 15 minutes, so by then no run can still be on its way to store it; the rest is for clocks that differ.
	orphanAge = 20 * time.Minute

	// maxLive bounds how many tokens of one name may be alive before another is created, whatever goes wrong.
	maxLive = 8
)

// action is the kind of a step.
type action string

// The steps, in the order in which a run prefers them: what was begun is ended before anything is begun.
const (
	unmark    action = "unmark"    // AWSPENDING is on the current version, or on one that will never have a value
	wait      action = "wait"      // Secrets Manager's own rotation has begun and will store a value
	promote   action = "promote"   // prove the pending token and make it current
	supersede action = "supersede" // date the version that was replaced
	retire    action = "retire"    // delete a replaced token whose grace is over
	forget    action = "forget"    // a replaced version whose token is gone
	sweep     action = "sweep"     // delete a token of ours that was lost on its way to the secret
	create    action = "create"    // create a successor and store it as pending
	refuse    action = "refuse"    // a successor is due, but too many tokens are alive
	settled   action = "settled"   // nothing to do now
)

// step is one thing to do.
type step struct {
	action action
	old    superseded      // of supersede, retire and forget
	orphan tokens.Metadata // of sweep
}

// wish is what an event asks for.
type wish struct {
	rotation string // id of the rotation that it may begin
	force    bool   // begin it even if the current token is not old enough
}

// decide returns the next step. It is a pure function: all that it knows, its arguments say.
func decide(m Managed, o observation, w wish) step {
	switch {
	case o.pending != nil:
		return step{action: promote}
	case o.pendingID != "" && o.pendingID != o.current.id && o.native:
		return step{action: wait}
	case o.pendingID != "":
		return step{action: unmark}
	}
	for _, s := range o.superseded {
		alive := isLive(o.live, s.credential.ID) && s.credential.ID != o.current.credential.ID
		switch {
		case alive && s.label == "":
			return step{action: supersede, old: s}
		case alive && o.now.Sub(s.since) >= m.RetireAfter:
			return step{action: retire, old: s}
		case !alive && s.label != "":
			return step{action: forget, old: s}
		}
	}
	for _, t := range o.live {
		if o.isOrphan(t) && !t.Created.IsZero() && o.now.Sub(t.Created) >= orphanAge {
			return step{action: sweep, orphan: t}
		}
	}
	switch {
	case !o.due(m, w):
		return step{action: settled}
	case o.ours() >= maxLive:
		return step{action: refuse}
	}
	return step{action: create}
}

// due reports whether a successor is wanted now. A token of unknown age is one that a person pasted, and has been through other
// hands: it is due. A forced rotation is due until the current token is the one that it made, so that an event which is
// delivered twice rotates once.
func (o observation) due(m Managed, w wish) bool {
	if w.force && o.current.credential.Rotation != w.rotation {
		return true
	}
	created := o.current.credential.Created
	return created.IsZero() || o.now.Sub(created) >= m.RotateEvery
}

// isOrphan reports whether t bears our note and no version that we know holds it.
func (o observation) isOrphan(t tokens.Metadata) bool {
	if _, ours := rotationOf(t.Note, o.notePrefix); !ours || t.ID == o.current.credential.ID {
		return false
	}
	return !slices.ContainsFunc(o.superseded, func(s superseded) bool { return s.credential.ID == t.ID })
}

func isLive(live []tokens.Metadata, id string) bool {
	return slices.ContainsFunc(live, func(t tokens.Metadata) bool { return t.ID == id })
}

// ours counts the live tokens that bear our note.
func (o observation) ours() int {
	n := 0
	for _, t := range o.live {
		if _, ok := rotationOf(t.Note, o.notePrefix); ok {
			n++
		}
	}
	return n
}
