package rotate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// supersededPrefix begins the staging label of a version that was replaced. The time at which that was seen follows, and
// the version, because a label sits on one version only. The label also keeps Secrets Manager from dropping the version
// while its token lives.
const supersededPrefix = "tokenmint:superseded:"

func supersededLabel(seen time.Time, versionID string) string {
	return supersededPrefix + seen.UTC().Format(time.RFC3339) + ":" + versionID
}

// supersededSince reads the time from such a label.
func supersededSince(label, versionID string) (time.Time, error) {
	return time.Parse(time.RFC3339, strings.TrimSuffix(strings.TrimPrefix(label, supersededPrefix), ":"+versionID))
}

// version is a version of the secret and the credential that it holds.
type version struct {
	id         string
	created    time.Time
	credential secrets.Credential
}

// superseded is a version that was current once. With labels it may be current again: a person has rolled back.
type superseded struct {
	version
	labels []string  // the whole staging labels. Runs beside each other may have dated it twice
	since  time.Time // what the latest of them says; zero when there is none yet
}

// observation is all that a decision rests on.
type observation struct {
	auth       secrets.Credential // what lists, creates and deletes: the parent's current one
	current    version            // zero while there is none
	pendingID  string             // of the version with AWSPENDING, "" without one
	pending    *version           // what it holds; nil when it holds nothing, or is the current version
	unreadable error              // why what it holds is no credential; nil when it is one
	native     bool               // Secrets Manager's own rotation is switched on
	watched    []watched
	superseded []superseded
	live       []tokens.Metadata // the account's tokens
	done       bool              // a forced rotation has stored its token, whatever became of that
	notePrefix string
	now        time.Time
}

// observe reads the secret of a managed token and the account's tokens. The parent authorises itself; for a further token, auth is
// the parent's current credential.
//
// The order of the two does not matter: a token that another run stores in between is either not listed yet, and then nothing is
// decided about it, or it is listed and unknown, and only age makes such a one an orphan.
func (r *run) observe(ctx context.Context, m Managed, auth *secrets.Credential) (observation, error) {
	h := r.Handler
	o := observation{notePrefix: notePrefix(h.stack, m.Name), now: h.now()}
	d, err := h.store.Describe(ctx, m.SecretID)
	if err != nil {
		return o, err
	}
	o.native, o.watched = d.RotationEnabled, observeWatched(d)
	if id, ok := d.VersionAt(secrets.Current); ok {
		if o.current, err = h.read(ctx, m, id); err != nil {
			return o, err
		}
	}
	switch {
	case auth != nil:
		o.auth = *auth
	case o.current.id == "":
		return o, fmt.Errorf("secret %s has no current version: store a parent token in it first", m.SecretID)
	case o.current.credential.Token.Usage() == tokens.UsagePublic:
		return o, fmt.Errorf("secret %s holds a public token (pk), which cannot authorise: store a secret one (sk)", m.SecretID)
	default:
		o.auth = o.current.credential
	}
	if err := h.observeVersions(ctx, m, d, &o); err != nil {
		return o, err
	}
	if o.live, err = r.list(ctx, o.auth); err != nil {
		return o, err
	}
	if err := h.observeUnlabelled(ctx, m, &o); err != nil {
		return o, err
	}
	if o.done = o.current.id == r.wish.rotation; r.wish.force && !o.done {
		o.done, err = h.isStored(ctx, m, r.wish.rotation)
	}
	return o, err
}

// isStored reports whether a version has a value.
func (h *Handler) isStored(ctx context.Context, m Managed, id string) (bool, error) {
	_, err := h.store.Get(ctx, m.SecretID, id)
	if errors.Is(err, secrets.ErrNotFound) {
		return false, nil
	}
	return true, err
}

// observeUnlabelled looks for versions that have lost all labels, as a person's second edit makes them: it moves AWSPREVIOUS away
// before anybody has dated the version that had it. Its token may be in use, so it gets a grace as any that was replaced. The
// token's note names the version.
func (h *Handler) observeUnlabelled(ctx context.Context, m Managed, o *observation) error {
	for _, t := range o.live {
		if !o.isLost(t) {
			continue
		}
		v, err := h.holder(ctx, m, o.notePrefix, t)
		if err != nil {
			return err
		}
		if v != nil {
			o.superseded = append(o.superseded, superseded{version: *v})
		}
	}
	return nil
}

