package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/tokenmint/tokenmint/internal/rotate"
	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/setup"
	"github.com/tokenmint/tokenmint/internal/telemetry"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// examination is one look at a deployment.
type examination struct {
	deployment
	*findings
	patience time.Duration // how long the rotator may take over what a heartbeat does
}

// patienceFor lets one heartbeat be missed, and come at the end of its flexible window.
func patienceFor(beat time.Duration) time.Duration { return 2*beat + 10*time.Minute }

// checkParent goes from the secret to its token's scopes. It returns the tokens that Mapbox lists, and whether the parent
// works: only with a parent that works can doctor ask what rotation has left to do.
func (e examination) checkParent(ctx context.Context) (live []tokens.Metadata, works bool) {
	id := e.settings.ParentSecretID
	description, err := e.secrets.Describe(ctx, id)
	if err != nil {
		e.wrong("secret: %v; %s", err, remedy(err, "deploy the stack, or let PARENT_SECRET_ID name its secret"))
		return nil, false
	}
	version, err := e.secrets.Get(ctx, id, "")
	if err != nil {
		e.wrong("secret: %v; %s", err, remedy(err, "put the first parent there: tokenmint bootstrap"))
		return nil, false
	}
	e.ok("secret: %s is readable", id)
	e.checkVersions(description)
	e.checkPending(ctx, "pending", id, description)
	parent, err := secrets.ParseCredential(version.Value)
	if err == nil && parent.Token.Usage() != tokens.UsageSecret {
		err = errors.New("secret holds a temporary token (tk), which ends by itself")
	}
	if err != nil {
		e.wrong("credential: %v; put another there: tokenmint bootstrap", err)
		return nil, false
	}
	e.ok("credential: token %s of Mapbox user %s", parent.ID, parent.Username)
	switch err := e.verify(ctx, parent); {
	case errors.Is(err, errDead):
		e.wrong("verdict: %v; put another there: tokenmint bootstrap", err)
		return nil, false
	case err != nil:
		e.wrong("verdict: %v; is TOKENS_API_URL right, and reachable from here?", err)
		return nil, false
	}
	e.ok("verdict: Mapbox calls the token valid")
	live, err = e.list(ctx, parent)
	e.checkScopes(live, err, parent.ID)
	if listed := find(live, parent.ID); listed != nil && !parent.Created.IsZero() {
		parent.Created = listed.Created // a date in a value that a person stored may be any
	}
	e.checkAge(parent.Created, version.Created)
	e.checkLast(parent, version.Created)
	return live, true
}

// remedy says what to do about an error of the store.
func remedy(err error, notFound string) string {
	switch {
	case errors.Is(err, secrets.ErrNotFound):
		return notFound
	case errors.Is(err, secrets.ErrDenied):
		return "allow these credentials secretsmanager:DescribeSecret and GetSecretValue on it, and kms:Decrypt on its key"
	}
	return "are region, endpoint and credentials right?"
}

func (e examination) checkScopes(live []tokens.Metadata, err error, parentID string) {
	parent := find(live, parentID)
	if err == nil && parent == nil {
		err = fmt.Errorf("Mapbox does not list token %s", parentID) //nolint:staticcheck // ST1005: a name
	}
	if err != nil {
		e.wrong("scopes: %v; the parent needs tokens:read for this: tokenmint bootstrap --replace", err)
		return
	}
	need := e.config.ParentScopes()
	if missing := without(need, parent.Scopes); missing != "" {
		e.wrong("scopes: the parent lacks %s; put one there that has them: tokenmint bootstrap --replace", missing)
		return
	}
	e.ok("scopes: all %d that the configuration needs", len(need))
	if beyond := without(parent.Scopes, need); beyond != "" {
		e.note("scopes: beyond need: %s; set parent.scopes, and the next parent goes without", beyond)
	}
}

