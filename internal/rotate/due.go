package rotate

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// changed is why a token is due whose configuration says something else than Mapbox.
const changed = "its configuration has changed"

// dueness says why a successor is wanted now, "" if it is not, and since when. For a token that is not due, since is when
// it will be.
type dueness struct {
	why   string
	since time.Time
}

// isForced reports whether the event asks for a rotation that has not stored a token yet. An event that is delivered again
// has: it rotates once.
func (s situation) isForced() bool { return s.force && !s.done }

// due tells whether a successor is wanted. What a person has stored is due at once, whatever its value says about itself:
// it has been through other hands. A token is the rotator's own if Mapbox lists it with the note of this very version, and
// its age is Mapbox's.
func (s situation) due() dueness {
	d := s.dueUnasked()
	if s.isForced() && s.current.id != "" && d.why == "" {
		d.why = "it was asked for"
	}
	return d
}

func (s situation) dueUnasked() dueness {
	t := s.find(s.current.credential.ID)
	stored := s.current.created
	if stored.IsZero() {
		stored = s.now
	}
	switch {
	case s.current.id == "":
		return dueness{"there is none yet", s.secretCreated}
	case s.current.unread():
		return dueness{"", s.now} // nobody can say
	case s.current.err != nil:
		return dueness{"there is none yet: what the secret holds is no token", stored}
	case s.current.credential.ID == "" && !s.isParent:
		return dueness{"it is a temporary token, which a person has stored", stored}
	case s.isGone():
		return dueness{"Mapbox does not list it: it was deleted, or is another account's", stored}
	case t == nil, t.Note != s.notePrefix+s.current.id:
		return dueness{"the token was created manually", stored}
	case s.now.Sub(t.Created) >= s.RotateEvery:
		return dueness{fmt.Sprintf("it is %s old", s.now.Sub(t.Created).Round(time.Minute)), t.Created.Add(s.RotateEvery)}
	case s.differs():
		return dueness{changed, s.now}
	}
	return dueness{"", t.Created.Add(s.RotateEvery)}
}

// overdue is how long the current token is past its due date; an operator's wish does not count.
func (s situation) overdue() time.Duration {
	d := s.dueUnasked()
	if d.why == "" || d.since.IsZero() {
		return 0
	}
	return max(0, s.now.Sub(d.since))
}

// differs reports whether Mapbox lists something else for the current token than the configuration asks for.
func (s situation) differs() bool {
	t := s.find(s.current.credential.ID)
	if t == nil || s.Scopes == nil {
		return false
	}
	return !sameSet(t.Scopes, s.Scopes) || !sameSet(t.AllowedURLs, s.AllowedURLs)
}

// canEdit reports whether the current token can become what the configuration asks for: a public token that stays one. A
// secret token is never edited: whoever has a copy of it would have the new scopes too.
func (s situation) canEdit() bool {
	t := s.find(s.current.credential.ID)
	return t != nil && t.Usage == tokens.UsagePublic && !slices.ContainsFunc(s.Scopes, func(scope string) bool { return !isPublic(scope) })
}

// isPublic reports whether a scope may be in a public token. For a scope that is not known here, no: the token is then
// replaced instead of edited, which is right for every scope.
// Source: https://docs.mapbox.com/accounts/guides/tokens/#scopes
func isPublic(scope string) bool {
	switch scope {
	case "styles:tiles", "styles:read", "fonts:read", "datasets:read", "vision:read":
		return true
	}
	return false
}

// isRolledBack reports whether a version is newer than the current one, and was not replaced or given up long ago. A run
// may have seen it as pending, and hang before it promotes it; the current version is then again the one that the run saw,
// so that nothing would stop it. Until no such run can be alive the token must live. Where an older one is replaced, as
// ever, the current version differs from all that such a run saw.
func (s situation) isRolledBack(old superseded) bool {
	return s.find(old.credential.ID) != nil && old.id != s.current.id && old.created.After(s.current.created) && s.now.Sub(old.since) < orphanAge
}

// isGone reports whether Mapbox does not list the current token. The parent is never gone in this sense: it has just
// authorised the list.
func (o observation) isGone() bool {
	id := o.current.credential.ID
	return o.current.id != "" && o.current.err == nil && id != o.auth.ID && o.find(id) == nil
}

// isOrphan reports whether t bears our note and no version that we know holds it.
func (o observation) isOrphan(t tokens.Metadata) bool {
	rotation, ours := rotationOf(t.Note, o.notePrefix)
	switch {
	case !ours, t.ID == o.current.credential.ID, o.pending != nil && t.ID == o.pending.credential.ID:
		return false
	case o.current.unread() && rotation == o.current.id, o.unreadPending != nil && rotation == o.pendingID:
		return false
	}
	return !slices.ContainsFunc(o.superseded, func(s superseded) bool { return s.credential.ID == t.ID })
}

// isLost reports whether t is an orphan that no run can be on its way to store.
func (o observation) isLost(t tokens.Metadata) bool {
	return o.isOrphan(t) && !t.Default && !t.Created.IsZero() && o.now.Sub(t.Created) >= orphanAge
}

// orphans counts the live tokens that bear our note and are in no version, whatever their age.
func (o observation) orphans() int { return o.count(o.isOrphan) }

// ours counts the live tokens that bear our note.
func (o observation) ours() int {
	return o.count(func(t tokens.Metadata) bool { return strings.HasPrefix(t.Note, o.notePrefix) })
}

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

func find(live []tokens.Metadata, id string) *tokens.Metadata {
	i := slices.IndexFunc(live, func(t tokens.Metadata) bool { return t.ID == id && id != "" })
	if i < 0 {
		return nil
	}
	return &live[i]
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}
