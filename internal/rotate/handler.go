package rotate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/telemetry"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

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

	// Problems are what a person should know and no run can repair: a version that cannot be read, a token that is kept.
	// They do not make the run fail.
	Problems []string `json:"problems,omitempty"`

	age     *time.Duration
	overdue time.Duration // for how long a successor has been due
	orphans int
	early   bool // there is no parent yet
}

// run is one invocation: what it may do, and what it has seen of the account.
type run struct {
	*Handler
	intent intent
	plan   bool                 // only say what would be done
	live   []tokens.Metadata    // the account's tokens; nil when they must be listed
	wrote  map[string]time.Time // when this run last changed a secret, by its id

	unseenAt map[string]time.Time // when it found that somebody else has, see [run.unseenChange]
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
	r := &run{Handler: h, plan: e.Action == "plan", wrote: map[string]time.Time{}, unseenAt: map[string]time.Time{}, intent: intent{
		rotation: rotationID(id), force: e.Force, retireNow: e.Action == "retire", deletes: maxDeletes, creates: maxCreates,
	}}
	return r.all(ctx, e.Name)
}

// all reconciles every managed token, or the one of that name. The report has them in the order of the configuration.
func (r *run) all(ctx context.Context, name string) (Report, error) {
	report := Report{Rotation: r.intent.rotation}
	var selected []Managed
	for _, m := range r.managed() {
		if name == "" || name == m.Name {
			selected = append(selected, m)
		}
	}
	if len(selected) == 0 {
		return Report{}, fmt.Errorf("no managed token is called %q", name)
	}
	done := map[string]TokenReport{}
	failed := map[string]error{}
	if selected[0].Name == r.parent.Name { // it comes first: the others are created with it
		done[r.parent.Name], failed[r.parent.Name] = r.reconcile(ctx, r.parent, nil)
	}
	for _, m := range r.byLongestWait(ctx, selected) {
		done[m.Name], failed[m.Name] = r.additional(ctx, m)
	}
	var errs []error
	var overdue time.Duration
	for _, m := range selected {
		token, err := done[m.Name], failed[m.Name]
		if err != nil {
			token.Error = err.Error()
			errs = append(errs, fmt.Errorf("rotate %s: %w", m.Name, err))
		}
		if m.Name != r.parent.Name {
			overdue = max(overdue, token.overdue)
		}
		report.Tokens = append(report.Tokens, token)
		r.measure(token)
	}
	if name == "" && !r.plan {
		r.metrics.RecordOverdue(overdue, r.now())
	}
	return report, errors.Join(errs...)
}

// additional reconciles a token that is created with the parent.
func (r *run) additional(ctx context.Context, m Managed) (TokenReport, error) {
	auth, err := r.parentCredential(ctx)
	if err != nil {
		return r.unobserved(TokenReport{Name: m.Name}, fmt.Errorf("parent: %w", err))
	}
	return r.reconcile(ctx, m, &auth)
}

// errNoParent is no failure: a new stack's secret is empty, or holds a placeholder.
var errNoParent = errors.New("there is no parent token yet: store one with: tokenmint bootstrap")

// unobserved ends a run that could not look. Without a parent yet it waits, unless somebody has asked for more.
func (r *run) unobserved(report TokenReport, err error) (TokenReport, error) {
	if !errors.Is(err, errNoParent) || r.intent.force || r.intent.retireNow {
		return report, err
	}
	report.Steps, report.Why, report.early = append(report.Steps, wait), err.Error(), true
	return report, nil
}

// parentCredential reads the parent, which the additional tokens are created with.
func (h *Handler) parentCredential(ctx context.Context) (secrets.Credential, error) {
	current, err := h.store.Get(ctx, h.parent.SecretID, "")
	var c secrets.Credential
	if err == nil {
		c, err = secrets.ParseCredential(current.Value)
	}
	if err == nil {
		return c, nil
	}
	d, describeErr := h.store.Describe(ctx, h.parent.SecretID)
	_, hasCurrent := d.VersionAt(secrets.Current)
	isPlaceholder := !current.Value.IsZero() && secrets.IsPlaceholder(current.Value)
	if describeErr == nil && h.isNew(d) && (!hasCurrent || isPlaceholder) {
		return c, fmt.Errorf("%w (%w)", errNoParent, err)
	}
	return c, err
}

