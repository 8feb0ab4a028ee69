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

// againMark follows the prefix where a version is dated again and others are still to be. Such a date says nothing about
// changes that nobody has seen: if the run dies, the next one must find the others in doubt.
const againMark = "again:"

// clockSlack is by how much two clocks may differ, and how long a write may take.
const clockSlack = time.Minute

func supersededLabel(seen time.Time, versionID string) string {
	return supersededPrefix + seen.UTC().Format(time.RFC3339) + ":" + versionID
}

// supersededSince reads the time from such a label. A label that a person has moved to another version, or written, may
// say nothing.
func supersededSince(label, versionID string, now time.Time) (since time.Time, ok bool) {
	text, isOurs := strings.CutPrefix(label, supersededPrefix)
	text = strings.TrimPrefix(text, againMark)
	text, isHere := strings.CutSuffix(text, ":"+versionID)
	since, err := time.Parse(time.RFC3339, text)
	return since, isOurs && isHere && err == nil && !since.After(now.Add(clockSlack))
}

// version is a version of the secret and the credential that it holds.
type version struct {
	id         string
	created    time.Time
	credential secrets.Credential
	err        error // why the credential is not known; errNoCredential if the version holds none
}

// unread reports whether the version may hold a credential that cannot be read.
func (v version) unread() bool { return v.err != nil && !errors.Is(v.err, errNoCredential) }

// superseded is a version that was current once. With labels it may be current again: a person has rolled back. Of a
// version that cannot be read, the credential has the id alone, if a token's note names the version.
type superseded struct {
	version
	isLast bool      // it has AWSPREVIOUS
	labels []string  // the whole staging labels. Runs beside each other may have dated it twice
	since  time.Time // what the latest of them says; zero when there is none yet
}

// observation is all that a decision rests on.
type observation struct {
	isParent      bool
	auth          secrets.Credential // what lists, creates and deletes: the parent's current one
	secretCreated time.Time          // zero if it is not known
	current       version            // zero while there is none
	pendingID     string             // of the version with AWSPENDING, "" without one
	pending       *version           // what it holds; nil when it holds nothing, is the current version, or cannot be read
	unreadPending error              // why it cannot be read
	native        bool               // Secrets Manager's own rotation is switched on
	unseenAt      time.Time          // dates before are not trusted: somebody has changed the secret since; zero if nobody has
	watched       []watched
	superseded    []superseded
	live          []tokens.Metadata // the account's tokens
	uncertain     map[string]bool   // ids of live tokens that a version may hold which cannot be read
	problems      []string          // what a person should know, and no run can repair
	done          bool              // a forced rotation has stored its token, whatever became of that
	notePrefix    string
	now           time.Time
}

// observe reads the secret of a managed token and the account's tokens. The parent authorises itself; for an additional
// token, auth is the parent's current credential. A version that cannot be read does not make it fail, unless nothing can
// be done without.
//
// The order of the two does not matter: a token that another run stores in between is either not listed yet, and then
// nothing is decided about it, or it is listed and unknown, and only age makes such a one an orphan.
func (r *run) observe(ctx context.Context, m Managed, auth *secrets.Credential) (observation, error) {
	o := observation{
		isParent: m.SecretID == r.parent.SecretID, notePrefix: notePrefix(r.stack, m.Name), uncertain: map[string]bool{},
	}
	d, err := r.store.Describe(ctx, m.SecretID)
	if err != nil {
		return o, err
	}
	o.now = r.now() // not before: a date that another run has written while the call hung would seem to be of the future
	o.native, o.watched, o.secretCreated = d.RotationEnabled, observeWatched(d, o.now), d.Created
	o.unseenAt = r.unseenChange(m, d)
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
	if o.done = o.current.id == r.intent.rotation; r.intent.force && !o.done {
		o.done, err = r.isStored(ctx, m, r.intent.rotation)
	}
	return o, err
}

// unseenChange returns when this run has found that somebody else has changed the secret since a run last dated a version
// of it, or this run changed it; zero if nobody has. Versions may have been current meanwhile, and the labels need not show
// it.
func (r *run) unseenChange(m Managed, d secrets.Description) time.Time {
	if d.Changed.After(latest(lastDate(d, r.now()), r.wrote[m.SecretID]).Add(clockSlack)) {
		r.unseenAt[m.SecretID] = r.now()
	}
	return r.unseenAt[m.SecretID]
}

