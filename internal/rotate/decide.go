package rotate

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

const (
	// orphanAge is the age from which a token with our note counts as lost if no version holds it.
	// A Lambda runs for at most 15 minutes, so no run can still store a token of this age. The
	// other five minutes allow for clocks that differ.
	orphanAge = 20 * time.Minute

	// nativeLimit is how long heartbeats wait for the value of a rotation that Secrets Manager has
	// begun. The service repeats its steps within the rotation's window, which is at most one day.
	// Source:
	// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html
	nativeLimit = 24 * time.Hour

	// maxLive is the number of live tokens of one name at which no other is created.
	maxLive = 8

	// maxDeletes is the number of tokens that one run may delete. It limits the damage of a wrong
	// decision.
	maxDeletes = 8

	// maxCreates is the number of rotations that one run may begin. If many tokens are due at once,
	// the mint still needs most of the account's rate limit. The next heartbeats continue.
	maxCreates = 4
)

// action is the kind of a step.
type action string

// The steps.
const (
	drop     action = "drop"     // take AWSPENDING off a version that will not be promoted
	watch    action = "watch"    // record since when a run waits for a pending value
	unwatch  action = "unwatch"  // remove that record, or a label of ours that cannot be read
	promote  action = "promote"  // prove the pending token and make it current
	date     action = "date"     // label a replaced version with the time
	retire   action = "retire"   // delete a replaced token whose grace period is over
	forget   action = "forget"   // remove the date: the token is gone, or current again
	sweep    action = "sweep"    // delete a token of ours that no version holds
	edit     action = "edit"     // change a public token to match the configuration
	create   action = "create"   // create a successor and store it as pending
	announce action = "announce" // publish that a token was promoted or deleted

	// The last step of a run.
	wait    action = "wait"    // something else must happen first
	refuse  action = "refuse"  // something is due or asked for, and must not be done
	later   action = "later"   // a successor is due, but this run has begun enough
	settled action = "settled" // nothing to do now
)

// step is one thing to do, and the reason.
type step struct {
	action  action
	subject string // a label, or the id of a version or token
	why     string
	old     earlier         // of date, retire, announce and forget
	again   bool            // of date: other versions must be dated again too
	watch   watched         // of unwatch
	orphan  tokens.Metadata // of sweep
}

// key identifies the step within a run.
func (s step) key() string { return string(s.action) + " " + s.subject }

// endsRun reports whether the step ends the run.
func (s step) endsRun() bool {
	return s.action == wait || s.action == refuse || s.action == later || s.action == settled
}

// request is what an event asks for.
type request struct {
	rotation  string // id of the rotation that the run may begin
	force     bool   // begin it even if the current token is not old enough
	retireNow bool   // end every grace period: a token has leaked
}

// progress is what a run may still do, and what it has tried for the managed token at hand.
type progress struct {
	deletes  int             // how many tokens this run may still delete
	creates  int             // how many it may still create
	tried    map[string]bool // keys of the steps that this run has tried
	unproved bool            // a pending token has failed its promotion in this run

	announced map[string]bool // ids of the versions whose deleted token this run has announced
}

// situation is the input of a rule.
type situation struct {
	Managed
	observation
	request
	progress
}

// decide returns the next step. It is a pure function of the situation.
func decide(s situation) step {
	for _, rule := range rules {
		for _, next := range rule.steps(s) {
			if !s.tried[next.key()] {
				return next
			}
		}
	}
	return s.last()
}

// last says how the run ends when no step is left to try.
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
	case why == "" && s.retireNow && slices.ContainsFunc(s.earlier, s.isRolledBack):
		return step{action: refuse, why: "a version newer than the current one was rolled back " +
			"less than 20 minutes ago, " +
			"and a run may still make it current: repeat this 20 minutes later"}
	case why == "" && s.retireNow && len(s.remaining()) > 0:
		return step{action: refuse, why: "these replaced tokens are still alive: " +
			strings.Join(s.remaining(), ", ") + "; repeat this"}
	case why == "":
		return step{action: settled, why: "nothing is due"}
	case s.isUnderWay(), s.unproved, s.tried[step{action: create}.key()],
		s.tried[step{action: edit}.key()]:
		return step{action: later, why: why + "; this run has tried, and the next run continues"}
	case s.ours() >= maxLive:
		return step{action: refuse, why: fmt.Sprintf("%s, but %d tokens of this name are alive: "+
			"delete some of them, or wait for their grace periods to end", why, s.ours())}
	}
	return step{action: later, why: why}
}

// remaining returns the ids of the replaced tokens that this secret may delete.
func (s situation) remaining() (ids []string) {
	for _, old := range s.earlier {
		if s.holdsOldToken(old) && s.isDeletable(old) {
			ids = append(ids, old.credential.ID)
		}
	}
	return ids
}
