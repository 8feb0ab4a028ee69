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

// observation is everything that a decision uses.
type observation struct {
	isParent      bool
	auth          secrets.Credential // the current parent: it lists, creates and deletes
	secretCreated time.Time          // zero if it is not known
	current       version            // zero while there is none
	pendingID     string             // of the version with AWSPENDING, "" without one
	pending       *version           // its value; nil if it has none, is current, or cannot be read
	unreadPending error              // why the pending version cannot be read
	native        bool               // Secrets Manager's own rotation is switched on
	arn           string             // of the secret
	announces     bool               // the run publishes announcements
	announcedID   string             // of the version that was announced last, "" without one
	// This is when the run noticed a change by somebody else. Earlier dates are in doubt. Zero
	// means no such change.
	noticedAt  time.Time
	watched    []watched
	earlier    []earlier
	live       []tokens.Metadata // the account's tokens
	uncertain  map[string]bool   // ids of live tokens that an unreadable version may hold
	problems   []string          // what only a person can change
	done       bool              // a forced rotation has stored its token
	notePrefix string
	now        time.Time
}

// version is a version of the secret and the credential in it.
type version struct {
	id         string
	created    time.Time
	credential secrets.Credential
	err        error // why there is no credential; errNoCredential if the value is none
}

// unread reports whether the version may hold a credential that cannot be read.
func (v version) unread() bool { return v.err != nil && !errors.Is(v.err, errNoCredential) }

// earlier is a version that was current once, or may have been: it has AWSPREVIOUS or a date of
// ours, it is a pending version that was overtaken, or it has no label and a live token's note
// names it. If it has labels, it may be current again after a rollback. If it cannot be read, the
// credential has only the id, and only if the note of a live token names the version.
type earlier struct {
	version
	isPrevious bool      // it has AWSPREVIOUS
	labels     []string  // our complete staging labels; two runs at once may have dated it twice
	since      time.Time // the latest date; zero if there is none yet
}

// problem adds a problem for the report.
func (o *observation) problem(format string, args ...any) {
	o.problems = append(o.problems, fmt.Sprintf(format, args...))
}

// isEarlier reports whether the version was current once, or may have been.
func (o observation) isEarlier(id string) bool {
	return slices.ContainsFunc(o.earlier, func(s earlier) bool { return s.id == id })
}

// isDoubtful reports whether a version's date may be too early.
func (o observation) isDoubtful(old earlier) bool {
	alive := old.unread() || o.find(old.credential.ID) != nil
	return len(old.labels) > 0 && old.since.Before(o.noticedAt.Add(-clockSlack)) &&
		old.id != o.current.id && alive
}

// watchedSince says since when a run waits for the pending version; now, if no label says so.
func (o observation) watchedSince() time.Time {
	for _, w := range o.watched {
		if w.pendingID == o.pendingID {
			return w.since
		}
	}
	return o.now
}

// tokenFor returns the live token that was created for a version, or nil.
func (o observation) tokenFor(versionID string) *tokens.Metadata {
	i := slices.IndexFunc(o.live, func(t tokens.Metadata) bool {
		return t.Note == o.notePrefix+versionID
	})
	if i < 0 {
		return nil
	}
	return &o.live[i]
}

// isGone reports whether Mapbox does not list the current token. The parent is never gone: it has
// just authorized the list.
func (o observation) isGone() bool {
	id := o.current.credential.ID
	return o.current.id != "" && o.current.err == nil && id != o.auth.ID && o.find(id) == nil
}

// isOrphan reports whether t has our note and no version that this run knows holds it.
func (o observation) isOrphan(t tokens.Metadata) bool {
	rotation, ours := rotationOf(t.Note, o.notePrefix)
	switch {
	case !ours, t.ID == o.current.credential.ID,
		o.pending != nil && t.ID == o.pending.credential.ID:
		return false
	case o.current.unread() && rotation == o.current.id,
		o.unreadPending != nil && rotation == o.pendingID:
		return false
	}
	return !slices.ContainsFunc(o.earlier, func(s earlier) bool {
		return s.credential.ID == t.ID
	})
}

// isLost reports whether t is an orphan that no run can still store.
func (o observation) isLost(t tokens.Metadata) bool {
	return o.isOrphan(t) && !t.Default && !t.Created.IsZero() && o.now.Sub(t.Created) >= orphanAge
}

// orphans counts the orphans of any age.
func (o observation) orphans() int { return o.count(o.isOrphan) }

// ours counts the live tokens with our note.
func (o observation) ours() int {
	return o.count(func(t tokens.Metadata) bool { return strings.HasPrefix(t.Note, o.notePrefix) })
}

// count counts the live tokens for which is returns true.
func (o observation) count(is func(tokens.Metadata) bool) int {
	n := 0
	for _, t := range o.live {
		if is(t) {
			n++
		}
	}
	return n
}

// find returns a live token, or nil.
func (o observation) find(id string) *tokens.Metadata { return find(o.live, id) }

// find returns the token with an id, or nil.
func find(live []tokens.Metadata, id string) *tokens.Metadata {
	return secrets.Credential{ID: id}.Listed(live)
}
