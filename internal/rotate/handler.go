package rotate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/telemetry"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// maxSteps bounds a run for one managed token. A run that would need more has met something that it does not understand.
const maxSteps = 32

// Report says what a run did.
type Report struct {
	Rotation string        `json:"rotation"`
	Step     string        `json:"step,omitempty"` // of Secrets Manager's own rotation
	Tokens   []TokenReport `json:"tokens,omitempty"`
}

// TokenReport says what was done for one managed token, in order. The last step is "settled", "wait" or "later" when nothing was left to do in this run.
type TokenReport struct {
	Name    string   `json:"name"`
	Steps   []action `json:"steps"`
	Why     string   `json:"why,omitempty"`     // of the last step
	TokenID string   `json:"token_id"`          // of the current token
	Created string   `json:"created,omitempty"` // of the current token, RFC 3339; absent if it is not known
	Error   string   `json:"error,omitempty"`

	age     time.Duration
	orphans int
}

// run is one invocation: what it may do, and what it has seen of the account.
type run struct {
	*Handler
	wish wish
	plan bool              // only say what would be done
	live []tokens.Metadata // the account's tokens; nil when they must be listed
}

// Handle runs one event. A run that could not do all that is due returns an error, so that Lambda and its alarms see it; one token
// that fails does not hold up the others.
func (h *Handler) Handle(ctx context.Context, raw json.RawMessage) (Report, error) {
	e, err := decodeEvent(raw)
	if err != nil {
		return Report{}, err
	}
	if e.Step != "" {
		return Report{Rotation: e.ClientRequestToken, Step: e.Step}, h.handleStep(ctx, e)
	}
	id := e.ID
	if lc, ok := lambdacontext.FromContext(ctx); ok && id == "" {
		id = lc.AwsRequestID // Lambda keeps it when it repeats an invocation
	}
	if id == "" {
		return Report{}, errors.New("event has no id, and there is no invocation to take one from")
	}
	r := &run{Handler: h, plan: e.Action == "plan", wish: wish{
		rotation: rotationID(id), force: e.Force, retireNow: e.Action == "retire", deletes: h.deletes, creates: maxCreates,
	}}
	return r.all(ctx, e.Name)
}

// all reconciles every managed token, or the one of that name.
func (r *run) all(ctx context.Context, name string) (Report, error) {
	report := Report{Rotation: r.wish.rotation}
	var errs []error
	note := func(token TokenReport, err error) {
		if err != nil {
			token.Error = err.Error()
			errs = append(errs, fmt.Errorf("rotate %s: %w", token.Name, err))
		}
		report.Tokens = append(report.Tokens, token)
		if !r.plan {
			r.measure(token)
		}
	}
	if name == "" || name == r.parent.Name {
		note(r.reconcile(ctx, r.parent, nil))
	}
	for _, m := range r.further {
		if name != "" && name != m.Name {
			continue
		}
		auth, err := r.parentCredential(ctx)
		if err != nil {
			note(TokenReport{Name: m.Name}, fmt.Errorf("parent: %w", err))
			continue
		}
		note(r.reconcile(ctx, m, &auth))
	}
	if len(report.Tokens) == 0 {
		return Report{}, fmt.Errorf("no managed token is called %q", name)
	}
	return report, errors.Join(errs...)
}

// parentCredential reads the parent, which the further tokens are created with.
func (h *Handler) parentCredential(ctx context.Context) (secrets.Credential, error) {
	current, err := h.store.Get(ctx, h.parent.SecretID, "")
	if err != nil {
		return secrets.Credential{}, err
	}
	return secrets.ParseCredential(current.Value)
}

// reconcile looks, decides and acts until nothing is left to do.
func (r *run) reconcile(ctx context.Context, m Managed, auth *secrets.Credential) (TokenReport, error) {
	report := TokenReport{Name: m.Name}
	for range maxSteps {
		o, err := r.observe(ctx, m, auth)
		if err != nil {
			return report, err
		}
		current := o.current.credential
		report.TokenID = current.ID
		if !current.Created.IsZero() {
			report.Created, report.age = current.Created.UTC().Format(time.RFC3339), o.now.Sub(current.Created)
		}
		report.orphans = o.orphans()
		s := decide(m, o, r.wish)
		report.Steps, report.Why = append(report.Steps, s.action), s.why
		if s.action == settled || s.action == wait || s.action == later || r.plan {
			return report, nil
		}
		err = r.act(ctx, m, o, s)
		r.record(ctx, m, s, err)
		if err != nil {
			return report, fmt.Errorf("%s: %w", s.action, err)
		}
	}
	return report, fmt.Errorf("not settled after %d steps", maxSteps)
}

// measure writes the metrics of one managed token. What ends a run that settles is not due.
func (r *run) measure(t TokenReport) {
	ended := len(t.Steps) > 0 && t.Steps[len(t.Steps)-1] == settled
	r.metrics.RecordRotation(telemetry.Rotation{
		Name: t.Name, Failed: t.Error != "", Due: !ended, Orphans: t.orphans, Age: t.age,
	}, r.now())
}

// record writes the audit record of one step.
func (r *run) record(ctx context.Context, m Managed, s step, err error) {
	attrs := []slog.Attr{
		slog.String("name", m.Name), slog.String("step", string(s.action)), slog.String("why", s.why), slog.String("rotation", r.wish.rotation),
	}
	level := slog.LevelInfo
	if err != nil {
		level = slog.LevelError
		attrs = append(attrs, slog.String("cause", err.Error()))
	}
	r.logger.LogAttrs(ctx, level, "audit", attrs...)
}
