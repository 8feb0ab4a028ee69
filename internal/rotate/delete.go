package rotate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// sweep deletes a token that no version holds. A second read must confirm that: the first may have
// been stale.
func (r *run) sweep(ctx context.Context, m Managed, o observation, orphan tokens.Metadata) error {
	if held, err := r.versionOf(ctx, m, o.notePrefix, orphan); held != nil || err != nil {
		return err
	}
	return r.delete(ctx, m, o, orphan.ID)
}

// delete deletes an old token after a new proof that the current one works. Mapbox answers 404 both
// for a missing token and for missing scopes. So a 404 counts as deleted only if the token is no
// longer listed.
func (r *run) delete(ctx context.Context, m Managed, o observation, id string) error {
	if err := r.expectUnused(ctx, o, id); err != nil {
		return err
	}
	current, err := r.currentBeside(ctx, m, o, id)
	if k, isKept := errors.AsType[kept](err); isKept {
		return k
	}
	if err == nil && current.id != "" {
		if err = r.proveAlive(ctx, current.credential, o.auth.Username); err != nil {
			err = fmt.Errorf("current token: %w", err)
		}
	}
	if err != nil {
		return fmt.Errorf("token %s is not deleted: %w", id, err)
	}
	r.progress.deletes--
	r.live = nil
	err = r.tokens.Delete(ctx, o.auth.Auth(), id)
	if err == nil {
		return nil
	}
	live, listErr := r.list(ctx, o.auth)
	switch {
	case listErr != nil:
	case find(live, id) != nil:
		r.progress.deletes++ // a token that cannot be deleted must not block another one
	case errors.Is(err, tokens.ErrNotFound):
		return nil
	}
	return errors.Join(err, listErr)
}

// kept says why a token is not deleted. It is not a failure: a later run deletes the token when it
// may.
type kept string

func (k kept) Error() string { return string(k) }

// expectUnused checks that no managed secret needs a token: it is not current, pending or in a
// grace period in any. People copy tokens, so one token may be in two secrets. A version that
// cannot be read may hold the token. The error is a kept, or says why the parent cannot be read.
func (r *run) expectUnused(ctx context.Context, o observation, id string) error {
	parent, err := r.parentCredential(ctx)
	if err != nil {
		return fmt.Errorf("token %s is not deleted: parent: %w", id, err)
	}
	if parent.Token.Usage() != tokens.UsageSecret {
		return kept("token " + id + " is kept: the parent is a temporary token")
	}
	for _, m := range r.managed() {
		if why := r.whySecretNeeds(ctx, m, o, id); why != "" {
			return kept(fmt.Sprintf("token %s is kept: %s", id, why))
		}
	}
	return ctx.Err()
}

// whySecretNeeds says why a managed secret needs the token, or "".
func (r *run) whySecretNeeds(ctx context.Context, m Managed, o observation, id string) string {
	d, err := r.describe(ctx, m)
	if errors.Is(err, secrets.ErrNotFound) {
		return "" // there is no such secret
	}
	if err != nil {
		return fmt.Sprintf("secret %s cannot be read, and may hold it: %v", m.SecretID, err)
	}
	return r.whyVersionsNeed(ctx, m, o, d, id)
}

// whyVersionsNeed says why a secret with these labels needs the token, or "".
func (r *run) whyVersionsNeed(
	ctx context.Context, m Managed, o observation, d secrets.Description, id string,
) string {
	for _, versionID := range slices.Sorted(maps.Keys(d.Stages)) {
		use := r.versionUse(m, d, versionID)
		if use == "" {
			continue
		}
		isHolder, err := r.mayHold(ctx, m, o, d, versionID, id)
		switch {
		case err != nil:
			return fmt.Sprintf("version %s of secret %s cannot be read, and may hold it: %v",
				versionID, m.SecretID, err)
		case isHolder:
			return fmt.Sprintf("it is %s in secret %s", use, m.SecretID)
		}
	}
	return ""
}

// versionUse says what a version is used for, or "".
func (r *run) versionUse(m Managed, d secrets.Description, versionID string) string {
	labels := d.Stages[versionID]
	switch {
	case d.Has(versionID, secrets.Current):
		return "current"
	case d.Has(versionID, secrets.Pending):
		return "pending"
	case r.request.retireNow || !wasCurrent(versionID, labels, r.now()):
		return ""
	}
	var since time.Time
	for _, label := range labels {
		if date, ok := dateIn(label, versionID, r.now()); ok {
			since = latest(since, date)
		}
	}
	if !since.IsZero() && r.now().Sub(since) >= m.RetireAfter &&
		!since.Before(r.noticedAt[m.SecretID].Add(-clockSlack)) {
		return ""
	}
	return "in its grace period"
}

// mayHold reports whether a version holds a token. If it cannot be read, it counts as holding the
// live token whose note names it, and no other.
func (r *run) mayHold(
	ctx context.Context, m Managed, o observation, d secrets.Description, versionID, id string,
) (bool, error) {
	v, err := r.read(ctx, m, versionID)
	switch {
	case err == nil:
		return v.credential.ID == id, nil
	case errors.Is(err, errNoCredential):
		return false, nil
	case ctx.Err() != nil:
		return false, err
	case errors.Is(err, secrets.ErrNotFound) && !d.Has(versionID, secrets.Current) &&
		!wasCurrent(versionID, d.Stages[versionID], r.now()):
		return false, nil // it is pending without a value
	}
	note := notePrefix(r.stack, m.Name) + versionID
	if t := o.find(id); t != nil && t.Note == note {
		// two runs of one event may each have created one: nobody knows which is in the version
		return true, nil
	}
	switch {
	case slices.ContainsFunc(o.live, func(t tokens.Metadata) bool { return t.Note == note }):
		return false, nil
	case errors.Is(err, secrets.ErrNotFound) && !d.Has(versionID, secrets.Current):
		return false, nil // it has no value
	}
	return false, err
}

// currentBeside reads the current version again. It refuses, with a kept, if the secret needs token
// id after all. It returns a version without a token if the secret holds none yet.
func (r *run) currentBeside(
	ctx context.Context, m Managed, o observation, id string,
) (version, error) {
	if o.current.id == "" {
		return version{}, nil // there has never been one: token id was to be the first
	}
	d, err := r.describe(ctx, m) // a person may have rolled back since
	if err != nil {
		return version{}, err
	}
	if why := r.whyVersionsNeed(ctx, m, o, d, id); why != "" {
		return version{}, kept("token " + id + " is kept: " + why)
	}
	currentID, _ := d.VersionAt(secrets.Current)
	current, err := r.read(ctx, m, currentID)
	if errors.Is(err, errNoCredential) && errors.Is(o.current.err, errNoCredential) {
		return version{}, nil // there is no current token yet
	}
	if err != nil {
		return version{}, err
	}
	// A person may have stored another kind of token since the first look.
	usage := current.credential.Token.Usage()
	if usage == tokens.UsageTemporary || o.isParent && usage != tokens.UsageSecret {
		return version{}, kept("token " + id + " is kept: secret " + m.SecretID +
			" holds a temporary or public token")
	}
	if id == current.credential.ID || id == o.auth.ID {
		return version{}, kept("token " + id + " is kept: it is current in secret " + m.SecretID)
	}
	return current, nil
}
