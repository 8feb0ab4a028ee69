package rotate

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

// maxSteps bounds a run. A run that would need more has met something that it does not understand.
const maxSteps = 24

// Report says what a run did.
type Report struct {
	Rotation string        `json:"rotation"`
	Step     string        `json:"step,omitempty"` // of Secrets Manager's own rotation
	Tokens   []TokenReport `json:"tokens,omitempty"`
}

// TokenReport says what was done for one managed token, in order. The last step is "settled" or "wait" when nothing was left to do.
type TokenReport struct {
	Name    string   `json:"name"`
	Steps   []action `json:"steps"`
	TokenID string   `json:"token_id"`          // of the current token
	Created string   `json:"created,omitempty"` // of the current token, RFC 3339; absent if it is not known
}

// Handle runs one event. A run that could not do all that is due returns an error, so that Lambda and its alarms see it.
func (h *Handler) Handle(ctx context.Context, raw json.RawMessage) (Report, error) {
	e, err := decodeEvent(raw)
	if err != nil {
		return Report{}, err
	}
	if e.Step != "" {
		return Report{Rotation: e.ClientRequestToken, Step: e.Step}, h.handleStep(ctx, e)
	}
	if e.Name != "" && e.Name != h.parent.Name {
		return Report{}, fmt.Errorf("no managed token is called %q", e.Name)
	}
	id := e.ID
	if lc, ok := lambdacontext.FromContext(ctx); ok && id == "" {
		id = lc.AwsRequestID // Lambda keeps it when it repeats an invocation
	}
	if id == "" {
		return Report{}, fmt.Errorf("event has no id, and there is no invocation to take one from")
	}
	w := wish{rotation: rotationID(id), force: e.Force}
	token, err := h.reconcile(ctx, h.parent, w)
	if err != nil {
		err = fmt.Errorf("rotate %s: %w", h.parent.Name, err)
	}
	return Report{Rotation: w.rotation, Tokens: []TokenReport{token}}, err
}

// reconcile looks, decides and acts until nothing is left to do.
func (h *Handler) reconcile(ctx context.Context, m Managed, w wish) (TokenReport, error) {
	report := TokenReport{Name: m.Name}
	for range maxSteps {
		o, err := h.observe(ctx, m)
		if err != nil {
			return report, err
		}
		current := o.current.credential
		report.TokenID = current.ID
		if !current.Created.IsZero() {
			report.Created = current.Created.UTC().Format("2006-01-02T15:04:05Z07:00")
		}
		s := decide(m, o, w)
		report.Steps = append(report.Steps, s.action)
		if s.action == settled || s.action == wait {
			return report, nil
		}
		err = h.act(ctx, m, o, w, s)
		h.record(ctx, m, w, s, err)
		if err != nil {
			return report, fmt.Errorf("%s: %w", s.action, err)
		}
	}
	return report, fmt.Errorf("not settled after %d steps", maxSteps)
}

// record writes the audit record of one step.
func (h *Handler) record(ctx context.Context, m Managed, w wish, s step, err error) {
	attrs := []slog.Attr{slog.String("name", m.Name), slog.String("step", string(s.action)), slog.String("rotation", w.rotation)}
	level := slog.LevelInfo
	if err != nil {
		level = slog.LevelError
		attrs = append(attrs, slog.String("cause", err.Error()))
	}
	h.logger.LogAttrs(ctx, level, "audit", attrs...)
}
