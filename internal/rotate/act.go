package rotate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// act does one step.
func (h *Handler) act(ctx context.Context, m Managed, o observation, w wish, s step) error {
	switch s.action {
	case unmark:
		return h.store.MoveStage(ctx, m.SecretID, secrets.Pending, o.pendingID, "")
	case promote:
		return h.promote(ctx, m, o)
	case supersede:
		return h.store.MoveStage(ctx, m.SecretID, supersededLabel(o.now, s.old.id), "", s.old.id)
	case forget:
		return h.store.MoveStage(ctx, m.SecretID, s.old.label, s.old.id, "")
	case retire:
		return h.retire(ctx, m, o, s.old.credential.ID)
	case sweep:
		return h.retire(ctx, m, o, s.orphan.ID)
	case create:
		return h.create(ctx, m, o, w.rotation)
	case refuse:
		return fmt.Errorf("a successor is due, but %d tokens of this name are alive already: delete some, or wait for their grace to end", o.ours())
	}
	return fmt.Errorf("no such step: %s", s.action)
}

// create makes a successor with the scopes of the current token and stores it as pending.
func (h *Handler) create(ctx context.Context, m Managed, o observation, rotation string) error {
	credential, err := h.createToken(ctx, o, rotation)
	if err != nil {
		return err
	}
	value, err := credential.Encode()
	if err != nil {
		return err
	}
	err = h.store.Put(ctx, m.SecretID, rotation, value, secrets.Pending)
	if isDefinite(err) {
		// Certainly not stored, so nobody will ever know this token's value. Any other failure leaves it to the next run.
		undo := h.tokens.Delete(ctx, o.current.credential.Token, credential.Username, credential.ID)
		return errors.Join(err, undo)
	}
	return err
}

// createToken creates a token whose note names the rotation. An answer that is lost is not asked for again: the token may exist, and
// the next runs find it by its note.
func (h *Handler) createToken(ctx context.Context, o observation, rotation string) (secrets.Credential, error) {
	current := o.current.credential
	scopes, err := scopesOf(o.live, current.ID)
	if err != nil {
		return secrets.Credential{}, err
	}
	note := o.notePrefix + rotation
	created, err := h.tokens.Create(ctx, current.Token, current.Username, tokens.CreateRequest{Scopes: scopes, Note: note})
	if err != nil {
		return secrets.Credential{}, err
	}
	return secrets.Credential{
		Token:    created.Token,
		Username: current.Username,
		ID:       created.ID,
		Scopes:   scopes,
		Created:  o.now,
		Rotation: rotation,
	}, nil
}

// scopesOf returns the scopes of a live token, which its value does not tell.
func scopesOf(live []tokens.Metadata, id string) ([]string, error) {
	for _, t := range live {
		if t.ID == id {
			return t.Scopes, nil
		}
	}
	return nil, fmt.Errorf("token %s is not among the account's tokens", id)
}

// promote proves the pending token and makes it current, if the current version is still the one that was seen. A token that
// certainly does not work is given up, and the current one stays.
func (h *Handler) promote(ctx context.Context, m Managed, o observation) error {
	if err := h.prove(ctx, o.pending.credential, o.current.credential.Username, o.live); err != nil {
		if !errors.Is(err, errUnfit) {
			return err
		}
		return errors.Join(err, h.abandon(ctx, m, o))
	}
	return h.store.MoveStage(ctx, m.SecretID, secrets.Current, o.current.id, o.pending.id)
}

// abandon takes AWSPENDING off a token that does not work. The token itself, if it lives and is ours, is an orphan from
// then on.
func (h *Handler) abandon(ctx context.Context, m Managed, o observation) error {
	h.logger.ErrorContext(ctx, "pending token is given up", "secret", m.SecretID, "version", o.pending.id, "tokenId", o.pending.credential.ID)
	return h.store.MoveStage(ctx, m.SecretID, secrets.Pending, o.pending.id, "")
}

// retire deletes a token, once it is proved again that the current one works. Mapbox answers 404 for a token that is gone
// and for a lack of scopes alike, so a 404 counts as gone only if the token is no longer listed.
func (h *Handler) retire(ctx context.Context, m Managed, o observation, id string) error {
	current, err := h.read(ctx, m, o.current.id)
	if err != nil {
		return err
	}
	if err := h.proveAlive(ctx, current.credential, current.credential.Username); err != nil {
		return fmt.Errorf("nothing is deleted: current token: %w", err)
	}
	if id == current.credential.ID {
		return fmt.Errorf("token %s is the current one: not deleted", id)
	}
	h.logger.InfoContext(ctx, "delete token", slog.String("secret", m.SecretID), slog.String("tokenId", id))
	err = h.tokens.Delete(ctx, current.credential.Token, current.credential.Username, id)
	if upstream, ok := errors.AsType[*tokens.Error](err); !ok || upstream.Status != http.StatusNotFound {
		return err
	}
	live, listErr := h.list(ctx, current.credential)
	if listErr == nil && !isLive(live, id) {
		return nil
	}
	return errors.Join(err, listErr)
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
