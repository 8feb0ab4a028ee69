package rotate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// run is one invocation: what it may do, and what it has seen so far.
type run struct {
	*Handler
	request   request
	progress  progress
	plan      bool                 // only say what the run would do
	live      []tokens.Metadata    // the account's tokens; nil when they must be listed
	wrote     map[string]time.Time // when this run last changed a secret, by its id
	noticedAt map[string]time.Time // when this run noticed a change by somebody else, see describe
}

// Handle runs one event. It returns an error if anything that is due is not done, so that Lambda
// and the alarms see it. A token that fails does not block the others.
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
		id = lc.AwsRequestID // Lambda sends the same id when it repeats an invocation
	}
	if id == "" {
		return Report{}, errors.New("event has no id, and Lambda's context has no request id")
	}
	r := h.newRun(request{
		rotation: rotationID(id), force: e.Force, retireNow: e.Action == "retire",
	})
	r.plan = e.Action == "plan"
	return r.all(ctx, e.Name)
}

func (h *Handler) newRun(asked request) *run {
	return &run{
		Handler: h, request: asked, progress: progress{deletes: maxDeletes, creates: maxCreates},
		wrote: map[string]time.Time{}, noticedAt: map[string]time.Time{},
	}
}

// all reconciles each managed token, or the one with that name. The report lists tokens in the
// order of the configuration.
func (r *run) all(ctx context.Context, name string) (Report, error) {
	report := Report{Rotation: r.request.rotation}
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
	if selected[0].Name == r.parent.Name { // the parent comes first: it creates the others
		done[r.parent.Name], failed[r.parent.Name] = r.reconcile(ctx, r.parent, nil)
	}
	additional := slices.DeleteFunc(slices.Clone(selected), func(m Managed) bool {
		return m.Name == r.parent.Name
	})
	for _, m := range r.orderByWait(ctx, additional) {
		done[m.Name], failed[m.Name] = r.reconcileAdditional(ctx, m)
	}
	var errs []error
	for _, m := range selected {
		token, err := done[m.Name], failed[m.Name]
		if err != nil {
			token.Error = err.Error()
			errs = append(errs, fmt.Errorf("rotate %s: %w", m.Name, err))
		}
		report.Tokens = append(report.Tokens, token)
	}
	if !r.plan {
		r.logRun(ctx, report, name)
	}
	return report, errors.Join(errs...)
}

// reconcileAdditional reconciles a token other than the parent.
func (r *run) reconcileAdditional(ctx context.Context, m Managed) (TokenReport, error) {
	auth, err := r.parentCredential(ctx)
	if err != nil {
		return r.waitForParent(TokenReport{Name: m.Name}, fmt.Errorf("parent: %w", err))
	}
	return r.reconcile(ctx, m, &auth)
}

// errNoParent is not a failure: the secret of a new stack is empty, or holds a placeholder.
var errNoParent = errors.New("there is no parent token yet: store one with: tokenmint bootstrap")

// waitForParent turns errNoParent into the step "wait", which is a success, unless an operator has
// asked for a rotation or a retirement. It returns any other error.
func (r *run) waitForParent(report TokenReport, err error) (TokenReport, error) {
	if !errors.Is(err, errNoParent) || r.request.force || r.request.retireNow {
		return report, err
	}
	report.Steps, report.Why, report.early = append(report.Steps, string(wait)), err.Error(), true
	return report, nil
}

// parentCredential reads the parent token.
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

// reconcile observes, decides and acts until nothing is left to do. A step that fails does not stop
// the others: the errors are joined. A run repeats no step, so the loop ends.
func (r *run) reconcile(
	ctx context.Context, m Managed, auth *secrets.Credential,
) (TokenReport, error) {
	report := TokenReport{Name: m.Name, inOrder: true}
	r.progress.tried, r.progress.unproved = map[string]bool{}, false
	r.progress.announced = map[string]bool{}
	var errs []error
	for {
		o, err := r.observe(ctx, m, auth)
		report.add(o.problems...)
		if err != nil {
			report.inOrder = false
			report, err = r.waitForParent(report, err)
			return report, errors.Join(append(errs, err)...)
		}
		at := situation{m, o, r.request, r.progress}
		report.look(at)
		s := decide(at)
		report.Steps, report.Why = append(report.Steps, string(s.action)), s.why
		if s.endsRun() || r.plan {
			undone := r.undone(at, s)
			report.inOrder = report.inOrder && undone == nil
			return report, errors.Join(append(errs, undone)...)
		}
		r.progress.tried[s.key()] = true
		err = r.act(ctx, m, o, s)
		r.record(ctx, m, s, err)
		if k, isKept := errors.AsType[kept](err); isKept {
			report.add(k.Error())
			continue
		}
		if err != nil {
			r.progress.unproved = r.progress.unproved || s.action == promote
			report.inOrder = report.inOrder && s.action == announce
			errs = append(errs, fmt.Errorf("%s: %w", s.action, err))
		}
		if ctx.Err() != nil {
			report.inOrder = false
			return report, errors.Join(append(errs, ctx.Err())...)
		}
	}
}

// undone returns an error if the last step leaves something that is due or was asked for.
func (r *run) undone(at situation, s step) error {
	switch {
	case r.plan:
		return nil
	case s.action == refuse:
		return fmt.Errorf("%s: %s", s.action, s.why)
	case at.isForced():
		return fmt.Errorf("%s: the forced rotation is not done: %s; send the same event again",
			s.action, s.why)
	}
	return nil
}
