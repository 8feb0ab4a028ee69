package rotate

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

const (
	// orphanAge is how old a token with our note must be before it counts as lost when no version holds it. No Lambda runs
	// longer than 15 minutes, so by then no run can still be on its way to store it; the rest is for clocks that differ.
	orphanAge = 20 * time.Minute

	// nativeLimit is how long a heartbeat waits for the value of a rotation that Secrets Manager has begun. The service
	// repeats its steps within the rotation's window, which is no longer than a day.
	// Source: https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html
	nativeLimit = 24 * time.Hour

	// maxLive bounds how many tokens of one name may be alive before another is created, whatever goes wrong.
	maxLive = 8

	// maxDeletes bounds how many tokens one run deletes. A mistake that takes tokens for old ones is then noticed early.
	maxDeletes = 8

	// maxCreates bounds how many rotations one run begins, so that tokens which fall due together leave the account's
	// budget to the mint. The next heartbeats go on.
	maxCreates = 4
)

// action is the kind of a step.
type action string

// The steps.
const (
	unmark    action = "unmark"    // take AWSPENDING off a version that will not be promoted
	watch     action = "watch"     // label the time from which on a pending value is waited for
	unwatch   action = "unwatch"   // take off such a label, or one of ours that says nothing
	promote   action = "promote"   // prove the pending token and make it current
	supersede action = "supersede" // date the version that was replaced
	retire    action = "retire"    // delete a replaced token whose grace period is over
	forget    action = "forget"    // take the date off: the token is gone, or current again
	sweep     action = "sweep"     // delete a token of ours that was lost on its way to the secret
	edit      action = "edit"      // give a public token what the configuration says
	create    action = "create"    // create a successor and store it as pending

	// The last step of a run.
	wait    action = "wait"    // something else must happen first
	refuse  action = "refuse"  // what was asked for or is due must not be done now
	later   action = "later"   // a successor is due, but this run has begun enough
	settled action = "settled" // nothing to do now
)

// step is one thing to do, and why.
type step struct {
	action  action
	subject string // a label, or the id of a version or token
	why     string
	old     superseded      // of supersede, retire and forget
	again   bool            // of supersede: other versions must be dated again too
	watch   watched         // of unwatch
	orphan  tokens.Metadata // of sweep
}

func (s step) key() string { return string(s.action) + " " + s.subject }

func (s step) isLast() bool {
	return s.action == wait || s.action == refuse || s.action == later || s.action == settled
}

// intent is what an event asks for, and what its run has done already.
type intent struct {
	rotation  string          // id of the rotation that it may begin
	force     bool            // begin it even if the current token is not old enough
	retireNow bool            // end every grace period: a token has leaked
	deletes   int             // how many tokens this run may still delete
	creates   int             // how many it may still create
	tried     map[string]bool // keys of the steps that this run has taken, whatever became of them
	unproved  bool            // a pending token has failed its promotion in this run
}

// situation is what a rule decides by.
type situation struct {
	Managed
	observation
	intent
}

// rules are asked in this order. The first step that this run has not tried yet is the next one. So no step is repeated
// within a run, and a step that fails keeps no other one from being taken. The table in docs/rotation.md has the same
// order.
var rules = []struct {
	name  string
	steps func(situation) []step
}{
	{"forget what is current again", situation.forgetCurrent},
	{"restart graces", situation.restartGraces},
	{"end what was overtaken", situation.endOvertaken},
	{"promote", situation.promotePending},
	{"take AWSPENDING off", situation.endPending},
	{"take labels off", situation.endWatches},
	{"date", situation.dateReplaced},
	{"create", situation.createSuccessor},
	{"edit", situation.editPublic},
	{"forget", situation.forgetGone},
	{"retire", situation.retireReplaced},
	{"sweep", situation.sweepLost},
	{"watch", situation.watchPending},
}

// decide returns the next step. It is a pure function: all that it knows, its arguments say.
func decide(m Managed, o observation, in intent) step {
	s := situation{m, o, in}
	for _, rule := range rules {
		for _, next := range rule.steps(s) {
			if !in.tried[next.key()] {
				return next
			}
		}
	}
	return s.last()
}

// forgetCurrent takes the date off a version that is current again. It comes before any version is dated: a person may
// replace the current version soon after a date, and then nothing shows that its own date is too early.
func (s situation) forgetCurrent() (steps []step) {
	for _, old := range s.superseded {
		if old.id == s.current.id && len(old.labels) > 0 {
			steps = append(steps, step{action: forget, subject: old.id, old: old, why: "version " + old.id + " is current again"})
		}
	}
	return steps
}

// restartGraces dates versions again after somebody has changed the secret. A version may have been current in between:
// its labels look the same after a rollback that was undone. This rule comes before others that date, which would hide the
// change.
func (s situation) restartGraces() (steps []step) {
	for _, old := range s.superseded {
		if s.isDoubtful(old) {
			steps = append(steps, step{action: supersede, subject: old.id, old: old,
				why: "the secret was changed since version " + old.id + " was dated, which may have been current meanwhile"})
		}
	}
	for i := range steps {
		steps[i].again = len(steps) > 1
	}
	return steps
}

