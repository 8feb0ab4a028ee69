package model_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tokenmint/tokenmint/internal/rotate"
	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// guard is one of the things that keep rotation safe, how to take it away from outside, and what
// goes wrong then.
type guard struct {
	name   string
	remove func(a *actor, store secrets.Store, api rotate.Tokens, managed []rotate.Managed) (secrets.Store, rotate.Tokens)
	event  func(w *world, event string) string // what is delivered in place of an event
	runs   int                                 // how often one run does all its work; 0 = once
	where  scenario
	want   string // part of the violation
}

var guards = []guard{
	{name: "sweep", remove: hide(lostTokens), where: sequential[0], want: "a token is left behind"},
	{name: "note", remove: func(_ *actor, s secrets.Store, api rotate.Tokens, _ []rotate.Managed) (secrets.Store, rotate.Tokens) {
		return s, noteless{api}
	}, where: sequential[0], want: "has no token of ours"},
	{name: "compare-and-swap", remove: func(a *actor, s secrets.Store, api rotate.Tokens, _ []rotate.Managed) (secrets.Store, rotate.Tokens) {
		return careless{s, a}, api
	}, where: scenario{"paste beside a rotation", fresh, [][]move{{force}, {paste}}}, want: "has not read"},
	{name: "proof", remove: func(a *actor, s secrets.Store, api rotate.Tokens, _ []rotate.Managed) (secrets.Store, rotate.Tokens) {
		return s, trusting{api, a}
	}, where: scenario{"the created token is spoilt", fresh, [][]move{{force}, {spoil}}}, want: "does not live"},
	{name: "grace", remove: func(_ *actor, s secrets.Store, api rotate.Tokens, managed []rotate.Managed) (secrets.Store, rotate.Tokens) {
		managed[0].RetireAfter = 0
		return s, api
	}, where: sequential[0], want: "within its grace"},
	{name: "orphan age", remove: func(_ *actor, s secrets.Store, api rotate.Tokens, _ []rotate.Managed) (secrets.Store, rotate.Tokens) {
		return s, altered{api, func(rows []tokens.Metadata) []tokens.Metadata {
			for i := range rows {
				rows[i].Created = rows[i].Created.Add(-time.Hour)
			}
			return rows
		}}
	}, where: scenario{"two forced", fresh, [][]move{{force}, {force}}}, want: "on its way to store"},
	{name: "cap", remove: func(a *actor, s secrets.Store, api rotate.Tokens, _ []rotate.Managed) (secrets.Store, rotate.Tokens) {
		return s, altered{api, func(rows []tokens.Metadata) []tokens.Metadata {
			for i := range rows {
				if c := a.mine[rows[i].ID]; c != nil && c.stored {
					rows[i].Note = ""
				}
			}
			return rows
		}}
	}, where: scenario{"many", many, [][]move{{force, force}}}, want: "are alive"},
	{name: "date before promotion", remove: func(a *actor, s secrets.Store, api rotate.Tokens, _ []rotate.Managed) (secrets.Store, rotate.Tokens) {
		return undated{s, a}, api
	}, where: scenario{"pasted, then Secrets Manager's rotation", pasted, [][]move{{
		heartbeatNow, begin, step("createSecret"), step("testSecret"), step("finishSecret"),
	}}}, want: "a token is left behind"},
	{name: "proof of the current token before a deletion", remove: func(_ *actor, s secrets.Store, api rotate.Tokens, _ []rotate.Managed) (secrets.Store, rotate.Tokens) {
		return s, believing{api}
	}, where: scenario{"the current token is deleted", uploadsOverdue, [][]move{{heartbeatNow}, {revokeNewest}}}, want: "does not work"},
	{name: "second look before a version is forgotten", remove: func(a *actor, s secrets.Store, api rotate.Tokens, _ []rotate.Managed) (secrets.Store, rotate.Tokens) {
		return s, &sticky{Tokens: api, actor: a}
	}, where: scenario{"pasted, then forced twice", fresh, [][]move{{paste, force, force, heartbeatNow}}}, want: "a token is left behind"},
	{name: "bound of deletions", runs: 2,
		where: scenario{"many graces end", many, [][]move{{paste, heartbeatNow, paste, heartbeatNow, paste, heartbeatNow, pass(retireAfter), heartbeatNow}}},
		want:  "more than 8"},
	{name: "one rotation an event", event: func(w *world, event string) string {
		w.events++
		return strings.Replace(event, `"once"`, fmt.Sprintf(`"once %d"`, w.events), 1)
	}, where: scenario{"forced, delivered twice", fresh, [][]move{{forceOnce, forceOnce}}}, want: "delivered twice"},
	{name: "an earlier attempt of a step", remove: hide(func(a *actor, t tokens.Metadata) bool {
		return strings.Contains(a.event, "Step") && lostTokens(a, t)
	}), where: scenario{"createSecret twice", fresh, [][]move{{begin, step("createSecret"), pass(2 * time.Minute), step("createSecret")}}},
		want: "a step has created"},
	{name: "a look at the version before a create is undone", remove: wrap(func(s secrets.Store, _ *actor) secrets.Store {
		return &hasty{Store: s}
	}), where: sequential[1], want: "is AWSPENDING of parent"},
	{name: "a look at every managed secret before a deletion", remove: wrap(func(s secrets.Store, a *actor) secrets.Store {
		return narrow{s, a}
	}), where: scenario{"one token in two secrets", wide, [][]move{{pasteKind(0, "bare"), copyValue(0, 1), force, retireNow}}},
		want: "is AWSCURRENT of uploads"},
	{name: "the token of a version that cannot be read is kept", remove: wrap(func(s secrets.Store, _ *actor) secrets.Store {
		return dismissive{s}
	}), where: scenario{"an old version cannot be read", replaced, [][]move{{
		heartbeatNow, spoilVersion(0, secrets.Previous, "AccessDenied"), pass(time.Hour), heartbeatNow,
	}}}, want: "which cannot be read"},
	{name: "grace periods start again after a change that nobody saw", remove: wrap(func(s secrets.Store, _ *actor) secrets.Store {
		return dateless{s}
	}), where: scenario{"rolled back and forward", replaced, [][]move{{
		heartbeatNow, pass(retireAfter - time.Hour), swing(0, 50*time.Minute), pass(10 * time.Minute), heartbeatNow,
	}}}, want: "within its grace"},
	{name: "a note of another stack", remove: alter(func(a *actor, t *tokens.Metadata) {
		if a.foreign[t.ID] {
			t.Note = ""
		}
	}), where: scenario{"another stack's token", replaced, [][]move{{pasteKind(0, "another stack's"), heartbeatNow, pass(retireAfter), heartbeatNow}}},
		want: "another stack's"},
	{name: "Mapbox's own note and date", remove: alter(func(a *actor, t *tokens.Metadata) {
		d := must(a.memory.Describe(context.Background(), parentSecret))
		id, _ := d.VersionAt(secrets.Current)
		if c, ok := a.valueOf(parentSecret, id); ok && c.ID == t.ID && !c.Created.IsZero() {
			t.Note, t.Created = "tokenmint/test/parent/"+id, c.Created
		}
	}), where: scenario{"a date that a person pastes", replaced, [][]move{{pasteKind(0, "future")}}}, want: "no token of ours"},
}

