package rotate

import (
	"fmt"
	"slices"
	"time"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// dueness says why a token needs a successor now, and since when. An empty why means that the token
// is not due. since is then its future due date.
type dueness struct {
	why     string
	since   time.Time
	differs bool // only the configuration has changed: an edit may be enough
}

// due says whether the token needs a successor. A token that a person stored is due at once,
// whatever its value says. The rotator's own token is one that Mapbox lists with the note of this
// version, and Mapbox says how old it is.
func (s situation) due() dueness {
	d := s.dueUnasked()
	if s.isForced() && s.current.id != "" && d.why == "" {
		d.why = "it was asked for"
	}
	return d
}

// dueUnasked is due without regard to a forced rotation.
func (s situation) dueUnasked() dueness {
	t := s.find(s.current.credential.ID)
	stored := s.current.created
	if stored.IsZero() {
		stored = s.now
	}
	switch {
	case s.current.id == "":
		return dueness{why: "there is none yet", since: s.secretCreated}
	case s.current.unread():
		return dueness{since: s.now} // unknown
	case s.current.err != nil:
		return dueness{why: "there is none yet: the value of the secret is not a token",
			since: stored}
	case s.current.credential.ID == "" && !s.isParent:
		return dueness{why: "it is a temporary token that a person stored", since: stored}
	case s.isGone():
		return dueness{since: stored,
			why: "Mapbox does not list it: it was deleted, or belongs to another account"}
	case t == nil, t.Note != s.notePrefix+s.current.id:
		return dueness{why: "the token was created manually", since: stored}
	case s.now.Sub(t.Created) >= s.RotateEvery:
		return dueness{
			why:   fmt.Sprintf("it is %s old", s.now.Sub(t.Created).Round(time.Minute)),
			since: t.Created.Add(s.RotateEvery),
		}
	case s.differs():
		return dueness{why: "its configuration has changed", since: s.now, differs: true}
	}
	return dueness{since: t.Created.Add(s.RotateEvery)}
}

// isForced reports whether the event forces a rotation that has not stored its token yet. A
// repeated event forces nothing.
func (s situation) isForced() bool { return s.force && !s.done }

// overdue is how long ago the current token became due. A forced rotation does not count.
func (s situation) overdue() time.Duration {
	d := s.dueUnasked()
	if d.why == "" || d.since.IsZero() {
		return 0
	}
	return max(0, s.now.Sub(d.since))
}

// differs reports whether Mapbox and the configuration differ for the current token.
func (s situation) differs() bool {
	t := s.find(s.current.credential.ID)
	if t == nil || s.Scopes == nil {
		return false
	}
	return !sameSet(t.Scopes, s.Scopes) || !sameSet(t.AllowedURLs, s.AllowedURLs)
}

// canEdit reports whether an edit can make the current token match the configuration: it is public
// and stays public. A secret token is never edited: every copy of it would gain the new scopes.
func (s situation) canEdit() bool {
	t := s.find(s.current.credential.ID)
	hasSecretScope := slices.ContainsFunc(s.Scopes, func(scope string) bool {
		return !isPublic(scope)
	})
	return t != nil && t.Usage == tokens.UsagePublic && !hasSecretScope
}

// isPublic reports whether a public token may have the scope. An unknown scope counts as secret:
// the token is then replaced instead of edited, which is correct for every scope.
// Source: https://docs.mapbox.com/accounts/guides/tokens/#scopes
func isPublic(scope string) bool {
	switch scope {
	case "styles:tiles", "styles:read", "fonts:read", "datasets:read", "vision:read":
		return true
	}
	return false
}

// isRolledBack reports whether a person has recently rolled this version back to an older one. The
// version is newer than the current version, and it was current until less than orphanAge ago. An
// older run may have seen this version as pending. The rollback restored the current version that
// the older run expects. So that run may still promote this version, and its token must live until
// no such run can exist. A version older than the current one has no such risk: no run that
// promotes it expects the current version.
func (s situation) isRolledBack(old earlier) bool {
	return s.find(old.credential.ID) != nil && old.id != s.current.id &&
		old.created.After(s.current.created) &&
		s.now.Sub(old.since) < orphanAge
}

// sameSet reports whether two lists have the same elements in any order.
func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}