// holder returns the version that holds a token of ours, which its note names, or nil.
func (h *Handler) holder(ctx context.Context, m Managed, notePrefix string, t tokens.Metadata) (*version, error) {
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

// observeVersions reads the versions besides the current one.
func (h *Handler) observeVersions(ctx context.Context, m Managed, d secrets.Description, o *observation) error {
	var ok bool
	if o.pendingID, ok = d.VersionAt(secrets.Pending); ok && o.pendingID != o.current.id {
		v, err := h.read(ctx, m, o.pendingID)
		switch {
		case errors.Is(err, errNoCredential):
			o.pending, o.unreadable = &v, err
		case err == nil:
			o.pending = &v
		case !errors.Is(err, secrets.ErrNotFound):
			return err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(d.Stages)) { // in one order, so that what goes wrong once does so again
		s, err := h.observeSuperseded(ctx, m, id, d.Stages[id])
		if err != nil {
			return err
		}
		if s != nil {
			o.superseded = append(o.superseded, *s)
		}
	}
	if o.pending != nil && o.unreadable == nil && o.pending.created.Before(o.current.created) && !o.isSuperseded(o.pendingID) {
		// A person has stored another one meanwhile. Whether this one was current before is not known, so its token gets a grace too.
		o.superseded = append(o.superseded, superseded{version: *o.pending})
	}
	slices.SortFunc(o.superseded, func(a, b superseded) int { return strings.Compare(a.id, b.id) })
	return nil
}

// isSuperseded reports whether the version was current once, or might have been.
func (o observation) isSuperseded(id string) bool {
	return slices.ContainsFunc(o.superseded, func(s superseded) bool { return s.id == id })
}

// observeSuperseded reads the version with these labels if it was current once; nil if it was not. A version whose value is no
// credential, as a slip of a person may leave it, holds nothing to retire.
func (h *Handler) observeSuperseded(ctx context.Context, m Managed, id string, labels []string) (*superseded, error) {
	if !wasCurrent(labels) {
		return nil, nil
	}
	v, err := h.read(ctx, m, id)
	if errors.Is(err, errNoCredential) {
		h.logger.WarnContext(ctx, "earlier version is left alone", "secret", m.SecretID, "version", id, "cause", err)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	s := superseded{version: v, labels: slices.DeleteFunc(slices.Clone(labels), isUndated)}
	for _, label := range s.labels {
		since, err := supersededSince(label, id)
		if err != nil {
			return nil, fmt.Errorf("label %q of version %s: %w", label, id, err)
		}
		if since.After(s.since) {
			s.since = since
		}
	}
	return &s, nil
}

// wasCurrent reports whether labels say that their version was current once, or overtaken while it was pending.
func wasCurrent(labels []string) bool {
	return slices.ContainsFunc(labels, func(l string) bool { return l == secrets.Previous || !isUndated(l) })
}

func isUndated(label string) bool { return !strings.HasPrefix(label, supersededPrefix) }

// errNoCredential marks a version whose value is not one.
var errNoCredential = errors.New("holds no credential")

// read reads a version. With errNoCredential it returns the version without its credential.
func (h *Handler) read(ctx context.Context, m Managed, id string) (version, error) {
	v, err := h.store.Get(ctx, m.SecretID, id)
	if err != nil && !errors.Is(err, secrets.ErrInvalid) { // ErrInvalid: it is binary
		return version{}, err
	}
	var credential secrets.Credential
	if err == nil {
		credential, err = secrets.ParseStored(v.Value)
	}
	if err != nil {
		err = fmt.Errorf("version %s of secret %s %w: %w", id, m.SecretID, errNoCredential, err)
	}
	return version{id, v.Created, credential}, err
}

// list returns the account's tokens, whole or not at all. Within a run it asks again only after an effect.
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
