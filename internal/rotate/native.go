package rotate

import (
	"context"
	"errors"
	"fmt"

	"github.com/tokenmint/tokenmint/internal/secrets"
)

// handleStep answers one step of Secrets Manager's own rotation. The service repeats steps, so each
// step first checks whether it is done. A step does its work with the same functions as a
// heartbeat.
// Source:
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
func (h *Handler) handleStep(ctx context.Context, e event) error {
	d, err := h.store.Describe(ctx, e.SecretID)
	if err != nil {
		return err
	}
	m, ok := h.managedIn(d)
	if !ok {
		return fmt.Errorf("secret %s is not one that this function rotates", e.SecretID)
	}
	if err := expectRotation(d, e.ClientRequestToken); err != nil {
		return err
	}
	if d.Has(e.ClientRequestToken, secrets.Current) {
		return nil // an earlier delivery has promoted it
	}
	var auth *secrets.Credential
	if m.SecretID != h.parent.SecretID {
		parent, err := h.parentCredential(ctx)
		if err != nil {
			return fmt.Errorf("parent: %w", err)
		}
		auth = &parent
	}
	r := h.newRun(request{rotation: e.ClientRequestToken})
	r.progress.creates = 1
	return r.step(ctx, m, auth, e.Step)
}

// managedIn returns the managed token that the secret holds.
func (h *Handler) managedIn(d secrets.Description) (Managed, bool) {
	for _, m := range h.managed() {
		if m.SecretID == d.ARN || m.SecretID == d.Name {
			return m, true
		}
	}
	return Managed{}, false
}

// expectRotation checks that the service rotates the secret to this version.
func expectRotation(d secrets.Description, id string) error {
	labels, known := d.Stages[id]
	switch {
	case !d.RotationEnabled:
		return fmt.Errorf("rotation of secret %s is switched off", d.Name)
	case !known:
		return fmt.Errorf("secret %s has no version %s to rotate to", d.Name, id)
	case !d.Has(id, secrets.Current) && !d.Has(id, secrets.Pending):
		return fmt.Errorf("version %s of secret %s is not pending; its labels are %v", id,
			d.Name, labels)
	}
	return nil
}

// step does one step of a rotation. It does nothing if the step is already done.
func (r *run) step(ctx context.Context, m Managed, auth *secrets.Credential, name string) error {
	var o observation
	var at phase
	err := r.await(ctx, func() (done bool, err error) {
		if o, err = r.observe(ctx, m, auth); err != nil {
			return false, err
		}
		at, err = r.phase(m, o)
		// After createSecret has succeeded, a version without a value is a stale read.
		return name == "createSecret" || at != registered, err
	})
	switch {
	case err != nil:
		return err
	case at == promoted:
		return nil
	case at == registered && name == "createSecret":
		return r.createSecret(ctx, m, o)
	case at == registered:
		return fmt.Errorf("version %s of secret %s holds no value yet", r.request.rotation,
			m.SecretID)
	case name == "testSecret":
		return r.prove(ctx, m, o)
	case name == "finishSecret":
		return r.promote(ctx, m, o)
	}
	// createSecret is done. setSecret has no work: Mapbox made the token valid when it created it
	return nil
}

// phase is how far a rotation of Secrets Manager's own has come.
type phase int

const (
	registered phase = iota // the version has no value
	stored                  // it has a value
	promoted                // it is current
)

// phase says how far this rotation has come, or why it cannot go on.
func (r *run) phase(m Managed, o observation) (phase, error) {
	id := r.request.rotation
	switch {
	case o.current.id == "":
		return 0, fmt.Errorf("secret %s has no current version: the heartbeat stores the first",
			m.SecretID)
	case o.current.id == id:
		return promoted, nil
	case o.pendingID != id:
		return 0, fmt.Errorf("version %s of secret %s is not pending any more", id, m.SecretID)
	case o.pending == nil:
		return registered, nil
	case o.isEarlier(id):
		return 0, fmt.Errorf("version %s of secret %s was overtaken by another one", id, m.SecretID)
	}
	return stored, nil
}

// createSecret creates the successor. A token with this rotation's note that no version holds was
// lost, or its creator is still at work. So no other is created until that token is old enough to
// be deleted.
func (r *run) createSecret(ctx context.Context, m Managed, o observation) error {
	for _, t := range o.live {
		if rotation, _ := rotationOf(t.Note, o.notePrefix); rotation != r.request.rotation {
			continue
		}
		if o.now.Sub(t.Created) < orphanAge {
			return errors.New("an earlier attempt at this rotation may still be at work")
		}
		if held, err := r.versionOf(ctx, m, o.notePrefix, t); held != nil || err != nil {
			return err // the version has a value after all
		}
		// What cannot be deleted must not hold up the rotation: a heartbeat sweeps it.
		if err := r.delete(ctx, m, o, t.ID); err != nil {
			if ctx.Err() != nil {
				return err
			}
			r.logger.WarnContext(ctx, "lost token of an earlier attempt stays", "secret",
				m.SecretID, "tokenId", t.ID, "cause", err)
		}
	}
	if n := o.ours(); n >= maxLive {
		return fmt.Errorf("%d tokens of this name are alive: delete some of them, or wait for "+
			"their grace periods to end", n)
	}
	return r.create(ctx, m, o, r.request.rotation)
}
