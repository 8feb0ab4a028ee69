package main

import (
	"context"
	"errors"
	"time"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// checkAdditional looks at one token besides the parent: its secret, whether it works, and whether it is overdue. live are
// the tokens that Mapbox lists.
func (e examination) checkAdditional(ctx context.Context, t config.ManagedToken, live []tokens.Metadata) {
	what := "token " + t.Name
	description, err := e.secrets.Describe(ctx, t.Secret)
	if err != nil {
		e.wrong("%s: %v; %s", what, err, remedy(err, "make its secret: aws secretsmanager create-secret --name "+t.Secret))
		return
	}
	e.checkPending(ctx, what, t.Secret, description)
	version, err := e.secrets.Get(ctx, t.Secret, "")
	if err != nil && !errors.Is(err, secrets.ErrNotFound) {
		e.wrong("%s: %v; %s", what, err, remedy(err, ""))
		return
	}
	credential, err := secrets.ParseCredential(version.Value)
	if err != nil || credential.Token.Usage() == tokens.UsageTemporary {
		e.note("%s: its secret holds no permanent token yet; the next heartbeat makes one, or: tokenmint rotate --name %s", what, t.Name)
		return
	}
	switch err := e.verify(ctx, credential); {
	case errors.Is(err, errDead):
		e.wrong("%s: %v; replace it now: tokenmint rotate --name %s --force", what, err, t.Name)
	case err != nil:
		e.wrong("%s: %v; is TOKENS_API_URL right, and reachable from here?", what, err)
	default:
		e.checkAdditionalAge(what, t, credential, version.Created, find(live, credential.ID))
	}
}

// checkAdditionalAge trusts Mapbox's date alone. A token that is not listed, or without a date, is one that a person stored.
func (e examination) checkAdditionalAge(
	what string, t config.ManagedToken, c secrets.Credential, stored time.Time, listed *tokens.Metadata,
) {
	made := c.Created
	if listed != nil && !made.IsZero() {
		made = listed.Created
	}
	age, since := e.now().Sub(made), e.now().Sub(stored)
	switch {
	case made.IsZero() && since > e.patience:
		e.wrong("%s: works; a person stored it %s ago, and no heartbeat has replaced it; see the log of the rotator", what, rounded(since))
	case made.IsZero():
		e.note("%s: works; a person stored it %s ago, and the next heartbeat replaces it", what, rounded(since))
	case age > t.RotateEvery+e.patience:
		e.wrong("%s: works; it is overdue: %s old, of %s; see the log of the rotator", what, rounded(age), t.RotateEvery)
	case age >= t.RotateEvery:
		e.note("%s: works; it is due: %s old, of %s, and the next heartbeat replaces it", what, rounded(age), t.RotateEvery)
	default:
		e.ok("%s: works; it is %s old, of %s", what, rounded(age), t.RotateEvery)
	}
}
