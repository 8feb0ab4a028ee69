package rotate

import (
	"context"
	"errors"
	"fmt"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// act does one step.
func (r *run) act(ctx context.Context, m Managed, o observation, s step) error {
	switch s.action {
	case unmark:
		return r.store.MoveStage(ctx, m.SecretID, secrets.Pending, o.pendingID, "")
	case watch:
		return r.store.MoveStage(ctx, m.SecretID, watchLabel(r.now(), o.pendingID), "", o.current.id)
	case unwatch:
		return r.store.MoveStage(ctx, m.SecretID, s.watch.label, s.watch.holderID, "")
	case promote:
		return r.promote(ctx, m, o)
	case supersede:
		return r.supersede(ctx, m, s.old)
	case forget:
		return r.forget(ctx, m, o, s.old)
	case retire:
		return r.delete(ctx, m, o, s.old.credential.ID)
	case sweep:
		return r.sweep(ctx, m, o, s.orphan)
	case edit:
		return r.edit(ctx, m, o)
	case create:
		return r.create(ctx, m, o, r.wish.rotation)
	case refuse:
		return errors.New(s.why)
	}
	return fmt.Errorf("no such step: %s", s.action)
}

// create makes a successor and stores it as pending.
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
	if isDefinite(err) {
		// Certainly not stored, so nobody will ever know this token's value. Any other failure leaves it to the next run.
		undo := r.tokens.Delete(ctx, o.auth.Auth(), credential.ID)
		return errors.Join(err, undo)
	}
	return err
}