// isDoubtful reports whether a version's date may be too early.
func (o observation) isDoubtful(old superseded) bool {
	alive := old.unread() || o.find(old.credential.ID) != nil
	return len(old.labels) > 0 && old.since.Before(o.unseenAt.Add(-clockSlack)) && old.id != o.current.id && alive
}

// endOvertaken ends a pending version that is older than the current one, or was current itself. To promote it would undo
// what a person has done since. It is dated first, for without a label its token would be lost.
func (s situation) endOvertaken() (steps []step) {
	for _, old := range s.superseded {
		if s.pendingID == "" || old.id != s.pendingID || old.id == s.current.id {
			continue
		}
		if len(old.labels) == 0 && s.find(old.credential.ID) != nil {
			steps = append(steps, step{action: supersede, subject: old.id, old: old, why: "version " + old.id + " was overtaken"})
		}
		steps = append(steps, step{action: unmark, subject: s.pendingID, why: "the pending version was overtaken"})
	}
	return steps
}

func (s situation) promotePending() []step {
	if s.pending == nil || s.isSuperseded(s.pendingID) {
		return nil
	}
	return []step{{action: promote, subject: s.pendingID, why: "version " + s.pendingID + " is pending"}}
}

// endPending takes AWSPENDING off a version that has no value to promote and is not waited for.
func (s situation) endPending() []step {
	var why string
	switch {
	case s.pendingID == "" || s.pending != nil:
		return nil
	case s.pendingID == s.current.id:
		why = "the pending version was promoted"
	case s.current.id == "": // createSecret stores nothing while there is no current version
		why = "the pending version has no value, and nobody will store one"
	case s.isForced():
		why = "a rotation was asked for, and the pending version has no value that can be read"
	case s.now.Sub(s.watchedSince()) >= nativeLimit:
		why = "no value of the pending version could be read for a day"
	case !s.native && s.unreadPending == nil:
		why = "the pending version has no value, and nobody will store one"
	default:
		return nil // what was replaced is retired all the same: that may be what the rotation waits for
	}
	return []step{{action: unmark, subject: s.pendingID, why: why}}
}

func (s situation) endWatches() (steps []step) {
	for _, w := range s.watched {
		if w.pendingID == "" || w.pendingID != s.pendingID || w.pendingID == s.current.id {
			steps = append(steps, step{action: unwatch, subject: w.label, watch: w, why: "the wait that " + w.label + " is about is over"})
		}
	}
	return steps
}

// createSuccessor comes before all that is deleted: a token that cannot be deleted must not keep one that is due waiting.
func (s situation) createSuccessor() []step {
	why := s.due().why
	if why == "" || why == changed && s.canEdit() || s.obstacle() != "" || s.isUnderWay() || s.unproved || s.creates == 0 || s.ours() >= maxLive {
		return nil
	}
	return []step{{action: create, why: why}}
}

// isUnderWay reports whether a rotation has begun and not ended.
func (s situation) isUnderWay() bool { return s.pendingID != "" && s.pendingID != s.current.id }

// obstacle says why no successor can be created, or "".
func (s situation) obstacle() string {
	switch {
	case !s.permanent():
		return "the parent is a temporary token (tk), with which nothing is created or deleted: store a permanent secret one (sk)"
	case s.current.unread() && !s.isForced():
		return fmt.Sprintf("the current version cannot be read: %v; make it readable, or force a rotation to replace it", s.current.err)
	case s.isParent && s.find(s.current.credential.ID) == nil:
		return fmt.Sprintf("the parent, token %s, is not among the tokens of account %s: if that lasts, store another one",
			s.current.credential.ID, s.auth.Username)
	}
	return ""
}

// permanent reports whether the parent is a token that may create and delete others.
func (s situation) permanent() bool { return s.auth.Token.Usage() == tokens.UsageSecret }

func (s situation) editPublic() []step {
	if why := s.due().why; why == changed && s.canEdit() && s.permanent() && !s.isUnderWay() {
		return []step{{action: edit, why: why}}
	}
	return nil
}

// dateReplaced dates versions, from which on their grace period counts. What a version holds need not be known for that.
// While another date is in doubt, a new one would hide the doubt from the next run.
func (s situation) dateReplaced() (steps []step) {
	if slices.ContainsFunc(s.superseded, s.isDoubtful) {
		return nil
	}
	for _, old := range s.superseded {
		unknown := old.unread() && old.credential.ID == ""
		if old.id != s.current.id && len(old.labels) == 0 && (s.isReplaced(old) || unknown) {
			steps = append(steps, step{action: supersede, subject: old.id, old: old, why: "version " + old.id + " was replaced"})
		}
	}
	return steps
}

