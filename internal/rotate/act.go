package rotate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// act does one step.
func (r *run) act(ctx context.Context, m Managed, o observation, s step) error {
	switch s.action {
	case drop:
		return r.move(ctx, m, secrets.Pending, o.pendingID, "")
	case watch:
		return r.move(ctx, m, watchLabel(r.now(), o.pendingID), "", o.current.id)
	case unwatch:
		return r.move(ctx, m, s.watch.label, s.watch.holderID, "")
	case promote:
		return r.promote(ctx, m, o)
	case date:
		return r.date(ctx, m, s.old, s.again)
	case forget:
		return r.forget(ctx, m, o, s.old)
	case retire:
		return r.delete(ctx, m, o, s.old.credential.ID)
	case sweep:
		return r.sweep(ctx, m, o, s.orphan)
	case edit:
		return r.edit(ctx, m, o)
	case announce:
		return r.announceStep(ctx, m, o, s)
	case create:
		return r.create(ctx, m, o, r.request.rotation)
	}
	return fmt.Errorf("no such step: %s", s.action)
}

// move moves a label, and records when this run changed the secret.
func (r *run) move(ctx context.Context, m Managed, stage, from, to string) error {
	err := r.store.MoveStage(ctx, m.SecretID, stage, from, to)
	if err == nil {
		r.wrote[m.SecretID] = r.now()
	}
	return err
}

// create creates a successor and stores it as pending. If the version certainly holds another
// token, it deletes its own at once.
func (r *run) create(ctx context.Context, m Managed, o observation, rotation string) error {
	credential, err := r.createToken(ctx, m, o, rotation)
	if err != nil {
		return err
	}
	value, err := credential.Encode()
	if err != nil {
		return err
	}
	err = r.store.Put(ctx, m.SecretID, rotation, value, secrets.Pending)
	if err == nil {
		r.wrote[m.SecretID] = r.now()
		return nil
	}
	// A refusal is about the last attempt only: an earlier attempt may have stored the token. A
	// version never changes its value. So if it holds another token, it will never hold this one,
	// and this token is deleted. In any other case the token stays, and a later run sweeps it.
	held, readErr := r.read(ctx, m, rotation)
	switch {
	case readErr == nil && held.credential.ID == credential.ID:
		return nil
	case readErr == nil, errors.Is(readErr, errNoCredential):
		return errors.Join(err, r.tokens.Delete(ctx, o.auth.Auth(), credential.ID))
	}
	return err
}

// createToken creates a token whose note names the rotation. If the answer is lost, it does not try
// again: the token may exist, and later runs find it by its note.
func (r *run) createToken(
	ctx context.Context, m Managed, o observation, rotation string,
) (secrets.Credential, error) {
	scopes := m.Scopes
	if scopes == nil {
		current := o.find(o.current.credential.ID)
		if current == nil {
			return secrets.Credential{},
				fmt.Errorf("token %s is not among the account's tokens", o.current.credential.ID)
		}
		scopes = current.Scopes
	}
	r.progress.creates--
	r.live = nil
	created, err := r.tokens.Create(ctx, o.auth.Auth(), tokens.CreateRequest{
		Scopes: scopes, Note: o.notePrefix + rotation, AllowedURLs: m.AllowedURLs,
		AllowedApplications: m.AllowedApplications,
	})
	if err != nil {
		r.refundCreate(ctx, o, rotation)
		return secrets.Credential{}, err
	}
	return secrets.Credential{
		Token:    created.Token,
		Username: o.auth.Username,
		ID:       created.ID,
		Scopes:   scopes,
		Created:  o.now,
		Rotation: rotation,
	}, nil
}

// refundCreate restores the budget if no token was created: a create that always fails must not
// block other tokens.
func (r *run) refundCreate(ctx context.Context, o observation, rotation string) {
	live, err := r.list(ctx, o.auth)
	isOurs := func(t tokens.Metadata) bool { return t.Note == o.notePrefix+rotation }
	if err == nil && !slices.ContainsFunc(live, isOurs) {
		r.progress.creates++
	}
}

// edit gives a public token the scopes and URLs of its configuration. It can be repeated safely.
func (r *run) edit(ctx context.Context, m Managed, o observation) error {
	request := tokens.UpdateRequest{
		Scopes: m.Scopes, AllowedURLs: m.AllowedURLs, RemoveAllowedURLs: len(m.AllowedURLs) == 0,
	}
	r.live = nil
	_, err := r.tokens.Update(ctx, o.auth.Auth(), o.current.credential.ID, request)
	return err
}