// wrap changes what a run sees of the secrets.
func wrap(f func(secrets.Store, *actor) secrets.Store) func(*actor, secrets.Store, rotate.Tokens, []rotate.Managed) (secrets.Store, rotate.Tokens) {
	return func(a *actor, s secrets.Store, api rotate.Tokens, _ []rotate.Managed) (secrets.Store, rotate.Tokens) {
		return f(s, a), api
	}
}

// alter changes each token that a list shows.
func alter(f func(a *actor, t *tokens.Metadata)) func(*actor, secrets.Store, rotate.Tokens, []rotate.Managed) (secrets.Store, rotate.Tokens) {
	return func(a *actor, s secrets.Store, api rotate.Tokens, _ []rotate.Managed) (secrets.Store, rotate.Tokens) {
		return s, altered{api, func(rows []tokens.Metadata) []tokens.Metadata {
			for i := range rows {
				f(a, &rows[i])
			}
			return rows
		}}
	}
}

// oops reads like a version that holds no token.
func oops(id string) secrets.Version { return secrets.Version{ID: id, Value: secrets.NewValue("oops")} }

// hasty believes that a version whose Put was refused does not hold the token.
type hasty struct {
	secrets.Store
	refused string
}

func (h *hasty) Put(ctx context.Context, id, version string, v secrets.Value, stages ...string) error {
	err := h.Store.Put(ctx, id, version, v, stages...)
	if errors.Is(err, secrets.ErrDenied) {
		h.refused = version
	}
	return err
}

