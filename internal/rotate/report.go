package rotate

import (
	"context"
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

// TokenReport says what a run did for one managed token. Steps are in order. The last one is
// "settled", "wait", "later" or "refuse", unless the run ended early.
type TokenReport struct {
	Name    string   `json:"name"`
	Steps   []string `json:"steps"`
	Why     string   `json:"why,omitempty"`     // of the last step
	TokenID string   `json:"token_id"`          // of the current token
	Created string   `json:"created,omitempty"` // of the current token, RFC 3339; absent if unknown
	Error   string   `json:"error,omitempty"`

	// Problems are facts that only a person can change: a version that cannot be read, a token that
	// is kept. They do not make the run fail.
	Problems []string `json:"problems,omitempty"`

	age     *time.Duration
	overdue time.Duration // for how long a successor has been due
	orphans int
	early   bool // there is no parent yet
}

// look copies facts about the current token into the report.
func (t *TokenReport) look(s situation) {
	t.TokenID, t.orphans, t.overdue = s.current.credential.ID, s.orphans(), s.overdue()
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

// measure writes the metrics of one managed token. Nothing is due if the run has settled, or waits
// for the first parent.
func (r *run) measure(t TokenReport) {
	if r.plan {
		return
	}
	ended := len(t.Steps) > 0 && t.Steps[len(t.Steps)-1] == string(settled) || t.early
	r.metrics.RecordRotation(telemetry.Rotation{
		Name: t.Name, Failed: t.Error != "", Due: !ended, Orphans: t.orphans, Age: t.age,
	}, r.now())
}

// record writes the audit record of one step.
func (r *run) record(ctx context.Context, m Managed, s step, err error) {
	attrs := []slog.Attr{
		slog.String("name", m.Name), slog.String("step", string(s.action)),
		slog.String("why", s.why), slog.String("rotation", r.intent.rotation),
	}
	level := slog.LevelInfo
	if err != nil {
		level = slog.LevelError
		attrs = append(attrs, slog.String("cause", err.Error()))
	}
	r.logger.LogAttrs(ctx, level, "audit", attrs...)
}