// checkAge holds against the rotator what it should have replaced. A token without a date is one that a person stored.
func (e examination) checkAge(created, stored time.Time) {
	const look = "no heartbeat has come, or none got through; look at the schedule, and at the log of the rotator"
	every := e.config.Parent.RotateEvery
	age, since := e.now().Sub(created), e.now().Sub(stored)
	switch {
	case created.IsZero() && since > e.patience:
		e.wrong("age: a person stored the parent %s ago, and %s", rounded(since), look)
	case created.IsZero():
		e.note("age: a person stored the parent %s ago; the next heartbeat replaces it, or: tokenmint rotate", rounded(since))
	case age > every+e.patience:
		e.wrong("age: the parent is %s old, of %s, and %s", rounded(age), every, look)
	default:
		e.ok("age: the parent is %s old, of %s", rounded(age), every)
	}
}

// checkLast says when rotation last replaced the parent, and when it will again.
func (e examination) checkLast(parent secrets.Credential, stored time.Time) {
	if parent.Created.IsZero() {
		e.note("last rotation: none of this parent yet, which was stored at %s", moment(stored))
		return
	}
	e.ok("last rotation: %s, stored at %s; the next is due at %s", cmp.Or(parent.Rotation, "of an id that is not known"), moment(stored),
		moment(parent.Created.Add(e.config.Parent.RotateEvery)))
}

func moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func rounded(d time.Duration) time.Duration { return d.Round(time.Minute) }

// checkVersions counts the versions of the parent that rotation keeps for a while.
func (e examination) checkVersions(d secrets.Description) {
	current, _ := d.VersionAt(secrets.Current)
	pending, isPending := d.VersionAt(secrets.Pending)
	others := len(d.Stages)
	for id := range d.Stages {
		if id == current || isPending && id == pending {
			others--
		}
	}
	if others > 0 {
		e.note("versions: earlier ones that are kept: %d; rotation deletes their tokens %s after they were replaced", others, e.config.Parent.RetireAfter)
	}
}

// checkPending looks for a rotation that began and did not end. what begins each finding.
func (e examination) checkPending(ctx context.Context, what, secretID string, d secrets.Description) {
	current, _ := d.VersionAt(secrets.Current)
	pending, isPending := d.VersionAt(secrets.Pending)
	if !isPending || pending == current {
		e.ok("%s: no rotation is half done", what)
		return
	}
	version, err := e.secrets.Get(ctx, secretID, pending)
	switch since := e.now().Sub(version.Created); {
	case errors.Is(err, secrets.ErrNotFound):
		e.note("%s: version %s has no value; Secrets Manager's own rotation stores one, or the next heartbeat takes the label off", what, pending)
	case err != nil:
		e.wrong("%s: %v; %s", what, err, remedy(err, "look again"))
	case since > e.patience:
		e.wrong("%s: AWSPENDING has been on version %s for %s; the log of the rotator says why it does not pass the proof", what, pending, rounded(since))
	default:
		e.note("%s: a rotation began %s ago; the next heartbeat ends it", what, rounded(since))
	}
}

// checkRotation asks the rotator itself what it would do.
func (e examination) checkRotation(ctx context.Context, log io.Writer) {
	event, err := json.Marshal(map[string]string{"action": "plan", "id": newID()})
	if err != nil {
		panic(err) // two plain values always marshal
	}
	handler, err := setup.Rotate(setup.Parts{
		Settings: e.settings, Config: e.config, Now: e.now, Logger: telemetry.NewLogger(log, e.settings.LogLevel), Metrics: noMetrics(),
	})
	if err != nil {
		e.wrong("rotation: %v", err)
		return
	}
	report, _ := handler.Handle(ctx, event) // the report has the errors, each at its token
	for _, t := range report.Tokens {
		e.checkPlan(t)
	}
}

func (e examination) checkPlan(t rotate.TokenReport) {
	for _, problem := range t.Problems {
		e.wrong("rotation of %s: %s; make the version readable, or delete its token at Mapbox once nothing uses it", t.Name, problem)
	}
	if t.Error != "" {
		e.wrong("rotation of %s: %s; until that is fixed, it is not rotated", t.Name, t.Error)
		return
	}
	switch step := t.Steps[len(t.Steps)-1]; step {
	case "settled":
		e.ok("rotation of %s: %s", t.Name, t.Why)
	case "refuse":
		e.wrong("rotation of %s: %s", t.Name, t.Why)
	default:
		e.note("rotation of %s: %s, since %s; the next heartbeat does it, or: tokenmint rotate --name %s", t.Name, step, t.Why, t.Name)
	}
}