// lastDate returns the latest date that a version of the secret has.
func lastDate(d secrets.Description, now time.Time) time.Time {
	var last time.Time
	for id, labels := range d.Stages {
		for _, label := range labels {
			if since, ok := supersededSince(label, id, now); ok && !strings.HasPrefix(label, supersededPrefix+againMark) {
				last = latest(last, since)
			}
		}
	}
	return last
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// observeCurrent reads the current version. The parent's must hold what can authorise.
func (r *run) observeCurrent(ctx context.Context, m Managed, d secrets.Description) (version, error) {
	id, ok := d.VersionAt(secrets.Current)
	isParent := m.SecretID == r.parent.SecretID
	switch {
	case !ok && isParent:
		return version{}, fmt.Errorf("%w (secret %s has no current version)", errNoParent, m.SecretID)
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
		return v, fmt.Errorf("secret %s holds a public token (pk), which cannot authorise: store a secret one (sk)", m.SecretID)
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

// isStored reports whether a version has a value. An error does not tell: the call may have been refused for any version.
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

// observeUnlabelled looks for versions that have lost all labels, as a person's second edit makes them: it moves
// AWSPREVIOUS away before anybody has dated the version that had it. Its token may be in use, so it gets a grace period as
// any that was replaced. The token's note names the version.
func (r *run) observeUnlabelled(ctx context.Context, m Managed, o *observation) error {
	for _, t := range o.live {
		if !o.isLost(t) || o.uncertain[t.ID] {
			continue
		}
		v, err := r.holder(ctx, m, o.notePrefix, t)
		switch {
		case ctx.Err() != nil:
			return err
		case err != nil:
			o.uncertain[t.ID] = true
			o.problem("token %s is kept: the version that its note names cannot be read: %v", t.ID, err)
		case v != nil:
			o.superseded = append(o.superseded, superseded{version: *v})
		}
	}
	return nil
}

func (o *observation) problem(format string, args ...any) {
	o.problems = append(o.problems, fmt.Sprintf(format, args...))
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
func (r *run) observeVersions(ctx context.Context, m Managed, d secrets.Description, o *observation) error {
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
	for _, id := range slices.Sorted(maps.Keys(d.Stages)) { // in one order, so that what goes wrong once does so again
		s := r.observeSuperseded(ctx, m, id, d.Stages[id], o)
		if s != nil {
			o.superseded = append(o.superseded, *s)
		}
	}
	if o.pending != nil && o.pending.err == nil && o.pending.created.Before(o.current.created) && !o.isSuperseded(o.pendingID) {
		// A person has stored another one meanwhile. Whether this one was current before is not known, so its token gets a
		// grace period too.
		o.superseded = append(o.superseded, superseded{version: *o.pending})
	}
	slices.SortFunc(o.superseded, func(a, b superseded) int { return strings.Compare(a.id, b.id) })
	return ctx.Err()
}

// isSuperseded reports whether the version was current once, or might have been.
func (o observation) isSuperseded(id string) bool {
	return slices.ContainsFunc(o.superseded, func(s superseded) bool { return s.id == id })
}

// observeSuperseded reads the version with these labels if it was current once; nil if it was not. A version without a
// value, or whose value is no credential, as a slip of a person may leave it, holds nothing to retire. What cannot be read
// is kept.
func (r *run) observeSuperseded(ctx context.Context, m Managed, id string, labels []string, o *observation) *superseded {
	s := superseded{version: version{id: id}}
	for _, label := range labels {
		if since, ok := supersededSince(label, id, o.now); ok {
			s.labels, s.since = append(s.labels, label), latest(s.since, since)
		}
	}
	s.isLast = slices.Contains(labels, secrets.Previous)
	if id == o.current.id {
		s.version = o.current
		return keepIf(len(s.labels) > 0, s)
	}
	if len(s.labels) == 0 && !s.isLast {
		return nil
	}
	v, err := r.read(ctx, m, id)
	s.version = version{id, v.created, v.credential, err}
	if err == nil {
		return &s
	}
	named := o.named(id)
	switch {
	case errors.Is(err, errNoCredential):
		r.logger.WarnContext(ctx, "earlier version is left alone", "secret", m.SecretID, "version", id, "cause", err)
		return keepIf(len(s.labels) > 0, s) // to be forgotten
	case errors.Is(err, secrets.ErrNotFound) && named == nil:
		// It has no value, or the read is behind: it is dated, and forgotten when no read can be.
	case named != nil:
		s.credential.ID = named.ID
		o.uncertain[named.ID] = true
		o.problem("version %s cannot be read, so its token %s is kept: %v", id, named.ID, err)
	default:
		o.problem("version %s cannot be read, so a token in it is kept: %v", id, err)
	}
	return &s
}

func keepIf(keep bool, s superseded) *superseded {
	if !keep {
		return nil
	}
	return &s
}

// named returns the live token that was created for a version, or nil.
func (o observation) named(versionID string) *tokens.Metadata {
	i := slices.IndexFunc(o.live, func(t tokens.Metadata) bool { return t.Note == o.notePrefix+versionID })
	if i < 0 {
		return nil
	}
	return &o.live[i]
}

// wasCurrent reports whether labels say that their version was current once, or overtaken while it was pending.
func wasCurrent(id string, labels []string, now time.Time) bool {
	return slices.ContainsFunc(labels, func(label string) bool {
		_, dated := supersededSince(label, id, now)
		return label == secrets.Previous || dated
	})
}

// errNoCredential marks a version whose value is not one; errPlaceholder one whose value does not even look like one.
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

// list returns the account's tokens, whole or not at all. Within a run it asks again only after an effect.
func (r *run) list(ctx context.Context, auth secrets.Credential) ([]tokens.Metadata, error) {
	if r.live != nil {
		return r.live, nil
	}
	live := []tokens.Metadata{}
	for t, err := range r.tokens.List(ctx, auth.Token, auth.Username, tokens.ListOptions{}) {
		if err != nil {
			return nil, err
		}
		live = append(live, t)
	}
	r.live = live
	return live, nil
}
