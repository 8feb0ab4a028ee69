package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// checkParent checks the parent's secret, its token, the token's scopes and its age. It returns the
// tokens that Mapbox lists, and whether the parent works. checkRotation needs a parent that works.
func (e examination) checkParent(ctx context.Context) (live []tokens.Metadata, works bool) {
	parent, stored, ok := e.readParent(ctx)
	if !ok {
		return nil, false
	}
	switch err := e.verify(ctx, parent); {
	case errors.Is(err, errDead):
		e.wrong("verdict: %v; store another token: tokenmint bootstrap", err)
		return nil, false
	case err != nil:
		e.wrong("verdict: %v; is TOKENS_API_URL right, and reachable from here?", err)
		return nil, false
	}
	e.ok("verdict: Mapbox calls the token valid")
	live, err := e.list(ctx, parent)
	e.checkScopes(live, err, parent)
	if listed := parent.Listed(live); listed != nil && !parent.Created.IsZero() {
		parent.Created = listed.Created // a date in a manually stored value may be wrong
	}
	e.checkAge(parent.Created, stored)
	e.checkLast(parent, stored)
	return live, true
}

// readParent returns the parent from its secret, and when it was stored.
func (e examination) readParent(
	ctx context.Context,
) (parent secrets.Credential, stored time.Time, ok bool) {
	id := e.settings.ParentSecretID
	description, err := e.secrets.Describe(ctx, id)
	if err != nil {
		e.wrong("secret: %v; %s", err,
			remedy(err, "deploy the stack, or set PARENT_SECRET_ID to the name of its secret"))
		return parent, stored, false
	}
	version, err := e.secrets.Get(ctx, id, "")
	if err != nil {
		e.wrong("secret: %v; %s", err, remedy(err, "store the first parent: tokenmint bootstrap"))
		return parent, stored, false
	}
	e.ok("secret: %s is readable", id)
	e.checkVersions(description)
	e.checkPending(ctx, "pending", id, description)
	parent, err = secrets.ParseCredential(version.Value)
	if err == nil && parent.Token.Usage() != tokens.UsageSecret {
		err = errors.New("secret holds a temporary token (tk), which expires")
	}
	if err != nil {
		e.wrong("credential: %v; store another token: tokenmint bootstrap", err)
		return parent, stored, false
	}
	e.ok("credential: token %s of Mapbox user %s", parent.ID, parent.Username)
	return parent, version.Created, true
}

// remedy says what to do about an error of Secrets Manager.
func remedy(err error, notFound string) string {
	switch {
	case errors.Is(err, secrets.ErrNotFound):
		return notFound
	case errors.Is(err, secrets.ErrDenied):
		return "allow these credentials secretsmanager:DescribeSecret and GetSecretValue on it, " +
			"and kms:Decrypt on its key"
	}
	return "are region, endpoint and credentials right?"
}

// checkScopes compares the parent's scopes with those that the configuration needs. err is the
// error of listing live.
func (e examination) checkScopes(live []tokens.Metadata, err error, parent secrets.Credential) {
	listed := parent.Listed(live)
	if err == nil && listed == nil {
		err = fmt.Errorf("the list of Mapbox lacks token %s", parent.ID)
	}
	if err != nil {
		e.wrong("scopes: %v; the parent needs tokens:read for this: tokenmint bootstrap "+
			"--replace", err)
		return
	}
	need := e.config.ParentScopes()
	if missing := without(need, listed.Scopes); missing != "" {
		e.wrong("scopes: the parent lacks %s; store a parent that has them: tokenmint bootstrap "+
			"--replace",
			missing)
		return
	}
	e.ok("scopes: the parent has all %d scopes that the configuration needs", len(need))
	if unneeded := without(listed.Scopes, need); unneeded != "" {
		e.note("scopes: the configuration does not need %s; "+
			"set parent.scopes, and the next parent does not get them", unneeded)
	}
}

// checkAge reports a parent that the rotator should have replaced. A token without a date was
// stored manually.
func (e examination) checkAge(created, stored time.Time) {
	const look = "no heartbeat has replaced it; check the schedule, and the log of the rotator"
	every := e.config.Parent.RotateEvery
	age, since := e.now().Sub(created), e.now().Sub(stored)
	switch {
	case created.IsZero() && since > e.patience:
		e.wrong("age: the parent was stored manually %s ago, and %s", rounded(since), look)
	case created.IsZero():
		e.note("age: the parent was stored manually %s ago; "+
			"the next heartbeat replaces it, or: tokenmint rotate", rounded(since))
	case age > every+e.patience:
		e.wrong("age: the parent is %s old, of %s, and %s", rounded(age), every, look)
	default:
		e.ok("age: the parent is %s old, of %s", rounded(age), every)
	}
}

// checkLast reports the last rotation of the parent, and when the next one is due.
func (e examination) checkLast(parent secrets.Credential, stored time.Time) {
	if parent.Created.IsZero() {
		e.note("last rotation: none yet; the parent was stored manually at %s", moment(stored))
		return
	}
	e.ok("last rotation: %s, stored at %s; the next is due at %s",
		cmp.Or(parent.Rotation, "with an unknown id"), moment(stored),
		moment(parent.Created.Add(e.config.Parent.RotateEvery)))
}

// checkVersions counts the earlier versions of the parent that rotation keeps for a while.
func (e examination) checkVersions(d secrets.Description) {
	current, _ := d.VersionAt(secrets.Current)
	pending, isPending := d.VersionAt(secrets.Pending)
	earlier := 0
	for id := range d.Stages {
		if id != current && (!isPending || id != pending) {
			earlier++
		}
	}
	if earlier > 0 {
		e.note("versions: earlier ones that are kept: %d; rotation deletes each token %s after "+
			"its replacement, and retire at once",
			earlier, e.config.Parent.RetireAfter)
	}
}
