package model_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// way is how a call to the outside goes wrong.
type way string

// The ways. "Before" and "after" are the call's effect.
const (
	refused way = "refused" // it certainly did not happen: access denied, or 404 as Mapbox says it
	// it happened, and the answer is a refusal: that of a later attempt
	refusedAfter way = "refused after its effect"

	throttled  way = "throttled"   // 429: it certainly did not happen
	broken     way = "broken"      // no effect, and nobody can tell
	lost       way = "lost"        // it happened, and nobody can tell
	diedBefore way = "died before" // the process ended: all that follows in this run fails
	diedAfter  way = "died after"
	slowBefore way = "slow before"
	slowAfter  way = "slow after"
	tooLate    way = "too late"     // the context ends before the effect
	justLate   way = "just in time" // it ends after it
	stale      way = "stale"        // the answer is that of before the last write
	staler     way = "staler"       // the answer is as old as staleness allows
)

// Effects can go wrong in more ways than reads, and reads in one of their own.
var (
	waysOfReads  = []way{refused, throttled, broken, diedBefore, slowBefore, tooLate, stale, staler}
	waysOfWrites = []way{refused, refusedAfter, throttled, broken, lost, diedBefore, diedAfter,
		slowBefore, slowAfter, tooLate, justLate}
)

const (
	slowness    = 10 * time.Minute // two slow calls outlast a Lambda
	lambdaLimit = 15 * time.Minute
	staleness   = time.Minute // AWS and Mapbox say nothing; seconds were seen
)

var (
	errBroken = errors.New("connection reset by peer")
	errDied   = errors.New("the process has died")
)

// actor is one run of the rotator, seen from the outside: what it calls goes through it.
type actor struct {
	*world
	event    string
	ctx      context.Context
	cancel   context.CancelFunc
	yield    func() bool // lets others go first; false = the schedule is over
	dead     bool
	now      bool            // its event ends every grace
	seen     map[string]bool // versions that it has read
	hindered bool            // a call of it has gone wrong
	listedAt time.Time       // when it last saw the account's tokens
	deletes  int
	unsaid   bool // an event has failed
	started  time.Time
	lookedAt map[string]time.Time // when it last saw the labels of a secret
	looked   time.Time            // when it last saw the labels
	// when it saw the labels by which it last asked whether a token is valid
	proved time.Time
}

// alive reports whether the run may still do something: a Lambda ends at its deadline, whatever it
// is at.
func (a *actor) alive() bool { return !a.dead && a.ctx.Err() == nil }

// through takes one call to the outside the way that the schedule has for it. failed makes the
// error of a call that fails. perform does the call; it is told whether to answer from the past.
func (a *actor) through(
	ctx context.Context, name string, writes bool, failed func(way) error, perform func(way) error,
) error {
	if !a.yield() {
		a.dead = true
	}
	if a.dead {
		return errDied
	}
	w := a.meet(name, writes)
	a.hindered = a.hindered || w != ""
	if err := ctx.Err(); err != nil {
		return err
	}
	time.Sleep(latency)
	switch w {
	case refused, throttled, broken:
		return failed(w)
	case diedBefore, tooLate:
		a.dead = w == diedBefore
		a.cancel()
		return failed(broken)
	case slowBefore:
		time.Sleep(slowness)
		if ctx.Err() != nil {
			return failed(broken)
		}
	}
	err := perform(w)
	if writes {
		a.check(a)
	}
	switch w {
	case refusedAfter:
		return failed(refused)
	case lost, diedAfter:
		if a.dead = w == diedAfter; a.dead {
			a.cancel()
		}
		return failed(broken)
	case justLate:
		a.cancel()
	case slowAfter:
		time.Sleep(slowness)
		if ctx.Err() != nil {
			return failed(broken)
		}
	}
	return err
}

