package main

import (
	"context"
	"errors"
	"io"

	"github.com/tokenmint/tokenmint/internal/rotate"
	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/telemetry"
)

// checkPending reports a rotation that began and did not end. subject begins each finding.
func (e examination) checkPending(
	ctx context.Context, subject, secretID string, d secrets.Description,
) {
	current, _ := d.VersionAt(secrets.Current)
	pending, isPending := d.VersionAt(secrets.Pending)
	if !isPending || pending == current {
		e.ok("%s: no rotation is incomplete", subject)
		return
	}
	version, err := e.secrets.Get(ctx, secretID, pending)
	switch since := e.now().Sub(version.Created); {
	case errors.Is(err, secrets.ErrNotFound):
		e.note("%s: version %s has no value; Secrets Manager's own rotation stores one, "+
			"or the next heartbeat removes the label", subject, pending)
	case err != nil:
		e.wrong("%s: %v; %s", subject, err, remedy(err, "run doctor again"))
	case since > e.patience:
		e.wrong("%s: AWSPENDING has been on version %s for %s; "+
			"the log of the rotator says why the version fails "+
			"its test", subject, pending, rounded(since))
	default:
		e.note("%s: a rotation began %s ago; the next heartbeat "+
			"completes it", subject, rounded(since))
	}
}

// checkRotation asks the rotator for its plan.
func (e examination) checkRotation(ctx context.Context, log io.Writer) {
	handler, err := e.rotator(telemetry.NewLogger(log, e.settings.LogLevel))
	if err != nil {
		e.wrong("rotation: %v", err)
		return
	}
	event := marshal(map[string]string{"action": "plan", "id": newID()})
	report, _ := handler.Handle(ctx, event) // the report has the error of each token
	for _, t := range report.Tokens {
		e.checkPlan(t)
	}
}

func (e examination) checkPlan(t rotate.TokenReport) {
	for _, problem := range t.Problems {
		e.wrong("rotation of %s: %s; make the version readable, "+
			"or delete its token at Mapbox once nothing uses it", t.Name, problem)
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
		e.note("rotation of %s: %s, because %s; the next heartbeat does it, or: tokenmint "+
			"rotate --name %s",
			t.Name, step, t.Why, t.Name)
	}
}
