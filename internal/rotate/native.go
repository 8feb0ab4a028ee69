package rotate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
)

// handleStep answers one step of Secrets Manager's own rotation. The service repeats steps, so each finds out first what is
// there; what it does is what a run of the schedule does.
// Source: https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
func (h *Handler) handleStep(ctx context.Context, e event) error {
	d, err := h.store.Describe(ctx, e.SecretID)
	if err != nil {
		return err
	}
	m, ok := h.managedIn(d)
	id := e.ClientRequestToken
	labels, known := d.Stages[id]
	switch {
	case !ok:
		return fmt.Errorf("secret %s is not one that this function rotates", e.SecretID)
	case !d.RotationEnabled:
		return fmt.Errorf("rotation of secret %s is switched off", d.Name)
	case !known:
		return fmt.Errorf("secret %s has no version %s to rotate to", d.Name, id)
	case d.Has(id, secrets.Current):
		return nil // an earlier delivery got this far
	case !d.Has(id, secrets.Pending):
		return fmt.Errorf("version %s of secret %s is not pending; its labels are %v", id, d.Name, labels)
	}
	var auth *secrets.Credential
	if m.SecretID != h.parent.SecretID {
		parent, err := h.parentCredential(ctx)
		if err != nil {
			return fmt.Errorf("parent: %w", err)
		}
		auth = &parent
	}
	r := &run{Handler: h, wrote: map[string]time.Time{}, unseenAt: map[string]time.Time{}, intent: intent{rotation: id, deletes: h.deletes, creates: 1}}
	return r.step(ctx, m, auth, e.Step)
}

// managedIn returns the managed token that the secret holds.
func (h *Handler) managedIn(d secrets.Description) (Managed, bool) {
	for _, m := range append([]Managed{h.parent}, h.further...) {
		if m.SecretID == d.ARN || m.SecretID == d.Name {
			return m, true
		}
	}
	return Managed{}, false
}

func (r *run) step(ctx context.Context, m Managed, auth *secrets.Credential, name string) error {
	var o observation
	err := r.await(ctx, func() (done bool, err error) {
		o, err = r.observe(ctx, m, auth)
		// After createSecret has succeeded, a version without a value is a read that is behind.
		return name == "createSecret" || o.current.id == "" || o.pending != nil || o.pendingID != r.intent.rotation, err
	})
	if err != nil {
		return err
	}
	switch {
	case o.current.id == "":
		return fmt.Errorf("secret %s has no current version: the heartbeat stores the first", m.SecretID)
	case o.current.id == r.intent.rotation:
		return nil // another run has promoted it meanwhile
	case o.pendingID != r.intent.rotation:
		return fmt.Errorf("version %s of secret %s is not pending any more", r.intent.rotation, m.SecretID)
	case o.pending != nil && o.isSuperseded(o.pendingID):
		return fmt.Errorf("version %s of secret %s was overtaken by another one", o.pendingID, m.SecretID)
	case name == "createSecret":
		return r.createSecret(ctx, m, o)
	case o.pending == nil:
		return fmt.Errorf("version %s of secret %s holds no value yet", r.intent.rotation, m.SecretID)
	}
	switch name {
	case "testSecret":
		return r.prove(ctx, m, o)
	case "finishSecret":
		return r.promote(ctx, m, o)
	}
	return nil // setSecret: Mapbox made the token valid when it created it
}

// createSecret creates the successor unless an earlier delivery has. A token that bears this rotation's note and is not stored was
// lost, or its creator is still at work: nothing is created beside it until it is old enough to be swept.
func (r *run) createSecret(ctx context.Context, m Managed, o observation) error {
	if o.pending != nil {
		return nil
	}
	for _, t := range o.live {
		if rotation, _ := rotationOf(t.Note, o.notePrefix); rotation != r.intent.rotation {
			continue
		}
		if o.now.Sub(t.Created) < orphanAge {
			return errors.New("an earlier attempt at this rotation may still be at work")
		}
		if held, err := r.holder(ctx, m, o.notePrefix, t); held != nil || err != nil {
			return err // the version has a value after all
		}
		// What cannot be deleted must not hold up the rotation: a heartbeat sweeps it.
		if err := r.delete(ctx, m, o, t.ID); err != nil {
			if ctx.Err() != nil {
				return err
			}
			r.logger.WarnContext(ctx, "lost token of an earlier attempt stays", "secret", m.SecretID, "tokenId", t.ID, "cause", err)
		}
	}
	if n := o.ours(); n >= maxLive {
		return fmt.Errorf("%d tokens of this name are alive: delete some of them, or wait for their grace to end", n)
	}
	return r.create(ctx, m, o, r.intent.rotation)
}
