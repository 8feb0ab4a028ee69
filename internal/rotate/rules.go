package rotate

import (
	"errors"
	"fmt"
	"slices"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// rules are asked in this order. The next step is the first one that this run has not tried. So a
// run repeats no step, and a step that fails does not block the others. The table in
// docs/internals/rotation.md has the same names and order.
var rules = []struct {
	name  string
	steps func(situation) []step
}{
	{"forget current", situation.forgetCurrent},
	{"date again", situation.dateAgain},
	{"drop overtaken", situation.dropOvertaken},
	{"promote", situation.promote},
	{"drop pending", situation.dropPending},
	{"unwatch", situation.unwatch},
	{"date", situation.date},
	{"create", situation.create},
	{"edit", situation.edit},
	{"retire", situation.retire},
	{"sweep", situation.sweep},
	{"watch", situation.watch},
	{"announce", situation.announce},
	{"forget gone", situation.forgetGone},
}

// forgetCurrent removes the date of a version that is current again. It comes before any version is
// dated. A person may replace the current version just after a run dates another one. The replaced
// version then keeps its old date. Nothing shows that this date is too early.
func (s situation) forgetCurrent() (steps []step) {
	for _, old := range s.earlier {
		if old.id == s.current.id && len(old.labels) > 0 {
			steps = append(steps, step{action: forget, subject: old.id, old: old,
				why: "version " + old.id + " is current again"})
		}
	}
	return steps
}

// dateAgain dates versions again after somebody else has changed the secret. Each may have been
// current meanwhile: after a rollback that was undone, the labels look the same. This rule comes
// before the others that date, since any newer date would hide the change.
func (s situation) dateAgain() (steps []step) {
	for _, old := range s.earlier {
		if s.isDoubtful(old) {
			steps = append(steps, step{action: date, subject: old.id, old: old,
				why: "somebody changed the secret after version " + old.id +
					" was dated; it may have been current since"})
		}
	}
	for i := range steps {
		steps[i].again = len(steps) > 1
	}
	return steps
}

// dropOvertaken takes AWSPENDING off a version that is older than the current one, or was current.
// Promoting it would undo what a person did later. The date comes first: without any label its
// token would be lost.
func (s situation) dropOvertaken() (steps []step) {
	for _, old := range s.earlier {
		if s.pendingID == "" || old.id != s.pendingID || old.id == s.current.id {
			continue
		}
		if len(old.labels) == 0 && s.find(old.credential.ID) != nil {
			steps = append(steps, step{action: date, subject: old.id, old: old,
				why: "version " + old.id + " was overtaken"})
		}
		steps = append(steps, step{action: drop, subject: s.pendingID,
			why: "the pending version was overtaken"})
	}
	return steps
}

// promote promotes a pending version that has a value.
func (s situation) promote() []step {
	if s.pending == nil || s.isEarlier(s.pendingID) {
		return nil
	}
	return []step{{action: promote, subject: s.pendingID,
		why: "version " + s.pendingID + " is pending"}}
}

// dropPending takes AWSPENDING off a version that has no value to promote, unless the run waits
// for the value.
func (s situation) dropPending() []step {
	var why string
	switch {
	case s.pendingID == "" || s.pending != nil:
		return nil
	case s.pendingID == s.current.id:
		why = "the pending version was promoted"
	case s.current.id == "": // createSecret stores nothing without a current version
		why = "the pending version has no value, and nobody will store one"
	case s.isForced():
		why = "a rotation was asked for, and the pending version has no value that can be read"
	case s.now.Sub(s.watchedSince()) >= nativeLimit:
		why = "no value of the pending version could be read for a day"
	case !s.native && s.unreadPending == nil:
		why = "the pending version has no value, and nobody will store one"
	default:
		return nil // later rules still retire tokens: the rotation may wait for that
	}
	return []step{{action: drop, subject: s.pendingID, why: why}}
}

// unwatch removes the records of waits that are over.
func (s situation) unwatch() (steps []step) {
	for _, w := range s.watched {
		if w.pendingID == "" || w.pendingID != s.pendingID || w.pendingID == s.current.id {
			steps = append(steps, step{action: unwatch, subject: w.label, watch: w,
				why: "label " + w.label + " belongs to no wait any more"})
		}
	}
	return steps
}

// date dates replaced versions, so that their grace periods begin. A version that cannot be
// read is dated too. While another date is in doubt, this rule waits, since a new date would hide
// the doubt from the next run.
func (s situation) date() (steps []step) {
	if slices.ContainsFunc(s.earlier, s.isDoubtful) {
		return nil
	}
	for _, old := range s.earlier {
		unknown := old.unread() && old.credential.ID == ""
		if old.id != s.current.id && len(old.labels) == 0 && (s.holdsOldToken(old) || unknown) {
			steps = append(steps, step{action: date, subject: old.id, old: old,
				why: "version " + old.id + " was replaced"})
		}
	}
	return steps
}

// create comes before all deletions: a token that cannot be deleted must not delay one
// that is due.
func (s situation) create() []step {
	due := s.due()
	isDue := due.why != "" && (!due.differs || !s.canEdit())
	isBusy := s.isUnderWay() || s.unproved
	if !isDue || isBusy || s.obstacle() != "" || s.creates == 0 || s.ours() >= maxLive {
		return nil
	}
	return []step{{action: create, why: due.why}}
}

// isUnderWay reports whether a rotation has begun and not ended.
func (s situation) isUnderWay() bool { return s.pendingID != "" && s.pendingID != s.current.id }

// obstacle says why no successor can be created, or "".
func (s situation) obstacle() string {
	switch {
	case !s.permanent():
		return "the parent is a temporary token (tk), which cannot create or delete tokens: " +
			"store a secret token (sk)"
	case s.current.unread() && !s.isForced():
		return fmt.Sprintf("the current version cannot be read: %v; make it readable, or force a "+
			"rotation to replace it",
			s.current.err)
	case s.isParent && s.find(s.current.credential.ID) == nil:
		return fmt.Sprintf("the parent, token %s, is not among the tokens of account %s: if that "+
			"lasts, store another parent",
			s.current.credential.ID, s.auth.Username)
	}
	return ""
}

// permanent reports whether the parent can create and delete tokens.
func (s situation) permanent() bool { return s.auth.Token.Usage() == tokens.UsageSecret }

// edit edits a public token whose configuration has changed.
func (s situation) edit() []step {
	due := s.due()
	if due.differs && s.canEdit() && s.permanent() && !s.isUnderWay() {
		return []step{{action: edit, why: due.why}}
	}
	return nil
}

// forgetGone removes the dates of versions whose token is gone. It comes last, because a deletion
// is announced before.
func (s situation) forgetGone() (steps []step) {
	for _, old := range s.earlier {
		var why string
		switch {
		case len(old.labels) == 0, old.id == s.current.id, s.mustAnnounce(old):
			continue
		case !old.unread() && !s.holdsOldToken(old):
			why = "the token of version " + old.id + " is gone"
		case s.isWithoutValue(old):
			why = "version " + old.id + " has no value"
		default:
			continue
		}
		steps = append(steps, step{action: forget, subject: old.id, old: old, why: why})
	}
	return steps
}

// isWithoutValue reports whether a version certainly has no value. "Retire now" does not shorten
// the grace period here: a read that is behind does not find a value that was stored just now.
func (s situation) isWithoutValue(old earlier) bool {
	return errors.Is(old.err, secrets.ErrNotFound) && old.credential.ID == "" && !old.isPrevious &&
		s.now.Sub(old.since) >= s.RetireAfter
}

// retire deletes replaced tokens after their grace periods.
func (s situation) retire() (steps []step) {
	for _, old := range s.earlier {
		isReady := len(old.labels) > 0 && s.isOver(old) && s.holdsOldToken(old) &&
			s.isDeletable(old)
		if s.mayDelete() && s.current.err == nil && isReady {
			id := old.credential.ID
			why := "the grace period of token " + id + " is over"
			if s.now.Sub(old.since) < s.RetireAfter {
				why = "a person ended the grace period of token " + id
			}
			steps = append(steps, step{action: retire, subject: id, old: old, why: why})
		}
	}
	return steps
}

// mayDelete reports whether this run may delete tokens now. While the current token is gone, it may
// not.
func (s situation) mayDelete() bool {
	return s.deletes > 0 && s.permanent() && !s.isGone() && !s.current.unread()
}

// holdsOldToken reports whether a version holds a live token that is not the current one.
func (s situation) holdsOldToken(old earlier) bool {
	id := old.credential.ID
	return id != s.current.credential.ID && s.find(id) != nil
}

// isOver reports whether the grace period of a version is over. "Retire now" ends it, unless the
// version was just rolled back.
func (s situation) isOver(old earlier) bool {
	return s.now.Sub(old.since) >= s.RetireAfter || s.retireNow && !s.isRolledBack(old)
}

// isDeletable reports whether this secret may delete the token of a version: its note is this
// secret's, or no rotator's. Another rotator's token belongs to the secret that its note names. The
// default token belongs to the account.
func (s situation) isDeletable(old earlier) bool {
	t := s.find(old.credential.ID)
	return t != nil && !old.unread() && !t.Default && !isOthers(t.Note, s.notePrefix, old.id)
}

// sweep deletes tokens that were lost on their way to the secret.
func (s situation) sweep() (steps []step) {
	for _, t := range s.live {
		if s.mayDelete() && s.isLost(t) && !s.uncertain[t.ID] {
			steps = append(steps, step{action: sweep, subject: t.ID, orphan: t,
				why: "no version holds token " + t.ID + ", which has our note; the token is too " +
					"old for any run to store it"})
		}
	}
	return steps
}

// watch records since when a run waits for the value of the pending version.
func (s situation) watch() []step {
	if !s.isUnderWay() || s.pending != nil || s.current.id == "" || s.isWatched() {
		return nil
	}
	return []step{{action: watch, subject: s.pendingID, why: s.whyWait()}}
}

// isWatched reports whether a label says since when a run waits.
func (s situation) isWatched() bool {
	return slices.ContainsFunc(s.watched, func(w watched) bool {
		return w.pendingID == s.pendingID
	})
}

// whyWait says why the pending version has no value.
func (s situation) whyWait() string {
	if s.unreadPending != nil {
		return fmt.Sprintf("the pending version cannot be read: %v", s.unreadPending)
	}
	return "Secrets Manager's own rotation is at work"
}