// promote proves the pending token and makes it current, if the current version is still the one
// that was observed. A token that certainly fails its proof is abandoned, and the current token
// stays.
//
// A promotion moves AWSPREVIOUS from the version that has it, which may have no other label. So
// that version is dated first: without a label no run would know its grace period. A version that
// is about to be replaced loses its earlier date, which would end its new grace period too soon.
func (r *run) promote(ctx context.Context, m Managed, o observation) error {
	if err := r.prove(ctx, m, o); err != nil {
		if !errors.Is(err, errUnfit) {
			return err
		}
		return errors.Join(err, r.abandon(ctx, m, o))
	}
	if err := r.expectPending(ctx, m, o); err != nil {
		return err
	}
	for _, s := range o.earlier {
		var err error
		switch {
		case s.id == o.current.id:
			err = r.undate(ctx, m, s)
		case len(s.labels) == 0 &&
			(find(r.live, s.credential.ID) != nil || o.now.Sub(s.created) < orphanAge ||
				s.unread()):
			// The list of the proof shows the pending token, so it is recent. A token stored just
			// now may be newer still.
			// the date must not hide the doubt
			again := slices.ContainsFunc(o.earlier, o.isDoubtful)
			err = r.date(ctx, m, s, again)
		}
		if err != nil {
			return err
		}
	}
	return r.move(ctx, m, secrets.Current, o.current.id, o.pending.id)
}

// expectPending reads the labels again, since a proof takes time. Meanwhile another run may have
// promoted the token, and a person may have rolled back: AWSCURRENT would then move a second time.
func (r *run) expectPending(ctx context.Context, m Managed, o observation) error {
	d, err := r.store.Describe(ctx, m.SecretID)
	if err != nil {
		return err
	}
	currentID, _ := d.VersionAt(secrets.Current)
	isPending := d.Has(o.pending.id, secrets.Pending) &&
		!wasCurrent(o.pending.id, d.Stages[o.pending.id], r.now())
	if currentID != o.current.id || !isPending {
		return fmt.Errorf("version %s is no longer pending beside %s: %w",
			o.pending.id, o.current.id, secrets.ErrConflict)
	}
	return nil
}

// date dates a replaced version and removes its earlier dates. The date is now, not the start
// of the run: it must not be earlier than a promotion by another run.
func (r *run) date(ctx context.Context, m Managed, old earlier, again bool) error {
	label := dateLabel(r.now(), old.id)
	if again {
		label = datePrefix + againMark + strings.TrimPrefix(label, datePrefix)
	}
	if slices.Contains(old.labels, label) {
		return nil
	}
	if err := r.move(ctx, m, label, "", old.id); err != nil {
		return err
	}
	return r.undate(ctx, m, old)
}

// forget removes the dates of a version that is current again or whose token is gone. A second read
// must confirm that: the first may have been stale. A version with the same token as the current
// one needs no date in any case.
func (r *run) forget(ctx context.Context, m Managed, o observation, old earlier) error {
	switch {
	case old.id == o.current.id:
		if d, err := r.store.Describe(ctx, m.SecretID); err != nil ||
			!d.Has(old.id, secrets.Current) {
			return err
		}
	case old.credential.ID != o.current.credential.ID:
		r.live = nil
		if live, err := r.list(ctx, o.auth); err != nil || find(live, old.credential.ID) != nil {
			return err
		}
	}
	return r.undate(ctx, m, old)
}

// undate removes all dates from a version.
func (r *run) undate(ctx context.Context, m Managed, old earlier) error {
	for _, label := range old.labels {
		if err := r.move(ctx, m, label, old.id, ""); err != nil {
			return err
		}
	}
	return nil
}

// abandon removes AWSPENDING from a token that does not work. If the token is ours and lives, its
// note leads to the version, which is then dated like a replaced one.
func (r *run) abandon(ctx context.Context, m Managed, o observation) error {
	r.logger.ErrorContext(ctx, "pending token is given up",
		"secret", m.SecretID, "version", o.pending.id, "tokenId", o.pending.credential.ID)
	return r.move(ctx, m, secrets.Pending, o.pending.id, "")
}
