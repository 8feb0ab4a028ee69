package rotate

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/tokenmint/tokenmint/internal/telemetry"
)

// Report says what a run did.
type Report struct {
	Rotation string        `json:"rotation"`
	Step     string        `json:"step,omitempty"` // a step of Secrets Manager's own rotation
	Tokens   []TokenReport `json:"tokens,omitempty"`
}

// TokenReport says what a run did for one managed token. Steps are those that the run tried, in
// order. A step that failed, or that kept a token, is among them. The last one is "settled",
// "wait", "later" or "refuse", unless the run ended early.
type TokenReport struct {
	Name    string   `json:"name"`
	Steps   []string `json:"steps"`
	Why     string   `json:"why,omitempty"`     // of the last step
	TokenID string   `json:"token_id"`          // of the current token
	Created string   `json:"created,omitempty"` // of the current token, RFC 3339; absent if unknown
	Orphans int      `json:"orphans,omitempty"` // live tokens with our note that no version holds
	Error   string   `json:"error,omitempty"`

	// Problems are facts that only a person can change: a version that cannot be read, a token that
	// is kept. They do not make the run fail.
	Problems []string `json:"problems,omitempty"`

	age     *time.Duration
	due     bool
	overdue time.Duration // for how long a successor has been due
	early   bool          // there is no parent yet
	inOrder bool          // nothing failed but events
}

// look copies facts about the current token into the report.
func (t *TokenReport) look(s situation) {
	t.TokenID, t.Orphans = s.current.credential.ID, s.orphans()
	t.due, t.overdue = s.dueUnasked().why != "", s.overdue()
	t.age, t.Created = nil, ""
	if listed := s.find(t.TokenID); listed != nil && !listed.Created.IsZero() {
		age := s.now.Sub(listed.Created)
		t.age, t.Created = &age, listed.Created.UTC().Format(time.RFC3339)
	}
}

// add adds problems that the report does not have yet.
func (t *TokenReport) add(problems ...string) {
	for _, p := range problems {
		if !slices.Contains(t.Problems, p) {
			t.Problems = append(t.Problems, p)
		}
	}
}

// ageIfNothingDue returns the age of the current token, or nil if the run left something due. It
// returns 0 if there is no parent yet, since nothing can be due then.
func (t *TokenReport) ageIfNothingDue() *time.Duration {
	switch {
	case t.early:
		return new(time.Duration(0))
	case t.due || !t.inOrder:
		return nil
	}
	return t.age
}

// logRun writes the line of this run. A run for one token says nothing about the others.
func (r *run) logRun(ctx context.Context, report Report, name string) {
	line := telemetry.Run{Rotation: report.Rotation, Tokens: report.Tokens}
	var overdue time.Duration
	for _, t := range report.Tokens {
		line.Failed = line.Failed || t.Error != ""
		if t.Name == r.parent.Name {
			line.ParentAge = t.ageIfNothingDue()
		} else {
			overdue = max(overdue, t.overdue)
		}
	}
	if name == "" && len(r.additional) > 0 {
		line.Overdue = &overdue
	}
	r.metrics.LogRun(ctx, r.logger, line, r.now())
}

// record writes the audit record of one step. If the step keeps its token, the record says why.
func (r *run) record(ctx context.Context, m Managed, s step, err error) {
	attrs := []slog.Attr{
		slog.String("name", m.Name), slog.String("step", string(s.action)),
		slog.String("why", s.why), slog.String("rotation", r.request.rotation),
	}
	level := slog.LevelInfo
	if k, isKept := errors.AsType[kept](err); isKept {
		level = slog.LevelWarn
		attrs = append(attrs, slog.String("kept", k.Error()))
	} else if err != nil {
		level = slog.LevelError
		attrs = append(attrs, slog.String("cause", err.Error()))
	}
	r.logger.LogAttrs(ctx, level, "audit", attrs...)
}
