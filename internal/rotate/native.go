package rotate

import (
	"context"
	"errors"
	"fmt"

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
	id := e.ClientRequestToken
	labels, known := d.Stages[id]
	switch {
	case h.parent.SecretID != d.ARN && h.parent.SecretID != d.Name:
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
	return h.step(ctx, h.parent, e.Step, id)
}

func (h *Handler) step(ctx context.Context, m Managed, name, id string) error {
	o, err := h.observe(ctx, m)
	if err != nil {
		return err
	}
	if name == "createSecret" {
		return h.createSecret(ctx, m, o, id)
	}
	if o.pending == nil || o.pending.id != id {
		return fmt.Errorf("version %s of secret %s holds no value yet", id, m.SecretID)
	}
	switch name {
	case "testSecret":
		return h.prove(ctx, o.pending.credential, o.current.credential.Username, o.live)
	case "finishSecret":
		return h.promote(ctx, m, o)
	}
	return nil // setSecret: Mapbox made the token valid when it created it
}

// createSecret creates the successor unless an earlier delivery has. A token that bears this rotation's note and is not stored was
// lost, or its creator is still at work: nothing is created beside it until it is old enough to be swept.
func (h *Handler) createSecret(ctx context.Context, m Managed, o observation, id string) error {
	if o.pending != nil {
		return nil
	}
	for _, t := range o.live {
		if rotation, _ := rotationOf(t.Note, o.notePrefix); rotation != id {
			continue
		}
		if o.now.Sub(t.Created) < orphanAge {
			return errors.New("an earlier attempt at this rotation may still be at work")
		}
		if err := h.retire(ctx, m, o, t.ID); err != nil {
			return err
		}
	}
	return h.create(ctx, m, o, id)
}
