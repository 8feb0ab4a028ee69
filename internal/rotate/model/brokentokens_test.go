package model_test

import (
	"context"
	"iter"
	"slices"

	"github.com/tokenmint/tokenmint/internal/rotate"
	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// altered shows lists that a function has changed.
type altered struct {
	rotate.Tokens
	change func([]tokens.Metadata) []tokens.Metadata
}

// hide makes lists that do not show some tokens.
func hide(
	which func(a *actor, t tokens.Metadata) bool,
) func(*actor, secrets.Store, rotate.Tokens, []rotate.Managed) (secrets.Store, rotate.Tokens) {
	return func(a *actor, s secrets.Store, api rotate.Tokens,
		_ []rotate.Managed) (secrets.Store, rotate.Tokens) {
		return s, altered{api, func(rows []tokens.Metadata) []tokens.Metadata {
			return slices.DeleteFunc(rows, func(t tokens.Metadata) bool { return which(a, t) })
		}}
	}
}

func lostTokens(a *actor, t tokens.Metadata) bool {
	return a.mine[t.ID] != nil && !a.mine[t.ID].stored
}

// noteless creates tokens without their note.
type noteless struct{ rotate.Tokens }

// trusting calls every token valid, listed and fit for what it is asked for.
type trusting struct {
	rotate.Tokens
	*actor
}

// believing calls every token valid.
type believing struct{ rotate.Tokens }

// sticky shows a list that was stale again and again within a run.
type sticky struct {
	rotate.Tokens
	*actor
	rows []tokens.Metadata
}

func (l altered) List(
	ctx context.Context, auth tokens.Auth, opts tokens.ListOptions,
) iter.Seq2[tokens.Metadata, error] {
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

func (n noteless) Create(
	ctx context.Context, auth tokens.Auth, req tokens.CreateRequest,
) (tokens.Metadata, error) {
	req.Note = ""
	return n.Tokens.Create(ctx, auth, req)
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

func (b trusting) List(
	ctx context.Context, auth tokens.Auth, opts tokens.ListOptions,
) iter.Seq2[tokens.Metadata, error] {
	d := must(b.memory.Describe(context.Background(), parentSecret))
	return altered{b.Tokens, func(rows []tokens.Metadata) []tokens.Metadata {
		if id, ok := d.VersionAt(secrets.Pending); ok {
			c := must(secrets.ParseStored(must(b.memory.Get(context.Background(),
				parentSecret, id)).Value))
			if !b.isAlive(c.ID) {
				rows = append(rows, tokens.Metadata{ID: c.ID, Scopes: c.Scopes})
			}
		}
		return rows
	}}.List(ctx, auth, opts)
}

func (believing) Retrieve(_ context.Context, token tokens.Token) (tokens.Retrieved, error) {
	claims, err := token.Decode()
	return tokens.Retrieved{Verdict: tokens.VerdictValid, User: claims.User, ID: claims.ID}, err
}

func (s *sticky) List(
	ctx context.Context, auth tokens.Auth, opts tokens.ListOptions,
) iter.Seq2[tokens.Metadata, error] {
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
