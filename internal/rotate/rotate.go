// Package rotate keeps permanent tokens fresh. It creates a successor, proves that it works, makes
// it current in the secret, and later deletes the old token.
//
// A run has no memory of earlier runs. For each managed token it repeats three stages until nothing
// is left to do:
//
//	observe  read the secret's versions, list the account's tokens   observe.go, labels.go
//	decide   choose one step; a pure function                        decide.go, rules.go, due.go
//	act      do that step                                            act.go, prove.go, delete.go
//
// The parent comes first. The additional tokens follow: the parent creates, lists and deletes them.
//
// A run can die at any point. Three facts let the next run recognize what is left:
//
//   - The note of a token names its rotation, and is chosen before the token exists (note.go). So a
//     run can find and delete a token whose value was lost.
//   - The version that holds the successor has the id of the rotation, and AWSPENDING until its
//     promotion.
//   - A replaced version has a label with the time at which a run saw the replacement (labels.go).
//     The grace period counts from that time.
//
// Where a run can be interrupted, and what the next run finds:
//
//	before create           nothing: it begins again
//	create, answer lost     a token with our note in no version: deleted after [orphanAge],
//	                        because then no run can still store it
//	before store            the same
//	store, answer lost      a pending version: proved and promoted
//	before promotion        the same
//	promotion, answer lost  AWSPENDING on the current version: removed;
//	                        the old version without a date: dated
//	after promotion         the same
//	before delete           a dated version after its grace period: its token is deleted
//	delete, answer lost     a dated version whose token is not listed: it is announced, and the
//	                        date is removed
//	announce, answer lost   a current version without tokenmint:announced, or a dated version
//	                        whose token is not listed: it is announced again
package rotate

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"strings"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/telemetry"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// Tokens is the part of the Tokens API that rotation calls. A [tokens.Client] implements it.
type Tokens interface {
	List(ctx context.Context, auth tokens.Auth,
		opts tokens.ListOptions) iter.Seq2[tokens.Metadata, error]
	Create(ctx context.Context, auth tokens.Auth, req tokens.CreateRequest) (tokens.Metadata, error)
	CreateTemporary(ctx context.Context, auth tokens.Auth,
		req tokens.TemporaryRequest) (tokens.Temporary, error)
	Delete(ctx context.Context, auth tokens.Auth, id string) error
	Retrieve(ctx context.Context, token tokens.Token) (tokens.Retrieved, error)
	Update(ctx context.Context, auth tokens.Auth, id string,
		req tokens.UpdateRequest) (tokens.Metadata, error)
}

// Managed is a token that the rotator keeps fresh in a secret.
type Managed struct {
	Name        string   // in notes, reports and events
	SecretID    string   // name or ARN
	Scopes      []string // nil = those that the current token has
	AllowedURLs []string // of a public token
	// of a public token, when it is created: Mapbox's documents do not say that lists show them
	AllowedApplications []tokens.Application
	// the scopes of the temporary token that a proof issues; nil = all that the token has
	ProofScopes []string
	RotateEvery time.Duration
	RetireAfter time.Duration // how long an old token outlives its replacement
}

// Config holds what a [Handler] needs. All fields are required, except Additional, Announce, Pause
// and Metrics.
type Config struct {
	Stack      string // goes into every note
	Parent     Managed
	Additional []Managed // tokens that are created with the parent
	Store      secrets.Store
	Tokens     Tokens
	Now        func() time.Time
	Logger     *slog.Logger
	Pause      func(context.Context, time.Duration) error // waits; nil = in real time
	Metrics    *telemetry.Metrics                         // nil = none
	Announce   Announce                                   // nil = nothing is announced
}

// Handler runs rotations. Runs may overlap: each write names the state of the secret that it
// expects.
type Handler struct {
	stack      string
	parent     Managed
	additional []Managed
	store      secrets.Store
	tokens     Tokens
	now        func() time.Time
	logger     *slog.Logger
	pause      func(context.Context, time.Duration) error
	metrics    *telemetry.Metrics
	announce   Announce
}

// New checks the configuration and returns a handler. It calls no service.
func New(c Config) (*Handler, error) {
	if c.Stack == "" || c.Parent.SecretID == "" ||
		c.Store == nil || c.Tokens == nil || c.Now == nil || c.Logger == nil {
		return nil, errors.New("rotate: a field of Config is missing")
	}
	names := map[string]string{secretName(c.Parent.SecretID): c.Parent.Name}
	for _, m := range c.Additional {
		name := secretName(m.SecretID)
		if other, taken := names[name]; taken {
			return nil, fmt.Errorf("rotate: secret %s cannot hold both %s and %s: each token "+
				"needs its own secret",
				name, other, m.Name)
		}
		names[name] = m.Name
	}
	if c.Pause == nil {
		c.Pause = pause
	}
	return &Handler{
		stack: c.Stack, parent: c.Parent, additional: c.Additional,
		store: c.Store, tokens: c.Tokens, now: c.Now,
		logger: c.Logger, pause: c.Pause, metrics: c.Metrics,
		announce: c.Announce,
	}, nil
}

// secretName returns the name of a secret. An ARN ends in the name, a hyphen and six random
// characters.
func secretName(id string) string {
	if arn := strings.SplitN(id, ":", 7); len(arn) == 7 && arn[0] == "arn" && len(arn[6]) > 7 {
		return arn[6][:len(arn[6])-7]
	}
	return id
}

// managed returns all managed tokens, the parent first.
func (h *Handler) managed() []Managed { return append([]Managed{h.parent}, h.additional...) }