// createToken creates a token whose note names the rotation. An answer that is lost is not asked for again: the token may exist, and
// the next runs find it by its note.
func (r *run) createToken(ctx context.Context, m Managed, o observation, rotation string) (secrets.Credential, error) {
	scopes := m.Scopes
	if scopes == nil {
		current := o.find(o.current.credential.ID)
		if current == nil {
			return secrets.Credential{}, fmt.Errorf("token %s is not among the account's tokens", o.current.credential.ID)
		}
		scopes = current.Scopes
	}
	r.wish.creates--
	r.live = nil
	created, err := r.tokens.Create(ctx, o.auth.Auth(), tokens.CreateRequest{
		Scopes: scopes, Note: o.notePrefix + rotation, AllowedURLs: m.AllowedURLs,
	})
	if err != nil {
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

// edit gives a public token the scopes and URLs of its configuration. Doing it twice does no harm.
func (r *run) edit(ctx context.Context, m Managed, o observation) error {
	request := tokens.UpdateRequest{
		Scopes: m.Scopes, AllowedURLs: m.AllowedURLs, RemoveAllowedURLs: len(m.AllowedURLs) == 0,
	}
	r.live = nil
	_, err := r.tokens.Update(ctx, o.auth.Auth(), o.current.credential.ID, request)
	return err
}

// promote proves the pending token and makes it current, if the current version is still the one that was seen. A token that
// certainly does not work is given up, and the current one stays.
//
// AWSPREVIOUS moves along by itself and leaves the version that had it, which may be the only label there. So that version is dated
// first: without a label nobody would know that its token is in grace. And the date of an earlier grace goes from the version that is replaced:
// it would end the grace that begins now.
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
	for _, s := range o.superseded {
		var err error
		switch {
		case s.id == o.current.id:
			err = r.undate(ctx, m, s)
		case len(s.labels) == 0 && (find(r.live, s.credential.ID) != nil || o.now.Sub(s.created) < orphanAge):
			// The proof's list shows the pending token, so it is not much behind; but what was stored just now may be newer than that.
			err = r.supersede(ctx, m, s)
		}
		if err != nil {
			return err
		}
	}
	return r.store.MoveStage(ctx, m.SecretID, secrets.Current, o.current.id, o.pending.id)
}

// expectPending looks at the labels again, since the proof takes its time. Meanwhile another run may have promoted the token, and a person have
// rolled it back: AWSCURRENT is then where it was, and would move once more.
func (r *run) expectPending(ctx context.Context, m Managed, o observation) error {
	d, err := r.store.Describe(ctx, m.SecretID)
	if err != nil {
		return err
	}
	currentID, _ := d.VersionAt(secrets.Current)
	if currentID != o.current.id || !d.Has(o.pending.id, secrets.Pending) || wasCurrent(d.Stages[o.pending.id]) {
		return fmt.Errorf("version %s is not pending beside %s any more: %w", o.pending.id, o.current.id, secrets.ErrConflict)
	}
	return nil
}

// supersede dates a version that was replaced. The date is of now, not of when the run began to look: it must not be earlier than the
// promotion, which another run may have made meanwhile.
func (r *run) supersede(ctx context.Context, m Managed, old superseded) error {
	return r.store.MoveStage(ctx, m.SecretID, supersededLabel(r.now(), old.id), "", old.id)
}

// forget takes the date off a version that is current again, or whose token is gone. A second look must confirm it: what the decision rests on
// may be behind. A version that holds the same token as the current one needs no date in any case.
func (r *run) forget(ctx context.Context, m Managed, o observation, old superseded) error {
	switch {
	case old.id == o.current.id:
		if d, err := r.store.Describe(ctx, m.SecretID); err != nil || !d.Has(old.id, secrets.Current) {
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

// undate takes all dates off a version.
func (r *run) undate(ctx context.Context, m Managed, old superseded) error {
	for _, label := range old.labels {
		if err := r.store.MoveStage(ctx, m.SecretID, label, old.id, ""); err != nil {
			return err
		}
	}
	return nil
}

// abandon takes AWSPENDING off a token that does not work. If it lives and is ours, its note still leads to the version, which is then dated
// like one that was replaced.
func (r *run) abandon(ctx context.Context, m Managed, o observation) error {
	r.logger.ErrorContext(ctx, "pending token is given up", "secret", m.SecretID, "version", o.pending.id, "tokenId", o.pending.credential.ID)
	return r.store.MoveStage(ctx, m.SecretID, secrets.Pending, o.pending.id, "")
}

// sweep deletes a token that no version holds, which a second look must confirm: the first may have been at a copy of the secret that was
// behind.
func (r *run) sweep(ctx context.Context, m Managed, o observation, orphan tokens.Metadata) error {
	if held, err := r.holder(ctx, m, o.notePrefix, orphan); held != nil || err != nil {
		return err
	}
	return r.delete(ctx, m, o, orphan.ID)
}

// delete deletes a token that has had its time, once it is proved again that the one in its place works. Mapbox answers 404
// for a token that is gone and for a lack of scopes alike, so a 404 counts as gone only if the token is no longer listed.
func (r *run) delete(ctx context.Context, m Managed, o observation, id string) error {
	if err := r.proveCurrent(ctx, m, o, id); err != nil {
		return fmt.Errorf("token %s is not deleted: %w", id, err)
	}
	r.wish.deletes--
	r.live = nil
	err := r.tokens.Delete(ctx, o.auth.Auth(), id)
	if !errors.Is(err, tokens.ErrNotFound) {
		return err
	}
	live, listErr := r.list(ctx, o.auth)
	if listErr == nil && find(live, id) == nil {
		return nil
	}
	return errors.Join(err, listErr)
}

// proveCurrent reads the current version anew and shows that its token works and is not the one to delete.
func (r *run) proveCurrent(ctx context.Context, m Managed, o observation, id string) error {
	if o.current.id == "" {
		return nil // there has never been one: id was lost on its way to be the first
	}
	d, err := r.store.Describe(ctx, m.SecretID) // again, for a person may have rolled back meanwhile
	if err != nil {
		return err
	}
	currentID, _ := d.VersionAt(secrets.Current)
	current, err := r.read(ctx, m, currentID)
	if err != nil {
		return err
	}
	if id == current.credential.ID || id == o.auth.ID {
		return errors.New("it is in use")
	}
	if err := r.proveAlive(ctx, current.credential, o.auth.Username); err != nil {
		return fmt.Errorf("current token: %w", err)
	}
	return nil
}

// isDefinite reports whether a store's error means that the call certainly had no effect.
func isDefinite(err error) bool {
	for _, definite := range []error{secrets.ErrNotFound, secrets.ErrExists, secrets.ErrConflict, secrets.ErrDenied, secrets.ErrInvalid} {
		if errors.Is(err, definite) {
			return true
		}
	}
	return false
}
