package main

import (
	"context"
	"errors"
	"time"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// checkAdditional checks one additional token: its secret, whether it works, and whether it is
// overdue. live are the tokens that Mapbox lists.
func (e examination) checkAdditional(
	ctx context.Context, t config.ManagedToken, live []tokens.Metadata,
) {
	subject, name := "token "+t.Name, t.SecretName(e.settings.Stage)
	description, err := e.secrets.Describe(ctx, name)
	if err != nil {
		e.wrong("%s: %v; %s", subject, err,
			remedy(err, "make its secret: aws secretsmanager create-secret --name "+name))
		return
	}
	e.checkName(subject, t, description.Name)
	e.checkPending(ctx, subject, name, description)
	version, err := e.secrets.Get(ctx, name, "")
	if err != nil && !errors.Is(err, secrets.ErrNotFound) {
		e.wrong("%s: %v; %s", subject, err, remedy(err, ""))
		return
	}
	credential, err := secrets.ParseStored(version.Value)
	e.checkServed(subject, t, credential)
	if err != nil || credential.Token.Usage() == tokens.UsageTemporary {
		e.note("%s: its secret holds no permanent token yet; "+
			"the next heartbeat makes one, or: tokenmint rotate --name %s", subject, t.Name)
		return
	}
	switch err := e.verify(ctx, credential); {
	case errors.Is(err, errDead):
		e.wrong("%s: %v; replace it now: tokenmint rotate --name %s --force", subject, err, t.Name)
	case err != nil:
		e.wrong("%s: %v; is TOKENS_API_URL right, and reachable from here?", subject, err)
	default:
		created := credential.Created
		if listed := credential.Listed(live); listed != nil && !created.IsZero() {
			created = listed.Created // a date in a manually stored value may be wrong
		}
		e.checkAdditionalAge(subject, t, created, version.Created)
	}
}

// checkAdditionalAge reports a token that is due. A token without a date was stored manually.
func (e examination) checkAdditionalAge(
	subject string, t config.ManagedToken, created, stored time.Time,
) {
	age, since := e.now().Sub(created), e.now().Sub(stored)
	switch {
	case created.IsZero() && since > e.patience:
		e.wrong("%s: works; it was stored manually %s ago, and no heartbeat has replaced it; "+
			"see the log of the rotator", subject, rounded(since))
	case created.IsZero():
		e.note("%s: works; it was stored manually %s ago, and the next heartbeat replaces it",
			subject, rounded(since))
	case age > t.RotateEvery+e.patience:
		e.wrong("%s: works; it is overdue: %s old, of %s; see the log of the rotator",
			subject, rounded(age), t.RotateEvery)
	case age >= t.RotateEvery:
		e.note("%s: works; it is due: %s old, of %s, and the next heartbeat replaces it",
			subject, rounded(age), t.RotateEvery)
	default:
		e.ok("%s: works; it is %s old, of %s", subject, rounded(age), t.RotateEvery)
	}
}
