package rotate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// observe reads the secret of a managed token, then the account's tokens. auth is the parent's
// current credential; nil for the parent itself. A version that cannot be read is an error only if
// nothing can be done without it.
//
// The order of the two reads does not matter. Another run may store a token between them. If that
// token is not listed yet, no rule considers it. If it is listed, it is an orphan only once it is
// old.
func (r *run) observe(
	ctx context.Context, m Managed, auth *secrets.Credential,
) (observation, error) {
	o := observation{
		isParent: m.SecretID == r.parent.SecretID, notePrefix: notePrefix(r.stack, m.Name),
		uncertain: map[string]bool{},
	}
	d, err := r.describe(ctx, m)
	if err != nil {
		return o, err
	}
	// not before: a date that another run has written while the call hung would seem to be of the
	// future
	o.now = r.now()
	o.native, o.watched, o.secretCreated = d.RotationEnabled, observeWatched(d, o.now), d.Created
	o.noticedAt = r.noticedAt[m.SecretID]
	o.arn, o.announces = d.ARN, r.announce != nil
	o.announcedID, _ = d.VersionAt(AnnouncedLabel)
	if o.current, err = r.observeCurrent(ctx, m, d); err != nil {
		return o, err
	}
	if o.auth = o.current.credential; auth != nil {
		o.auth = *auth
	}
	if o.live, err = r.list(ctx, o.auth); err != nil {
		return o, err
	}
	if err := r.observeVersions(ctx, m, d, &o); err != nil {
		return o, err
	}
	if err := r.observeUnlabelled(ctx, m, &o); err != nil {
		return o, err
	}
	if o.done = o.current.id == r.request.rotation; r.request.force && !o.done {
		o.done, err = r.isStored(ctx, m, r.request.rotation)
	}
	return o, err
}

// describe reads the labels of a secret. If somebody else has changed the secret since its last
// date, it notes when this run noticed that. Such a change may have made any version current for a
// while, and the labels need not show it.
func (r *run) describe(ctx context.Context, m Managed) (secrets.Description, error) {
	d, err := r.store.Describe(ctx, m.SecretID)
	if err != nil {
		return d, err
	}
	if d.Changed.After(latest(lastDate(d, r.now()), r.wrote[m.SecretID]).Add(clockSlack)) {
		r.noticedAt[m.SecretID] = r.now()
	}
	return d, nil
}

// observeCurrent reads the current version. The parent's must hold a token that can authorize.
func (r *run) observeCurrent(
	ctx context.Context, m Managed, d secrets.Description,
) (version, error) {
	id, ok := d.VersionAt(secrets.Current)
	isParent := m.SecretID == r.parent.SecretID
	switch {
	case !ok && isParent:
		return version{}, fmt.Errorf("%w (secret %s has no current version)", errNoParent,
			m.SecretID)
	case !ok:
		return version{}, nil
	}
	v, err := r.read(ctx, m, id)
	switch {
	case err != nil && isParent && errors.Is(err, errPlaceholder) && r.isNew(d):
		return v, fmt.Errorf("%w (%w)", errNoParent, err)
	case err != nil && (isParent || ctx.Err() != nil):
		return v, err
	case isParent && v.credential.Token.Usage() == tokens.UsagePublic:
		return v, fmt.Errorf("secret %s holds a public token (pk), which cannot authorize: store "+
			"a secret token (sk)", m.SecretID)
	}
	v.id, v.err = id, err
	return v, nil
}

// isNew reports whether the secret has never had another current version.
func (h *Handler) isNew(d secrets.Description) bool {
	for id, labels := range d.Stages {
		if wasCurrent(id, labels, h.now()) {
			return false
		}
	}
	return true
}

// isStored reports whether a version has a value. After an error nobody knows: the service may
// refuse any read.
func (h *Handler) isStored(ctx context.Context, m Managed, id string) (bool, error) {
	_, err := h.store.Get(ctx, m.SecretID, id)
	switch {
	case errors.Is(err, secrets.ErrNotFound):
		return false, nil
	case errors.Is(err, secrets.ErrBinary):
		return true, nil
	}
	return true, err
}