func (h *hasty) Get(ctx context.Context, id, version string) (secrets.Version, error) {
	if version != "" && version == h.refused {
		h.refused = ""
		return oops(version), nil
	}
	return h.Store.Get(ctx, id, version)
}

// narrow sees the parent's secret alone, in a run for the parent.
type narrow struct {
	secrets.Store
	*actor
}

func (n narrow) Describe(ctx context.Context, id string) (secrets.Description, error) {
	d, err := n.Store.Describe(ctx, id)
	if id != parentSecret && strings.Contains(n.event, `"name":"parent"`) {
		return secrets.Description{}, secrets.ErrNotFound
	}
	return d, err
}

// dismissive takes a version that cannot be read for one that holds no token.
type dismissive struct{ secrets.Store }

func (d dismissive) Get(ctx context.Context, id, version string) (secrets.Version, error) {
	v, err := d.Store.Get(ctx, id, version)
	if errors.Is(err, secrets.ErrDenied) {
		return oops(version), nil
	}
	return v, err
}

// dateless does not say when a secret was last changed.
type dateless struct{ secrets.Store }

func (d dateless) Describe(ctx context.Context, id string) (secrets.Description, error) {
	got, err := d.Store.Describe(ctx, id)
	got.Changed = time.Time{}
	return got, err
}

// TestModelFindsEachGuardMissing removes each guard. The model must find a schedule that shows it
// is missing.
func TestModelFindsEachGuardMissing(t *testing.T) {
	t.Parallel()
	if !*modelFull {
		t.Skip("takes a minute: runs with -model.full")
	}
	for _, g := range guards {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				for s := range growing(g.where) {
					o := play(s, g)
					if !strings.Contains(o.violation, g.want) || play(s, guard{}).violation != "" {
						continue
					}
					s = shrink(s, g, o.violation)
					o = play(s, g)
					t.Logf("%s: %s\n%s", s, o.violation, strings.Join(o.mishaps(), "\n"))
					return
				}
				t.Errorf("no schedule shows it")
			})
		})
	}
}

// growing are the schedules of a scenario, shorter ones first.
func growing(sc scenario) iter.Seq[schedule] {
	return func(yield func(schedule) bool) {
		if !yield(schedule{scenario: sc}) {
			return
		}
		for at := range maxCalls {
			if !yield(schedule{scenario: sc, switches: []int{at}}) {
				return
			}
			for _, how := range slices.Concat(waysOfWrites, []way{stale, staler}) {
				if !yield(schedule{scenario: sc, faults: []fault{{at, how}}}) {
					return
				}
			}
		}
		for first := range maxCalls {
			for second := first + 1; second < maxCalls; second++ {
				if !yield(schedule{scenario: sc, switches: []int{first, second}}) {
					return
				}
			}
		}
	}
}

// spoil deletes the newest token behind the model's back: that it is dead is for the proof to find,
// not a person's deed.
var spoil = act("the newest token stops working", func(w *world) {
	if rows := w.rows(); w.mine[rows[len(rows)-1].ID] != nil {
		w.remember()
		if err := w.sim.Revoke(user, rows[len(rows)-1].ID); err != nil {
			panic(err)
		}
	}
})

// uploadsOverdue has a additional token whose predecessor's grace is over.
func uploadsOverdue(w *world) {
	uploadsDue(w)
	heartbeatNow.do(w, always)
	time.Sleep(retireAfter)
}

// altered shows lists that a function has changed.
type altered struct {
	rotate.Tokens
	change func([]tokens.Metadata) []tokens.Metadata
}

func (l altered) List(ctx context.Context, auth tokens.Auth, opts tokens.ListOptions) iter.Seq2[tokens.Metadata, error] {
	return func(yield func(tokens.Metadata, error) bool) {
		var rows []tokens.Metadata
		for row, err := range l.Tokens.List(ctx, auth, opts) {
			if err != nil {
				yield(row, err)
				return
			}
			rows = append(rows, row)
		}
		for _, row := range l.change(rows) {
			if !yield(row, nil) {
				return
			}
		}
	}
}