// stageName drops time and version of a label of ours, so that names of calls are short.
func stageName(stage string) string {
	if isOurs(stage) {
		return strings.Split(stage, ":")[1]
	}
	return stage
}

// modelTokens is the Tokens API as a run sees it.
type modelTokens struct{ *actor }

func tokensFailure(w way) error {
	switch w {
	case refused:
		return &tokens.Error{Op: "call", Status: 404, Message: "Not Found",
			Outcome: tokens.OutcomeDidNotHappen}
	case throttled:
		return &tokens.Error{Op: "call", Status: 429, Outcome: tokens.OutcomeDidNotHappen}
	}
	return &tokens.Error{Op: "call", Outcome: tokens.OutcomeUnknown, Err: io.ErrUnexpectedEOF}
}

func (m modelTokens) List(
	ctx context.Context, auth tokens.Auth, opts tokens.ListOptions,
) iter.Seq2[tokens.Metadata, error] {
	return func(yield func(tokens.Metadata, error) bool) {
		var rows []tokens.Metadata
		err := m.through(ctx, "List", false, tokensFailure, func(w way) error {
			var ok bool
			if rows, ok = m.pastList(w); ok {
				return nil
			}
			m.listedAt = time.Now()
			if m.mayList(auth.Token) {
				rows = m.rows()
				return nil
			}
			for row, err := range m.client.List(ctx, auth, opts) {
				if err != nil {
					return err
				}
				rows = append(rows, row)
			}
			return nil
		})
		if err != nil {
			yield(tokens.Metadata{}, err)
			return
		}
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	}
}

func (m modelTokens) Create(
	ctx context.Context, auth tokens.Auth, req tokens.CreateRequest,
) (made tokens.Metadata, err error) {
	err = m.through(ctx, "Create", true, tokensFailure, func(way) error {
		m.remember()
		if made, err = m.client.Create(ctx, auth, req); err == nil {
			m.created(m.actor, made, req)
		}
		return err
	})
	if err != nil {
		return tokens.Metadata{}, err
	}
	return made, nil
}

func (m modelTokens) CreateTemporary(
	ctx context.Context, auth tokens.Auth, req tokens.TemporaryRequest,
) (made tokens.Temporary, err error) {
	err = m.through(ctx, "CreateTemporary", false, tokensFailure, func(w way) error {
		if m.isNews(auth.Token, w) {
			return &tokens.Error{Op: "call", Status: 401, Outcome: tokens.OutcomeDidNotHappen}
		}
		made, err = m.client.CreateTemporary(ctx, auth, req)
		return err
	})
	return made, err
}

func (m modelTokens) Delete(ctx context.Context, auth tokens.Auth, id string) error {
	return m.through(ctx, "Delete", true, tokensFailure, func(way) error {
		if m.stuck {
			return &tokens.Error{Op: "call", Status: 503}
		}
		m.remember()
		alive := m.isAlive(id)
		err := m.client.Delete(ctx, auth, id)
		if alive && err == nil {
			m.expectEvent(id)
			m.deleted(m.actor, id)
		}
		return err
	})
}

func (m modelTokens) Retrieve(
	ctx context.Context, token tokens.Token,
) (got tokens.Retrieved, err error) {
	err = m.through(ctx, "Retrieve", false, tokensFailure, func(w way) error {
		if m.isNews(token, w) {
			got.Verdict = tokens.VerdictInvalid
			return nil
		}
		m.proved = m.looked
		got, err = m.client.Retrieve(ctx, token)
		return err
	})
	return got, err
}

func (m modelTokens) Update(
	ctx context.Context, auth tokens.Auth, id string, req tokens.UpdateRequest,
) (row tokens.Metadata, err error) {
	err = m.through(ctx, "Update", true, tokensFailure, func(way) error {
		m.remember()
		if row, err = m.client.Update(ctx, auth, id, req); err == nil {
			m.urls[id] = slices.Clone(row.AllowedURLs)
		}
		return err
	})
	return row, err
}
