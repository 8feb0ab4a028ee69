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

// kept says why a token is not deleted. It is no failure: another run deletes the token when it may.
type kept string

func (k kept) Error() string { return string(k) }

// expectUnused shows that no managed secret needs a token any more: it is neither current nor pending in any, nor in a
// grace period. One token may be in two secrets, since people paste. A version that cannot be read may hold it. The error
// is kept, or says why the parent cannot be read.
func (r *run) expectUnused(ctx context.Context, o observation, id string) error {
	parent, err := r.parentCredential(ctx)
	if err != nil {
		return fmt.Errorf("token %s is not deleted: parent: %w", id, err)
	}
	if parent.Token.Usage() != tokens.UsageSecret {
		return kept("token " + id + " is kept: the parent is a temporary token")
	}
	for _, m := range r.managed() {
		if why := r.needs(ctx, m, o, id); why != "" {
			return kept(fmt.Sprintf("token %s is kept: %s", id, why))
		}
	}
	return ctx.Err()
}

// needs says why a managed secret needs the token, or "".
func (r *run) needs(ctx context.Context, m Managed, o observation, id string) string {
	d, err := r.store.Describe(ctx, m.SecretID)
	if errors.Is(err, secrets.ErrNotFound) {
		return "" // there is no such secret
	}
	if err != nil {
		return fmt.Sprintf("secret %s cannot be read, and may hold it: %v", m.SecretID, err)
	}
	return r.needsBy(ctx, m, o, d, id)
}

// needsBy says why a secret with these labels needs the token, or "".
func (r *run) needsBy(ctx context.Context, m Managed, o observation, d secrets.Description, id string) string {
	for _, versionID := range slices.Sorted(maps.Keys(d.Stages)) {
		use := r.use(m, d, versionID)
		if use == "" {
			continue
		}
		holds, err := r.holds(ctx, m, o, d, versionID, id)
		switch {
		case err != nil:
			return fmt.Sprintf("version %s of secret %s cannot be read, and may hold it: %v", versionID, m.SecretID, err)
		case holds:
			return fmt.Sprintf("it is %s in secret %s", use, m.SecretID)
		}
	}
	return ""
}

// use says what a version is used for, or "".
func (r *run) use(m Managed, d secrets.Description, versionID string) string {
	labels := d.Stages[versionID]
	switch {
	case d.Has(versionID, secrets.Current):
		return "current"
	case d.Has(versionID, secrets.Pending):
		return "pending"
	case r.intent.retireNow || !wasCurrent(versionID, labels, r.now()):
		return ""
	}
	var since time.Time
	for _, label := range labels {
		if date, ok := supersededSince(label, versionID, r.now()); ok {
			since = latest(since, date)
		}
	}
	if !since.IsZero() && r.now().Sub(since) >= m.RetireAfter && !since.Before(r.unseenChange(m, d).Add(-clockSlack)) {
		return ""
	}
	return "in its grace period"
}

// holds reports whether a version holds a token. If it cannot be read, a live token that was created for it is all that it
// holds.
func (r *run) holds(ctx context.Context, m Managed, o observation, d secrets.Description, versionID, id string) (bool, error) {
	v, err := r.read(ctx, m, versionID)
	switch {
	case err == nil:
		return v.credential.ID == id, nil
	case errors.Is(err, errNoCredential):
		return false, nil
	case ctx.Err() != nil:
		return false, err
	case errors.Is(err, secrets.ErrNotFound) && !d.Has(versionID, secrets.Current) && !wasCurrent(versionID, d.Stages[versionID], r.now()):
		return false, nil // it is pending without a value
	}
	note := notePrefix(r.stack, m.Name) + versionID
	if t := o.find(id); t != nil && t.Note == note {
		return true, nil // two runs of one event may each have created one: nobody knows which is in the version
	}
	switch {
	case slices.ContainsFunc(o.live, func(t tokens.Metadata) bool { return t.Note == note }):
		return false, nil
	case errors.Is(err, secrets.ErrNotFound) && !d.Has(versionID, secrets.Current):
		return false, nil // it has no value
	}
	return false, err
}

func (h *Handler) managed() []Managed { return append([]Managed{h.parent}, h.further...) }
