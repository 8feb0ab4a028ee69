package rotate

import (
	"fmt"
	"slices"
	"time"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

const (
	// orphanAge is how old a token with our note must be before it counts as lost when no version holds it. No Lambda runs
	// longer than 15 minutes, so by then no run can still be on its way to store it; the rest is for clocks that differ.
	orphanAge = 20 * time.Minute

	// nativeLimit is how long a heartbeat waits for the value of a rotation that Secrets Manager has begun. The service repeats its steps
	// within the rotation's window, which is no longer than a day.
	// Source: https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html
	nativeLimit = 24 * time.Hour

	// maxLive bounds how many tokens of one name may be alive before another is created, whatever goes wrong.
	maxLive = 8

	// maxDeletes bounds how many tokens one run deletes. A mistake that takes tokens for old ones is then noticed early.
	maxDeletes = 8

	// maxCreates bounds how many rotations one run begins, so that tokens which fall due together leave the account's budget to the
	// mint. The next heartbeats go on.
	maxCreates = 4
)

// action is the kind of a step.
type action string

// The steps. What was begun is ended before anything is begun.
const (
	unmark    action = "unmark"    // AWSPENDING is on the current version, or on one that will never have a value
	watch     action = "watch"     // label the time from which on Secrets Manager's own rotation is waited for
	unwatch   action = "unwatch"   // take such a label off: that wait is over
	wait      action = "wait"      // Secrets Manager's own rotation has begun and will store a value
	promote   action = "promote"   // prove the pending token and make it current
	supersede action = "supersede" // date the version that was replaced
	retire    action = "retire"    // delete a replaced token whose grace is over
	forget    action = "forget"    // a replaced version whose token is gone
	sweep     action = "sweep"     // delete a token of ours that was lost on its way to the secret
	edit      action = "edit"      // give a public token what the configuration says
	create    action = "create"    // create a successor and store it as pending
	refuse    action = "refuse"    // what was asked for or is due must not be done now
	later     action = "later"     // a successor is due, but this run has begun enough
	settled   action = "settled"   // nothing to do now
)

// step is one thing to do, and why.
type step struct {
	action action
	why    string
	old    superseded      // of supersede, retire and forget
	watch  watched         // of unwatch
	orphan tokens.Metadata // of sweep
}

// wish is what an event asks for.
type wish struct {
	rotation  string // id of the rotation that it may begin
	force     bool   // begin it even if the current token is not old enough
	retireNow bool   // end every grace: a token has leaked
	deletes   int    // how many tokens this run may still delete
	creates   int    // how many it may still create
}

// decide returns the next step. It is a pure function: all that it knows, its arguments say.
func decide(m Managed, o observation, w wish) step {
	if s, ok := decidePending(o, w); ok {
		return s
	}
	for _, s := range o.watched {
		if s.pendingID == "" || s.pendingID != o.pendingID {
			return step{action: unwatch, watch: s, why: "the wait that " + s.label + " is about is over"}
		}
	}
	if s, ok := decideSuperseded(m, o, w); ok {
		return s
	}
	for _, t := range o.live {
		if w.deletes > 0 && o.isLost(t) && !o.isGone() {
			return step{action: sweep, orphan: t, why: "token " + t.ID + " bears our note, is in no version, and no run can be on its way to store it"}
		}
	}
	switch {
	case o.pendingID != "" && len(o.watched) == 0:
		return step{action: watch, why: "Secrets Manager's own rotation has begun"}
	case o.pendingID != "":
		return step{action: wait, why: "Secrets Manager's own rotation is at work"}
	}
	why := o.due(m, w)
	switch {
	case why == "" && w.retireNow && slices.ContainsFunc(o.superseded, o.isRolledBack):
		return step{action: refuse, why: "a token newer than the current one went less than 20 minutes ago, and a run that saw it pending may yet make it current: repeat this then"}
	case why == "":
		return step{action: settled, why: "nothing is due"}
	case why == changed && o.canEdit(m):
		return step{action: edit, why: why}
	case o.ours() >= maxLive:
		return step{action: refuse, why: fmt.Sprintf("%s, but %d tokens of this name are alive: delete some of them, or wait for their grace to end", why, o.ours())}
	case w.creates == 0:
		return step{action: later, why: why}
	}
	return step{action: create, why: why}
}

// decidePending ends what was begun.
func decidePending(o observation, w wish) (step, bool) {
	switch {
	case o.pending != nil && o.isSuperseded(o.pendingID):
		// To promote it would undo what a person has done since. It is dated first, for without a label its token would be lost.
		for _, s := range o.superseded {
			if s.id == o.pendingID && len(s.labels) == 0 && o.find(s.credential.ID) != nil {
				return step{action: supersede, old: s, why: "version " + s.id + " was overtaken"}, true
			}
		}
		return step{action: unmark, why: "the pending version was overtaken"}, true
	case o.pending != nil:
		return step{action: promote, why: "version " + o.pendingID + " is pending"}, true
	case o.pendingID == "":
		return step{}, false
	case o.pendingID == o.current.id:
		return step{action: unmark, why: "the pending version was promoted"}, true
	case !o.native, o.current.id == "": // createSecret stores nothing while there is no current version
		return step{action: unmark, why: "the pending version has no value, and nobody will store one"}, true
	case o.isForced(w):
		return step{action: unmark, why: "it was asked for, and the pending version has no value yet"}, true
	case o.now.Sub(o.watchedSince()) >= nativeLimit:
		return step{action: unmark, why: "Secrets Manager's own rotation has stored nothing for a day"}, true
	}
	return step{}, false // what was replaced is retired all the same: that may be what the rotation waits for
}

// decideSuperseded dates, ends and forgets graces.
func decideSuperseded(m Managed, o observation, w wish) (step, bool) {
	for _, s := range o.superseded {
		alive := o.find(s.credential.ID) != nil && s.credential.ID != o.current.credential.ID
		over := o.now.Sub(s.since) >= m.RetireAfter || w.retireNow && !o.isRolledBack(s)
		switch {
		case s.id == o.current.id:
			return step{action: forget, old: s, why: "version " + s.id + " is current again"}, true
		case alive && len(s.labels) == 0:
			return step{action: supersede, old: s, why: "version " + s.id + " was replaced"}, true
		case alive && over && w.deletes > 0 && !o.isGone():
			return step{action: retire, old: s, why: "the grace of token " + s.credential.ID + " is over"}, true
		case !alive && len(s.labels) > 0:
			return step{action: forget, old: s, why: "the token of version " + s.id + " is gone"}, true
		}
	}
	return step{}, false
}

// isRolledBack reports whether a version is newer than the current one, and was not replaced or given up long ago. A run may have seen it as
// pending, and hang before it promotes it; the current version is then again the one that the run saw, so that nothing would stop it. Until
// no such run can be alive the token must live. Where an older one is replaced, as ever, the current version differs from all that such a run saw.
func (o observation) isRolledBack(s superseded) bool {
	return o.find(s.credential.ID) != nil && s.id != o.current.id && s.created.After(o.current.created) && o.now.Sub(s.since) < orphanAge
}

// changed is why a token is due whose configuration says something else than Mapbox.
const changed = "its configuration has changed"

// isForced reports whether the event asks for a rotation that has not stored a token yet. An event that is delivered again has: it rotates once.
func (o observation) isForced(w wish) bool { return w.force && !o.done }

// due says why a successor is wanted now, or "". A token of unknown age is one that a person pasted, and has been through other
// hands: it is due.
func (o observation) due(m Managed, w wish) string {
	current := o.current.credential
	age := o.now.Sub(current.Created)
	switch {
	case o.current.id == "":
		return "there is none yet"
	case o.isGone():
		return "Mapbox does not list it any more"
	case o.isForced(w):
		return "it was asked for"
	case current.Created.IsZero():
		return "a person has made it"
	case age >= m.RotateEvery:
		return fmt.Sprintf("it is %s old", age.Round(time.Minute))
	case o.differs(m):
		return changed
	}
	return ""
}

// differs reports whether Mapbox lists something else for the current token than the configuration asks for.
func (o observation) differs(m Managed) bool {
	t := o.find(o.current.credential.ID)
	if t == nil || m.Scopes == nil {
		return false
	}
	return !sameSet(t.Scopes, m.Scopes) || !sameSet(t.AllowedURLs, m.AllowedURLs)
}

// canEdit reports whether the current token can become what the configuration asks for: a public token that stays one. A secret
// token is never edited: whoever has a copy of it would have the new scopes too.
func (o observation) canEdit(m Managed) bool {
	t := o.find(o.current.credential.ID)
	return t != nil && t.Usage == tokens.UsagePublic && !slices.ContainsFunc(m.Scopes, func(s string) bool { return !isPublic(s) })
}

// isPublic reports whether a scope may be in a public token. For a scope that is not known here, no: the token is then replaced
// instead of edited, which is right for every scope.
// Source: https://docs.mapbox.com/accounts/guides/tokens/#scopes
func isPublic(scope string) bool {
	switch scope {
	case "styles:tiles", "styles:read", "fonts:read", "datasets:read", "vision:read":
		return true
	}
	return false
}

// isGone reports whether somebody has deleted the current token. Until it is replaced nothing else is deleted. The parent is never gone in
// this sense: it has just authorised the list.
func (o observation) isGone() bool {
	id := o.current.credential.ID
	return o.current.id != "" && id != o.auth.ID && o.find(id) == nil
}

// isOrphan reports whether t bears our note and no version that we know holds it.
func (o observation) isOrphan(t tokens.Metadata) bool {
	_, ours := rotationOf(t.Note, o.notePrefix)
	if !ours || t.ID == o.current.credential.ID || o.pending != nil && t.ID == o.pending.credential.ID {
		return false
	}
	return !slices.ContainsFunc(o.superseded, func(s superseded) bool { return s.credential.ID == t.ID })
}

// isLost reports whether t is an orphan that no run can be on its way to store.
func (o observation) isLost(t tokens.Metadata) bool {
	return o.isOrphan(t) && !t.Created.IsZero() && o.now.Sub(t.Created) >= orphanAge
}

// orphans counts the live tokens that bear our note and are in no version, whatever their age.
func (o observation) orphans() int {
	n := 0
	for _, t := range o.live {
		if o.isOrphan(t) {
			n++
		}
	}
	return n
}

// find returns a live token, or nil.
func (o observation) find(id string) *tokens.Metadata { return find(o.live, id) }

func find(live []tokens.Metadata, id string) *tokens.Metadata {
	i := slices.IndexFunc(live, func(t tokens.Metadata) bool { return t.ID == id })
	if i < 0 {
		return nil
	}
	return &live[i]
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

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}
