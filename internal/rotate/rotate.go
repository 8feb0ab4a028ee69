// Package rotate keeps permanent tokens fresh: it creates a successor, proves it, promotes it in the secret and later
// retires the one before.
//
// It is level-triggered. A run looks at what is there (observe.go), decides on one step (decide.go, a pure function),
// does it (act.go) and looks again, until nothing is left to do now. No run relies on what an earlier one remembers. A run
// that dies anywhere leaves something that the next one recognises. Three things make that so:
//
//   - The note of a token names its rotation before the token exists (note.go). So a run finds and deletes a token whose
//     value was lost on the way to the secret.
//   - The version that holds the successor has the rotation's id as its own, and AWSPENDING until it is promoted.
//   - The version that was replaced carries a label with the time at which a run saw that. Its grace period needs no memory.
//
// Interruptions, and what the next run finds:
//
//	before create        nothing; it begins anew
//	create, answer lost  a token with our note that no version holds: deleted once no run can be using it ([orphanAge])
//	before store         the same
//	store, answer lost   a pending version: proved and promoted
//	before promotion     the same
//	promotion, answer lost or died after  AWSPENDING on the current version: removed; the old version: labelled
//	before delete        a labelled version, past its grace: deleted
//	delete, answer lost  a labelled version whose token the list does not show: the label is removed
//
// The parent comes first, then the additional tokens. They are created, listed and deleted with the parent.
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

// Store holds the secrets.
type Store = secrets.Store

// Tokens is what rotation asks of the Tokens API; a [tokens.Client] serves.
type Tokens interface {
	List(ctx context.Context, auth tokens.Auth, opts tokens.ListOptions) iter.Seq2[tokens.Metadata, error]
	Create(ctx context.Context, auth tokens.Auth, req tokens.CreateRequest) (tokens.Metadata, error)
	CreateTemporary(ctx context.Context, auth tokens.Auth, req tokens.TemporaryRequest) (tokens.Temporary, error)
	Delete(ctx context.Context, auth tokens.Auth, id string) error
	Retrieve(ctx context.Context, token tokens.Token) (tokens.Retrieved, error)
	Update(ctx context.Context, auth tokens.Auth, id string, req tokens.UpdateRequest) (tokens.Metadata, error)
}

// Managed is a token that is kept fresh in a secret.
type Managed struct {
	Name        string   // in notes, reports and events
	SecretID    string   // name or ARN
	Scopes      []string // nil = those that the current token has
	AllowedURLs []string // of a public token
	Lends       []string // scopes that a proof mints a temporary token with, as far as the token has them; nil = all
	RotateEvery time.Duration
	RetireAfter time.Duration // how long an old token outlives its replacement
}

// Config is what a [Handler] is made of. All fields but Further, Pause and Metrics are required.
type Config struct {
	Stack   string // goes into every note
	Parent  Managed
	Further []Managed // tokens that are created with the parent
	Store   secrets.Store
	Tokens  Tokens
	Now     func() time.Time
	Logger  *slog.Logger
	Pause   func(context.Context, time.Duration) error // waits, or returns the context's error; nil = in real time
	Metrics *telemetry.Metrics                         // nil = none
}

// Handler rotates on events. Runs may overlap: each effect is guarded by what the secret says at that moment.
type Handler struct {
	stack   string
	parent  Managed
	further []Managed
	store   secrets.Store
	tokens  Tokens
	now     func() time.Time
	logger  *slog.Logger
	pause   func(context.Context, time.Duration) error
	metrics *telemetry.Metrics
}

// New returns a handler. It calls nothing.
func New(c Config) (*Handler, error) {
	if c.Stack == "" || c.Parent.SecretID == "" || c.Store == nil || c.Tokens == nil || c.Now == nil || c.Logger == nil {
		return nil, errors.New("rotate: a field of Config is missing")
	}
	holds := map[string]string{secretName(c.Parent.SecretID): c.Parent.Name}
	for _, m := range c.Further {
		name := secretName(m.SecretID)
		if other, taken := holds[name]; taken {
			return nil, fmt.Errorf("rotate: secret %s cannot hold both %s and %s: each needs one of its own", name, other, m.Name)
		}
		holds[name] = m.Name
	}
	if c.Pause == nil {
		c.Pause = pause
	}
	return &Handler{
		stack: c.Stack, parent: c.Parent, further: c.Further,
		store: c.Store, tokens: c.Tokens, now: c.Now, logger: c.Logger, pause: c.Pause, metrics: c.Metrics,
	}, nil
}

// secretName returns the name of a secret. In an ARN a hyphen and six characters of the service's follow it.
func secretName(id string) string {
	if arn := strings.SplitN(id, ":", 7); len(arn) == 7 && arn[0] == "arn" && len(arn[6]) > 7 {
		return arn[6][:len(arn[6])-7]
	}
	return id
}
