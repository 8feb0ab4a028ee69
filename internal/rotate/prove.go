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
	// settleLimit is how long a run waits until Mapbox knows a new token everywhere, and until
	// Secrets Manager returns a new value.
	settleLimit = 30 * time.Second
	settlePause = 500 * time.Millisecond // the first pause

	// proofLife is the life of the temporary token that a proof issues.
	proofLife = time.Minute
)

// errUnfit means that a token certainly fails its proof. Any other error of a proof leaves that
// open.
var errUnfit = errors.New("token is unfit")

// prove shows that the pending credential can replace the current one. Mapbox must call it valid
// and return the same id and user. Mapbox must list it with the stored scopes. It must issue a
// temporary token if it has tokens:write, and must not issue one with a scope that it does not
// have. A parent must be able to create and to list tokens.
func (r *run) prove(ctx context.Context, m Managed, o observation) error {
	if o.pending.err != nil {
		return fmt.Errorf("%w: %w", errUnfit, o.pending.err)
	}
	c := o.pending.credential
	for _, scope := range []string{"tokens:read", "tokens:write"} {
		if m.SecretID == r.parent.SecretID && !slices.Contains(c.Scopes, scope) {
			return fmt.Errorf("%w: the parent needs the scope %s", errUnfit, scope)
		}
	}
	if err := r.proveAlive(ctx, c, o.auth.Username); err != nil {
		return err
	}
	if err := r.proveScopes(ctx, c, o.auth); err != nil {
		return err
	}
	if c.Token.Usage() == tokens.UsagePublic {
		return nil // a public token authorizes no call
	}
	if slices.Contains(c.Scopes, "tokens:write") {
		if err := r.proveMints(ctx, m, c); err != nil {
			return err
		}
	}
	return r.proveBounded(ctx, c)
}

// proveAlive waits until Mapbox calls the token valid, then compares its id and user.
func (h *Handler) proveAlive(ctx context.Context, c secrets.Credential, username string) error {
	var got tokens.Retrieved
	err := h.await(ctx, func() (done bool, err error) {
		got, err = h.tokens.Retrieve(ctx, c.Token)
		return got.Verdict != tokens.VerdictInvalid, err
	})
	if err != nil {
		return err
	}
	if err := c.Match(got); err != nil {
		return fmt.Errorf("%w: %w", errUnfit, err)
	}
	if c.Username != username {
		return fmt.Errorf("%w: it is of user %s, and should be of %s",
			errUnfit, c.Username, username)
	}
	return nil
}

// proveScopes compares the stored scopes of the token with those that Mapbox lists.
func (r *run) proveScopes(ctx context.Context, c, auth secrets.Credential) error {
	var listed *tokens.Metadata
	err := r.await(ctx, func() (bool, error) {
		live, err := r.list(ctx, auth)
		if listed = c.Listed(live); listed == nil {
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
		return fmt.Errorf("%w: its scopes are %s, and should be %s",
			errUnfit, strings.Join(listed.Scopes, " "), strings.Join(c.Scopes, " "))
	}
	return nil
}

// proveMints issues a token for one minute, with the scopes of the widest profile.
func (h *Handler) proveMints(ctx context.Context, m Managed, c secrets.Credential) error {
	scopes := slices.DeleteFunc(slices.Clone(c.Scopes), func(s string) bool {
		return strings.HasPrefix(s, "tokens:") ||
			(m.ProofScopes != nil && !slices.Contains(m.ProofScopes, s))
	})
	if len(scopes) == 0 {
		scopes = []string{"tokens:write"}
	}
	_, err := h.mintProof(ctx, c, scopes)
	if isRefusal(err) {
		return fmt.Errorf("%w: %w", errUnfit, err)
	}
	return err
}

// proveBounded asks for a scope that the token does not have. Mapbox must refuse: the whole mint
// relies on that rule.
func (h *Handler) proveBounded(ctx context.Context, c secrets.Credential) error {
	for _, beyond := range []string{"styles:write", "datasets:write", "tilesets:write",
		"user:write"} {
		if slices.Contains(c.Scopes, beyond) {
			continue
		}
		_, err := h.mintProof(ctx, c, []string{beyond})
		switch {
		case err == nil:
			return fmt.Errorf("%w: it issues tokens with %s, a scope that it does not have",
				errUnfit, beyond)
		case isRefusal(err):
			return nil
		}
		return err
	}
	return nil // the token has all of them
}

// mintProof issues a temporary token for one minute.
func (h *Handler) mintProof(
	ctx context.Context, c secrets.Credential, scopes []string,
) (tokens.Temporary, error) {
	return h.tokens.CreateTemporary(ctx, c.Auth(), tokens.TemporaryRequest{
		Scopes: scopes, Expires: h.now().Add(proofLife),
	})
}

// isRefusal reports whether Mapbox refused the request itself, not only its time.
func isRefusal(err error) bool {
	upstream, ok := errors.AsType[*tokens.Error](err)
	return ok && upstream.Status >= 400 && upstream.Status < 500 && upstream.Status != 429
}

// await calls ask until it is done, for about settleLimit. Each pause is twice as long as the one
// before.
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

// pause waits in real time, or until the context ends.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