// hide makes lists that do not show some tokens.
func hide(which func(a *actor, t tokens.Metadata) bool) func(*actor, secrets.Store, rotate.Tokens, []rotate.Managed) (secrets.Store, rotate.Tokens) {
	return func(a *actor, s secrets.Store, api rotate.Tokens, _ []rotate.Managed) (secrets.Store, rotate.Tokens) {
		return s, altered{api, func(rows []tokens.Metadata) []tokens.Metadata {
			return slices.DeleteFunc(rows, func(t tokens.Metadata) bool { return which(a, t) })
		}}
	}
}

func lostTokens(a *actor, t tokens.Metadata) bool { return a.mine[t.ID] != nil && !a.mine[t.ID].stored }

// noteless creates tokens without their note.
type noteless struct{ rotate.Tokens }

func (n noteless) Create(ctx context.Context, auth tokens.Auth, req tokens.CreateRequest) (tokens.Metadata, error) {
	req.Note = ""
	return n.Tokens.Create(ctx, auth, req)
}

// careless moves AWSCURRENT from wherever it is.
type careless struct {
	secrets.Store
	*actor
}

func (c careless) MoveStage(ctx context.Context, id, stage, from, to string) error {
	err := c.Store.MoveStage(ctx, id, stage, from, to)
	if stage == secrets.Current && errors.Is(err, secrets.ErrConflict) {
		from, _ = must(c.memory.Describe(context.Background(), id)).VersionAt(stage)
		err = c.Store.MoveStage(ctx, id, stage, from, to)
	}
	return err
}

// trusting calls every token valid, listed and fit for what it is asked for.
type trusting struct {
	rotate.Tokens
	*actor
}

func (b trusting) Retrieve(ctx context.Context, token tokens.Token) (tokens.Retrieved, error) {
	return believing{b.Tokens}.Retrieve(ctx, token)
}

func (b trusting) CreateTemporary(
	_ context.Context, _ tokens.Auth, req tokens.TemporaryRequest,
) (tokens.Temporary, error) {
	if !slices.Contains(scopes, req.Scopes[0]) {
		return tokens.Temporary{}, tokensFailure(refused)
	}
	return tokens.Temporary{}, nil
}

func (b trusting) List(ctx context.Context, auth tokens.Auth, opts tokens.ListOptions) iter.Seq2[tokens.Metadata, error] {
	d := must(b.memory.Describe(context.Background(), parentSecret))
	return altered{b.Tokens, func(rows []tokens.Metadata) []tokens.Metadata {
		if id, ok := d.VersionAt(secrets.Pending); ok {
			c := must(secrets.ParseStored(must(b.memory.Get(context.Background(), parentSecret, id)).Value))
			if !b.isAlive(c.ID) {
				rows = append(rows, tokens.Metadata{ID: c.ID, Scopes: c.Scopes})
			}
		}
		return rows
	}}.List(ctx, auth, opts)
}

// believing calls every token valid.
type believing struct{ rotate.Tokens }

func (believing) Retrieve(_ context.Context, token tokens.Token) (tokens.Retrieved, error) {
	claims, err := token.Decode()
	return tokens.Retrieved{Verdict: tokens.VerdictValid, User: claims.User, ID: claims.ID}, err
}

// undated does not date a version while a promotion is ahead.
type undated struct {
	secrets.Store
	*actor
}

func (u undated) MoveStage(ctx context.Context, id, stage, from, to string) error {
	d := must(u.memory.Describe(context.Background(), id))
	if pending, ok := d.VersionAt(secrets.Pending); ok && isDated(stage) && !d.Has(pending, secrets.Current) {
		return nil
	}
	return u.Store.MoveStage(ctx, id, stage, from, to)
}

// sticky shows a list that was stale again and again within a run.
type sticky struct {
	rotate.Tokens
	*actor
	rows []tokens.Metadata
}

func (s *sticky) List(ctx context.Context, auth tokens.Auth, opts tokens.ListOptions) iter.Seq2[tokens.Metadata, error] {
	return altered{s.Tokens, func(rows []tokens.Metadata) []tokens.Metadata {
		if s.rows == nil && len(rows) < len(s.world.rows()) {
			s.rows = rows
		}
		if s.rows != nil {
			return slices.Clone(s.rows)
		}
		return rows
	}}.List(ctx, auth, opts)
}