// isReplaced reports whether the token of a version is alive and not the current one.
func (s situation) isReplaced(old superseded) bool {
	id := old.credential.ID
	return id != s.current.credential.ID && s.find(id) != nil
}

func (s situation) forgetGone() (steps []step) {
	for _, old := range s.superseded {
		var why string
		switch {
		case len(old.labels) == 0, old.id == s.current.id:
			continue
		case !old.unread() && !s.isReplaced(old):
			why = "the token of version " + old.id + " is gone"
		case errors.Is(old.err, secrets.ErrNotFound) && old.credential.ID == "" && !old.isLast && s.now.Sub(old.since) >= s.RetireAfter:
			// "Retire now" does not shorten this: a read that is behind does not find what was stored just now.
			why = "version " + old.id + " has no value"
		default:
			continue
		}
		steps = append(steps, step{action: forget, subject: old.id, old: old, why: why})
	}
	return steps
}

func (s situation) retireReplaced() (steps []step) {
	for _, old := range s.superseded {
		if s.mayDelete() && s.current.err == nil && s.isOver(old) && s.isReplaced(old) && s.isDeletable(old) && len(old.labels) > 0 {
			id := old.credential.ID
			steps = append(steps, step{action: retire, subject: id, old: old, why: "the grace period of token " + id + " is over"})
		}
	}
	return steps
}

// mayDelete reports whether this run may delete anything now. Until a current token that is gone is replaced, it may not.
func (s situation) mayDelete() bool {
	return s.deletes > 0 && s.permanent() && !s.isGone() && !s.current.unread()
}

// isOver reports whether a version's grace period is over. "Retire now" ends it, but for a version that was just rolled
// back.
func (s situation) isOver(old superseded) bool {
	return s.now.Sub(old.since) >= s.RetireAfter || s.retireNow && !s.isRolledBack(old)
}

// isDeletable reports whether the token of a version is this secret's to delete: it has the secret's own note, or none of
// any rotator. Others belong to the rotator that their note names. A default token is the account's.
func (s situation) isDeletable(old superseded) bool {
	t := s.find(old.credential.ID)
	return !old.unread() && !t.Default && !isOthers(t.Note, s.notePrefix, old.id)
}

func (s situation) sweepLost() (steps []step) {
	for _, t := range s.live {
		if s.mayDelete() && s.isLost(t) && !s.uncertain[t.ID] {
			steps = append(steps, step{action: sweep, subject: t.ID, orphan: t,
				why: "token " + t.ID + " bears our note, is in no version, and no run can be on its way to store it"})
		}
	}
	return steps
}

// watchPending begins to wait for a value of the pending version.
func (s situation) watchPending() []step {
	if !s.isUnderWay() || s.pending != nil || s.current.id == "" || s.isWatched() {
		return nil
	}
	return []step{{action: watch, subject: s.pendingID, why: s.whyWait()}}
}

func (s situation) isWatched() bool {
	return slices.ContainsFunc(s.watched, func(w watched) bool { return w.pendingID == s.pendingID })
}

func (s situation) whyWait() string {
	if s.unreadPending != nil {
		return fmt.Sprintf("the pending version cannot be read: %v", s.unreadPending)
	}
	return "Secrets Manager's own rotation is at work"
}

// last says how the run ends when there is nothing left to try.
func (s situation) last() step {
	why := s.due().why
	obstacle := s.obstacle()
	switch {
	case obstacle != "" && why != "":
		return step{action: refuse, why: why + ", but " + obstacle}
	case obstacle != "" && (s.retireNow || s.isParent || s.current.unread()):
		return step{action: refuse, why: obstacle}
	case s.isUnderWay() && s.pending == nil:
		return step{action: wait, why: s.whyWait()}
	case why == "" && s.retireNow && slices.ContainsFunc(s.superseded, s.isRolledBack):
		return step{action: refuse, why: "a token newer than the current one went less than 20 minutes ago, and a run that saw it pending may yet make it current: repeat this then"}
	case why == "" && s.retireNow && len(s.remaining()) > 0:
		return step{action: refuse, why: "these replaced tokens are still alive: " + strings.Join(s.remaining(), ", ") + "; repeat this"}
	case why == "":
		return step{action: settled, why: "nothing is due"}
	case s.isUnderWay(), s.unproved, s.tried[step{action: create}.key()], s.tried[step{action: edit}.key()]:
		return step{action: later, why: why + "; this run has tried, and the next one goes on"}
	case s.ours() >= maxLive:
		return step{action: refuse, why: fmt.Sprintf("%s, but %d tokens of this name are alive: delete some of them, or wait for their grace periods to end", why, s.ours())}
	}
	return step{action: later, why: why}
}

// remaining returns the ids of the replaced tokens that are this secret's to delete.
func (s situation) remaining() (ids []string) {
	for _, old := range s.superseded {
		if s.isReplaced(old) && s.isDeletable(old) {
			ids = append(ids, old.credential.ID)
		}
	}
	return ids
}