// observeVersions reads all versions except the current one.
func (r *run) observeVersions(
	ctx context.Context, m Managed, d secrets.Description, o *observation,
) error {
	var ok bool
	if o.pendingID, ok = d.VersionAt(secrets.Pending); ok && o.pendingID != o.current.id {
		v, err := r.read(ctx, m, o.pendingID)
		switch v.err = err; {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil, errors.Is(err, errNoCredential):
			o.pending = &v
		case !errors.Is(err, secrets.ErrNotFound):
			o.unreadPending = err
			o.problem("the pending version %s cannot be read: %v", o.pendingID, err)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(d.Stages)) { // sorted, so that runs are alike
		s := r.observeEarlier(ctx, m, id, d.Stages[id], o)
		if s != nil {
			o.earlier = append(o.earlier, *s)
		}
	}
	isOlder := o.pending != nil && o.pending.err == nil &&
		o.pending.created.Before(o.current.created)
	if isOlder && !o.isEarlier(o.pendingID) {
		// A person has stored another version since. The pending one may have been current before,
		// so its token gets a grace period too.
		o.earlier = append(o.earlier, earlier{version: *o.pending})
	}
	slices.SortFunc(o.earlier, func(a, b earlier) int { return strings.Compare(a.id, b.id) })
	return ctx.Err()
}

// observeEarlier reads the version with these labels if it was current once; else it returns
// nil. A version without a value, or whose value is not a credential, has no token to retire. A
// version that cannot be read is kept.
func (r *run) observeEarlier(
	ctx context.Context, m Managed, id string, labels []string, o *observation,
) *earlier {
	s := earlier{version: version{id: id}}
	for _, label := range labels {
		if since, ok := dateIn(label, id, o.now); ok {
			s.labels, s.since = append(s.labels, label), latest(s.since, since)
		}
	}
	s.isPrevious = slices.Contains(labels, secrets.Previous)
	if id == o.current.id {
		s.version = o.current
		return keepIf(len(s.labels) > 0, s)
	}
	if len(s.labels) == 0 && !s.isPrevious {
		return nil
	}
	v, err := r.read(ctx, m, id)
	s.version = version{id, v.created, v.credential, err}
	if err == nil {
		return &s
	}
	named := o.tokenFor(id)
	switch {
	case errors.Is(err, errNoCredential):
		r.logger.WarnContext(ctx, "earlier version is left alone", "secret", m.SecretID, "version",
			id, "cause", err)
		return keepIf(len(s.labels) > 0, s) // the forget rule removes the labels
	case errors.Is(err, secrets.ErrNotFound) && named == nil:
		// It has no value, or the read is stale. It is dated, and forgotten once no read can be
		// stale.
	case named != nil:
		s.credential.ID = named.ID
		o.uncertain[named.ID] = true
		o.problem("version %s cannot be read, so its token %s is kept: %v", id, named.ID, err)
	default:
		o.problem("version %s cannot be read, so a token in it is kept: %v", id, err)
	}
	return &s
}

// keepIf returns s if keep is true, else nil.
func keepIf(keep bool, s earlier) *earlier {
	if !keep {
		return nil
	}
	return &s
}

// observeUnlabelled looks for versions that have lost all labels. A person's second edit causes
// this: it moves AWSPREVIOUS away before a run has dated the version. Its token may still be in
// use, so it gets a grace period too. The token's note names the version.
func (r *run) observeUnlabelled(ctx context.Context, m Managed, o *observation) error {
	for _, t := range o.live {
		if !o.isLost(t) || o.uncertain[t.ID] {
			continue
		}
		v, err := r.versionOf(ctx, m, o.notePrefix, t)
		switch {
		case ctx.Err() != nil:
			return err
		case err != nil:
			o.uncertain[t.ID] = true
			o.problem("token %s is kept: the version that its note names cannot be read: %v",
				t.ID, err)
		case v != nil:
			o.earlier = append(o.earlier, earlier{version: *v})
		}
	}
	return nil
}

// versionOf returns the version that a token's note names, if it holds that token; else nil.
func (h *Handler) versionOf(
	ctx context.Context, m Managed, notePrefix string, t tokens.Metadata,
) (*version, error) {
	rotation, _ := rotationOf(t.Note, notePrefix)
	v, err := h.read(ctx, m, rotation)
	switch {
	case errors.Is(err, secrets.ErrNotFound), errors.Is(err, errNoCredential):
		return nil, nil // there is no such version, or it holds no token
	case err != nil:
		return nil, err
	case v.credential.ID != t.ID:
		return nil, nil
	}
	return &v, nil
}

// errNoCredential means that the value of a version is not a credential. errPlaceholder means that
// it does not look like one.
var (
	errNoCredential = errors.New("holds no credential")
	errPlaceholder  = fmt.Errorf("%w: it is a placeholder", errNoCredential)
)

// read reads a version. With errNoCredential it returns the version without its credential.
func (h *Handler) read(ctx context.Context, m Managed, id string) (version, error) {
	v, err := h.store.Get(ctx, m.SecretID, id)
	if err != nil && !errors.Is(err, secrets.ErrBinary) {
		return version{id: id}, err
	}
	var credential secrets.Credential
	if err == nil {
		credential, err = secrets.ParseStored(v.Value)
	}
	if err != nil {
		kind := errNoCredential
		if !v.Value.IsZero() && secrets.IsPlaceholder(v.Value) {
			kind = errPlaceholder
		}
		err = fmt.Errorf("version %s of secret %s %w: %w", id, m.SecretID, kind, err)
	}
	return version{id, v.Created, credential, err}, err
}

// list returns all tokens of the account. It remembers them until a step sets r.live to nil, before
// a write at Mapbox or to look again.
func (r *run) list(ctx context.Context, auth secrets.Credential) ([]tokens.Metadata, error) {
	if r.live != nil {
		return r.live, nil
	}
	live := []tokens.Metadata{}
	for t, err := range r.tokens.List(ctx, auth.Auth(), tokens.ListOptions{}) {
		if err != nil {
			return nil, err
		}
		live = append(live, t)
	}
	r.live = live
	return live, nil
}