// reconcile looks, decides and acts until nothing is left to do. A step that fails does not end it: what else is due is
// done, and the errors are joined. No step is repeated, so it ends.
func (r *run) reconcile(ctx context.Context, m Managed, auth *secrets.Credential) (TokenReport, error) {
	report := TokenReport{Name: m.Name}
	r.intent.tried, r.intent.unproved = map[string]bool{}, false
	var errs []error
	for {
		o, err := r.observe(ctx, m, auth)
		report.add(o.problems...)
		if err != nil {
			report, err = r.unobserved(report, err)
			return report, errors.Join(append(errs, err)...)
		}
		report.look(situation{m, o, r.intent})
		s := decide(m, o, r.intent)
		report.Steps, report.Why = append(report.Steps, s.action), s.why
		if s.isLast() || r.plan {
			return report, errors.Join(append(errs, r.undone(m, o, s))...)
		}
		r.intent.tried[s.key()] = true
		err = r.act(ctx, m, o, s)
		if k, isKept := errors.AsType[kept](err); isKept {
			report.add(k.Error())
			continue
		}
		r.record(ctx, m, s, err)
		if err != nil {
			r.intent.unproved = r.intent.unproved || s.action == promote
			errs = append(errs, fmt.Errorf("%s: %w", s.action, err))
		}
		if ctx.Err() != nil {
			return report, errors.Join(append(errs, ctx.Err())...)
		}
	}
}

// undone is the error of a run whose last step leaves something that is due or asked for.
func (r *run) undone(m Managed, o observation, s step) error {
	switch {
	case r.plan:
		return nil
	case s.action == refuse:
		return fmt.Errorf("%s: %s", s.action, s.why)
	case (situation{m, o, r.intent}).isForced():
		return fmt.Errorf("%s: the forced rotation is left undone: %s; send the same event again", s.action, s.why)
	}
	return nil
}

// look notes what a report says about the current token.
func (t *TokenReport) look(s situation) {
	t.TokenID, t.orphans, t.overdue = s.current.credential.ID, s.orphans(), s.overdue()
	t.age, t.Created = nil, ""
	if listed := s.find(t.TokenID); listed != nil && !listed.Created.IsZero() {
		age := s.now.Sub(listed.Created)
		t.age, t.Created = &age, listed.Created.UTC().Format(time.RFC3339)
	}
}

// add notes problems, each once.
func (t *TokenReport) add(problems ...string) {
	for _, p := range problems {
		if !slices.Contains(t.Problems, p) {
			t.Problems = append(t.Problems, p)
		}
	}
}

// measure writes the metrics of one managed token. What ends a run that settles is not due, nor is what waits for the
// first parent.
func (r *run) measure(t TokenReport) {
	if r.plan {
		return
	}
	ended := len(t.Steps) > 0 && t.Steps[len(t.Steps)-1] == settled || t.early
	r.metrics.RecordRotation(telemetry.Rotation{
		Name: t.Name, Failed: t.Error != "", Due: !ended, Orphans: t.orphans, Age: t.age,
	}, r.now())
}

// record writes the audit record of one step.
func (r *run) record(ctx context.Context, m Managed, s step, err error) {
	attrs := []slog.Attr{
		slog.String("name", m.Name), slog.String("step", string(s.action)), slog.String("why", s.why), slog.String("rotation", r.intent.rotation),
	}
	level := slog.LevelInfo
	if err != nil {
		level = slog.LevelError
		attrs = append(attrs, slog.String("cause", err.Error()))
	}
	r.logger.LogAttrs(ctx, level, "audit", attrs...)
}
