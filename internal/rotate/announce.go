package rotate

import (
	"context"
	"fmt"
	"time"
)

// AnnouncedLabel is the staging label of the version that was announced last. It moves to the
// current version after the event of its promotion was accepted.
const AnnouncedLabel = "tokenmint:announced"

// maxUnannounced is how many deletions of one secret wait for an event that fails. A version keeps
// its date meanwhile, and a secret may have 20 labels on all versions together.
// Source: https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
const maxUnannounced = 4

// The kinds of an [Announcement].
const (
	TokenPromoted = "Token Promoted" // a version of a secret is current
	TokenDeleted  = "Token Deleted"  // a token that was current once does not work any more
)

// Announcement is an event about a managed token. It never has a token's value.
//
// An announcement may repeat, and announcements may arrive in any order. A token that no version
// holds has none.
type Announcement struct {
	Kind      string    `json:"-"`
	Stack     string    `json:"stack"`
	Name      string    `json:"name"` // of the managed token
	SecretARN string    `json:"secret_arn"`
	Version   string    `json:"version"` // of the secret
	TokenID   string    `json:"token_id"`
	Hash      string    `json:"hash"` // of the token, as in audit records
	Deadline  time.Time `json:"deadline,omitzero"`
}

// Announce publishes an announcement. It returns nil only if the announcement was certainly
// accepted.
type Announce func(context.Context, Announcement) error

// announce comes after all rules that date, create or delete: an event that fails blocks none of
// them.
func (s situation) announce() (steps []step) {
	if !s.announces {
		return nil
	}
	current := s.current
	if s.announcedID != current.id && current.err == nil && current.credential.ID != "" &&
		!s.isGone() {
		steps = append(steps, step{action: announce, subject: current.id,
			why: "version " + current.id + " is current"})
	}
	for _, old := range s.earlier {
		if s.isDeleted(old) && !s.announced[old.id] {
			steps = append(steps, step{action: announce, subject: old.id, old: old,
				why: "the token of version " + old.id + " was deleted"})
		}
	}
	return steps
}

// isDeleted reports whether the token of a dated version is gone.
func (s situation) isDeleted(old earlier) bool {
	id := old.credential.ID
	return len(old.labels) > 0 && old.id != s.current.id && old.err == nil && id != "" &&
		id != s.current.credential.ID && s.find(id) == nil
}

// mustAnnounce reports whether a version keeps its date until the deletion of its token is
// announced. If too many deletions wait, the oldest do not.
func (s situation) mustAnnounce(old earlier) bool {
	if !s.announces || !s.isDeleted(old) || s.announced[old.id] {
		return false
	}
	newer := 0
	for _, other := range s.earlier {
		isNewer := other.since.After(old.since) || other.since.Equal(old.since) && other.id > old.id
		if isNewer && s.isDeleted(other) && !s.announced[other.id] {
			newer++
		}
	}
	return newer < maxUnannounced
}

// announceStep publishes that the current version was promoted, or that the token of s.old was
// deleted. It can be interrupted here:
//
//	before the event is accepted        the next run publishes it
//	its answer is lost, or after it     the next run publishes it again
//	after the label has moved           nothing is left to do
//
// A deletion has no label of its own. The run remembers that it was announced, and removes the date
// of the version. So a run that dies in between leaves the date, and the next run repeats both.
func (r *run) announceStep(ctx context.Context, m Managed, o observation, s step) error {
	a := Announcement{Kind: TokenPromoted, Stack: r.stack, Name: m.Name, SecretARN: o.arn,
		Version: s.subject}
	credential := o.current.credential
	if s.old.id != "" {
		// a second list must confirm that the token is gone: the first may have been stale
		r.live = nil
		live, err := r.list(ctx, o.auth)
		if err != nil || find(live, s.old.credential.ID) != nil {
			return err
		}
		a.Kind, credential = TokenDeleted, s.old.credential
		a.Deadline = earliest(s.old.since.Add(m.RetireAfter), o.now)
	} else {
		a.Deadline = o.deadline(m)
	}
	a.TokenID, a.Hash = credential.ID, credential.Token.Hash()
	if err := r.announce(ctx, a); err != nil {
		return fmt.Errorf("%s of token %s: %w", a.Kind, a.TokenID, err)
	}
	if s.old.id != "" {
		r.progress.announced[s.old.id] = true
		return nil
	}
	return r.move(ctx, m, AnnouncedLabel, o.announcedID, o.current.id)
}

// deadline says until when the token that the current one replaced certainly works; zero if no such
// token lives.
func (o observation) deadline(m Managed) time.Time {
	for _, old := range o.earlier {
		id := old.credential.ID
		switch {
		case !old.isPrevious || id == o.current.credential.ID || o.find(id) == nil:
		case old.since.IsZero():
			return o.now.Add(m.RetireAfter) // the date failed in this run, and will be later
		default:
			return old.since.Add(m.RetireAfter)
		}
	}
	return time.Time{}
}

// earliest returns the earlier of two times.
func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
