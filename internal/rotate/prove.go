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
	// settleLimit bounds the wait until a token that was just created is known everywhere at Mapbox.
	settleLimit = 30 * time.Second
	settlePause = time.Second

	// proofLife is how long the temporary token lives that a proof mints.
	proofLife = time.Minute
)

// errUnfit means that a token certainly does not do what it must. Any other error of a proof leaves that open.
var errUnfit = errors.New("token is unfit")

// prove shows that a credential can take the current one's place: Mapbox calls it valid and names the same id and user, it has the
// scopes that were asked for, and it mints.
func (h *Handler) prove(ctx context.Context, c secrets.Credential, username string, live []tokens.Metadata) error {
	if err := h.proveAlive(ctx, c, username); err != nil {
		return err
	}
	if err := h.proveScopes(ctx, c, live); err != nil {
		return err
	}
	scopes := lendable(c.Scopes)
	_, err := h.tokens.CreateTemporary(ctx, c.Token, c.Username, tokens.TemporaryRequest{Scopes: scopes, Expires: h.now().Add(proofLife)})
	if upstream, ok := errors.AsType[*tokens.Error](err); ok && upstream.Status >= 400 && upstream.Status < 500 && upstream.Status != 429 {
		return fmt.Errorf("%w: %w", errUnfit, err)
	}
	return err
}

// proveAlive waits until Mapbox calls the token valid, and compares whose it is. The wait has a bound, since a token may also never
// become valid.
func (h *Handler) proveAlive(ctx context.Context, c secrets.Credential, username string) error {
	end := time.Now().Add(settleLimit)
	for {
		got, err := h.tokens.Retrieve(ctx, c.Token)
		switch {
		case err != nil:
			return err
		case got.Verdict == tokens.VerdictValid && got.ID == c.ID && got.User == c.Username && c.Username == username:
			return nil
		case got.Verdict == tokens.VerdictValid:
			return fmt.Errorf("%w: it is token %s of user %s, and should be %s of %s", errUnfit, got.ID, got.User, c.ID, username)
		case got.Verdict != tokens.VerdictInvalid || time.Now().After(end):
			return fmt.Errorf("%w: Mapbox calls it %s", errUnfit, got.Verdict)
		}
		if err := sleep(ctx, settlePause); err != nil {
			return err
		}
	}
}

// proveScopes compares the scopes that the token was stored with to those that Mapbox lists for it.
func (h *Handler) proveScopes(ctx context.Context, c secrets.Credential, live []tokens.Metadata) error {
	end := time.Now().Add(settleLimit)
	for {
		scopes, err := scopesOf(live, c.ID)
		if err == nil {
			if !sameScopes(scopes, c.Scopes) {
				return fmt.Errorf("%w: its scopes are %s, and should be %s", errUnfit, strings.Join(scopes, " "), strings.Join(c.Scopes, " "))
			}
			return nil
		}
		if time.Now().After(end) {
			return err
		}
		if err := sleep(ctx, settlePause); err != nil {
			return err
		}
		if live, err = h.list(ctx, c); err != nil {
			return err
		}
	}
}

// lendable returns the scopes that a proof mints with: all but those that make tokens, or just one of these if there
// is nothing else.
func lendable(scopes []string) []string {
	lend := slices.DeleteFunc(slices.Clone(scopes), func(s string) bool { return strings.HasPrefix(s, "tokens:") })
	if len(lend) == 0 {
		return []string{"tokens:read"}
	}
	return lend
}

func sameScopes(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
