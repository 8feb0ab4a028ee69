package rotate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// act does one step.
func (r *run) act(ctx context.Context, m Managed, o observation, s step) error {
	switch s.action {
	case unmark:
		return r.move(ctx, m, secrets.Pending, o.pendingID, "")
	case watch:
		return r.move(ctx, m, watchLabel(r.now(), o.pendingID), "", o.current.id)
	case unwatch:
		return r.move(ctx, m, s.watch.label, s.watch.holderID, "")
	case promote:
		return r.promote(ctx, m, o)
	case supersede:
		return r.supersede(ctx, m, s.old, s.again)
	case forget:
		return r.forget(ctx, m, o, s.old)
	case retire:
		return r.delete(ctx, m, o, s.old.credential.ID)
	case sweep:
		return r.sweep(ctx, m, o, s.orphan)
	case edit:
		return r.edit(ctx, m, o)
	case create:
		return r.create(ctx, m, o, r.intent.rotation)
	}
	return fmt.Errorf("no such step: %s", s.action)
}

// move moves a label, and remembers when this run has changed the secret.
func (r *run) move(ctx context.Context, m Managed, stage, from, to string) error {
	err := r.store.MoveStage(ctx, m.SecretID, stage, from, to)
	if err == nil {
		r.wrote[m.SecretID] = r.now()
	}
	return err
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
	if err == nil {
		r.wrote[m.SecretID] = r.now()
		return nil
	}
	// A refusal is about the last attempt. An earlier one may have stored the token, and lost its answer. A version never
	// changes its value: one that holds another token will never hold this one. In any other case the token stays, and a
	// later run sweeps it, once no attempt can be on its way.
	held, readErr := r.read(ctx, m, rotation)
	switch {
	case readErr == nil && held.credential.ID == credential.ID:
		return nil
	case readErr == nil, errors.Is(readErr, errNoCredential):
		return errors.Join(err, r.tokens.Delete(ctx, o.auth.Token, o.auth.Username, credential.ID))
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
	r.intent.creates--
	r.live = nil
	created, err := r.tokens.Create(ctx, o.auth.Token, o.auth.Username, tokens.CreateRequest{
		Scopes: scopes, Note: o.notePrefix + rotation, AllowedURLs: m.AllowedURLs,
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

// refundCreate lets the run create another token in the place of one that is not there: what fails again and again must
// not take another token's turn.
func (r *run) refundCreate(ctx context.Context, o observation, rotation string) {
	live, err := r.list(ctx, o.auth)
	if err == nil && !slices.ContainsFunc(live, func(t tokens.Metadata) bool { return t.Note == o.notePrefix+rotation }) {
		r.intent.creates++
	}
}

// edit gives a public token the scopes and URLs of its configuration. Doing it twice does no harm.
func (r *run) edit(ctx context.Context, m Managed, o observation) error {
	request := tokens.UpdateRequest{Scopes: tokens.Set(m.Scopes), AllowedURLs: tokens.Remove[[]string]()}
	if m.AllowedURLs != nil {
		request.AllowedURLs = tokens.Set(m.AllowedURLs)
	}
	r.live = nil
	_, err := r.tokens.Update(ctx, o.auth.Token, o.auth.Username, o.current.credential.ID, request)
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
		case len(s.labels) == 0 && (find(r.live, s.credential.ID) != nil || o.now.Sub(s.created) < orphanAge || s.unread()):
			// The proof's list shows the pending token, so it is not much behind; but what was stored just now may be newer than that.
			err = r.supersede(ctx, m, s, slices.ContainsFunc(o.superseded, o.isDoubtful)) // which must not hide the doubt
		}
		if err != nil {
			return err
		}
	}
	return r.move(ctx, m, secrets.Current, o.current.id, o.pending.id)
}

// expectPending looks at the labels again, since the proof takes its time. Meanwhile another run may have promoted the token, and a person have
// rolled it back: AWSCURRENT is then where it was, and would move once more.
func (r *run) expectPending(ctx context.Context, m Managed, o observation) error {
	d, err := r.store.Describe(ctx, m.SecretID)
	if err != nil {
		return err
	}
	currentID, _ := d.VersionAt(secrets.Current)
	if currentID != o.current.id || !d.Has(o.pending.id, secrets.Pending) || wasCurrent(o.pending.id, d.Stages[o.pending.id], r.now()) {
		return fmt.Errorf("version %s is not pending beside %s any more: %w", o.pending.id, o.current.id, secrets.ErrConflict)
	}
	return nil
}

// supersede dates a version that was replaced. The date is of now, not of when the run began to look: it must not be earlier than the
// promotion, which another run may have made meanwhile. Dates that it had before go.
func (r *run) supersede(ctx context.Context, m Managed, old superseded, again bool) error {
	label := supersededLabel(r.now(), old.id)
	if again {
		label = supersededPrefix + againMark + strings.TrimPrefix(label, supersededPrefix)
	}
	if slices.Contains(old.labels, label) {
		return nil
	}
	if err := r.move(ctx, m, label, "", old.id); err != nil {
		return err
	}
	return r.undate(ctx, m, old)
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
		if err := r.move(ctx, m, label, old.id, ""); err != nil {
			return err
		}
	}
	return nil
}

// abandon takes AWSPENDING off a token that does not work. If it lives and is ours, its note still leads to the version, which is then dated
// like one that was replaced.
func (r *run) abandon(ctx context.Context, m Managed, o observation) error {
	r.logger.ErrorContext(ctx, "pending token is given up", "secret", m.SecretID, "version", o.pending.id, "tokenId", o.pending.credential.ID)
	return r.move(ctx, m, secrets.Pending, o.pending.id, "")
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
	if err := r.expectUnused(ctx, o, id); err != nil {
		return err
	}
	if err := r.proveCurrent(ctx, m, o, id); err != nil {
		if k, isKept := errors.AsType[kept](err); isKept {
			return k
		}
		return fmt.Errorf("token %s is not deleted: %w", id, err)
	}
	r.intent.deletes--
	r.live = nil
	err := r.tokens.Delete(ctx, o.auth.Token, o.auth.Username, id)
	if err == nil {
		return nil
	}
	live, listErr := r.list(ctx, o.auth)
	switch upstream, ok := errors.AsType[*tokens.Error](err); {
	case listErr != nil:
	case find(live, id) != nil:
		r.intent.deletes++ // what cannot be deleted must not take another token's turn
	case ok && upstream.Status == http.StatusNotFound:
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
	if why := r.needsBy(ctx, m, o, d, id); why != "" {
		return kept("token " + id + " is kept: " + why)
	}
	currentID, _ := d.VersionAt(secrets.Current)
	current, err := r.read(ctx, m, currentID)
	if errors.Is(err, errNoCredential) && errors.Is(o.current.err, errNoCredential) {
		return nil // there is none yet
	}
	if err != nil {
		return err
	}
	usage := current.credential.Token.Usage()
	if usage == tokens.UsageTemporary || o.isParent && usage != tokens.UsageSecret { // a person has stored it since the first look
		return kept("token " + id + " is kept: secret " + m.SecretID + " holds a temporary or public token")
	}
	if id == current.credential.ID || id == o.auth.ID {
		return kept("token " + id + " is kept: it is current in secret " + m.SecretID)
	}
	if err := r.proveAlive(ctx, current.credential, o.auth.Username); err != nil {
		return fmt.Errorf("current token: %w", err)
	}
	return nil
}
