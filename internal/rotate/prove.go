package rotate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

const (
	// settleLimit bounds the wait until a token that was just created is known everywhere at Mapbox, and until a value that was just put can be
	// read from Secrets Manager.
	settleLimit = 30 * time.Second
	settlePause = 500 * time.Millisecond // the first

	// proofLife is how long the temporary token lives that a proof mints.
	proofLife = time.Minute
)

// errUnfit means that a token certainly does not do what it must, or does more. Any other error of a proof leaves that open.
var errUnfit = errors.New("token is unfit")

// prove shows that the pending credential can take the current one's place: Mapbox calls it valid and names the same id and user, lists it
// with the scopes that it was stored with, and mints with it if it has tokens:write; and it does not mint what it must not. A parent must be
// able to mint, and to list what the next rotation finds.
func (r *run) prove(ctx context.Context, m Managed, o observation) error {
	if o.pending.err != nil {
		return fmt.Errorf("%w: %w", errUnfit, o.pending.err)
	}
	c := o.pending.credential
	for _, scope := range []string{"tokens:read", "tokens:write"} {
		if m.SecretID == r.parent.SecretID && !slices.Contains(c.Scopes, scope) {
			return fmt.Errorf("%w: a parent without the scope %s is none", errUnfit, scope)
		}
	}
	if err := r.proveAlive(ctx, c, o.auth.Username); err != nil {
		return err
	}
	if err := r.proveScopes(ctx, c, o.auth); err != nil {
		return err
	}
	if c.Token.Usage() == tokens.UsagePublic {
		return nil // it can authorise nothing
	}
	if slices.Contains(c.Scopes, "tokens:write") {
		if err := r.proveMints(ctx, m, c); err != nil {
			return err
		}
	}
	return r.proveBounded(ctx, c)
}

// proveAlive waits until Mapbox calls the token valid, and compares whose it is.
func (h *Handler) proveAlive(ctx context.Context, c secrets.Credential, username string) error {
	var got tokens.Retrieved
	err := h.await(ctx, func() (done bool, err error) {
		got, err = h.tokens.Retrieve(ctx, c.Token)
		return got.Verdict != tokens.VerdictInvalid, err
	})
	switch {
	case err != nil:
		return err
	case got.Verdict != tokens.VerdictValid:
		return fmt.Errorf("%w: Mapbox calls it %s", errUnfit, got.Verdict)
	case got.ID != c.ID || got.User != c.Username || c.Username != username:
		return fmt.Errorf("%w: it is token %s of user %s, and should be %s of %s", errUnfit, got.ID, got.User, c.ID, username)
	}
	return nil
}

// proveScopes compares the scopes that the token was stored with to those that Mapbox lists for it.
func (r *run) proveScopes(ctx context.Context, c, auth secrets.Credential) error {
	var listed *tokens.Metadata
	err := r.await(ctx, func() (bool, error) {
		live, err := r.list(ctx, auth)
		if listed = find(live, c.ID); listed == nil {
			r.live = nil // ask again
		}
		return listed != nil, err
	})
	switch {
	case err != nil:
		return err
	case listed == nil:
		return fmt.Errorf("token %s is not among the account's tokens", c.ID)
	case !sameSet(listed.Scopes, c.Scopes):
		return fmt.Errorf("%w: its scopes are %s, and should be %s", errUnfit, strings.Join(listed.Scopes, " "), strings.Join(c.Scopes, " "))
	}
	return nil
}

// proveMints mints a token of a minute, with what the widest profile lends.
func (h *Handler) proveMints(ctx context.Context, m Managed, c secrets.Credential) error {
	lend := slices.DeleteFunc(slices.Clone(c.Scopes), func(s string) bool {
		return strings.HasPrefix(s, "tokens:") || (m.Lends != nil && !slices.Contains(m.Lends, s))
	})
	if len(lend) == 0 {
		lend = []string{"tokens:write"}
	}
	_, err := h.mintProof(ctx, c, lend)
	if isRefusal(err) {
		return fmt.Errorf("%w: %w", errUnfit, err)
	}
	return err
}

// proveBounded asks for a scope that the token does not have, which must be refused: Mapbox, or what answers in its place, holds the
// rule that everything rests on.
func (h *Handler) proveBounded(ctx context.Context, c secrets.Credential) error {
	for _, beyond := range []string{"styles:write", "datasets:write", "tilesets:write", "user:write"} {
		if slices.Contains(c.Scopes, beyond) {
			continue
		}
		_, err := h.mintProof(ctx, c, []string{beyond})
		switch {
		case err == nil:
			return fmt.Errorf("%w: it mints with %s, which it does not have", errUnfit, beyond)
		case isRefusal(err):
			return nil
		}
		return err
	}
	return nil // it has them all
}

func (h *Handler) mintProof(ctx context.Context, c secrets.Credential, scopes []string) (tokens.Temporary, error) {
	return h.tokens.CreateTemporary(ctx, c.Auth(), tokens.TemporaryRequest{Scopes: scopes, Expires: h.now().Add(proofLife)})
}

// isRefusal reports whether Mapbox has said no, as opposed to not now.
func isRefusal(err error) bool {
	upstream, ok := errors.AsType[*tokens.Error](err)
	return ok && upstream.Status >= 400 && upstream.Status < 500 && upstream.Status != 429
}

// await asks until it is done, or has been for settleLimit: what is late may also never come. Each pause is twice the one before.
func (h *Handler) await(ctx context.Context, ask func() (done bool, err error)) error {
	for waited, next := time.Duration(0), settlePause; ; waited, next = waited+next, 2*next {
		done, err := ask()
		if done || err != nil || waited >= settleLimit {
			return err
		}
		if err := h.pause(ctx, next); err != nil {
			return err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
