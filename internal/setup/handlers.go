package setup

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/internal/mint"
	"github.com/tokenmint/tokenmint/internal/rotate"
	"github.com/tokenmint/tokenmint/internal/rotate/eventbridge"
	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/secrets/awsstore"
	"github.com/tokenmint/tokenmint/internal/telemetry"
	"github.com/tokenmint/tokenmint/internal/tokencache"
	"github.com/tokenmint/tokenmint/internal/tokencache/dynamo"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// Parts are what both handlers need. All fields are required, except Metrics.
type Parts struct {
	Settings Settings
	Config   *config.Config
	Now      func() time.Time
	Logger   *slog.Logger
	Metrics  *telemetry.Metrics // nil = none
}

// Mint returns the handler of the function mint. It makes no calls.
func Mint(p Parts) (*mint.Handler, error) {
	// A caller is waiting, so the client fails fast: the caller can retry.
	client, err := tokens.New(tokens.Config{
		BaseURL: p.Settings.TokensAPIURL, Now: p.Now, MaxAttempts: 2, MaxWait: time.Second,
	})
	if err != nil {
		return nil, err
	}
	cache, err := tokencache.New(tokencache.Config{
		Store:  tokenStore(p.Settings),
		Budget: p.Config.Parent.MintsPerMinute,
		Now:    p.Now,
		Logger: p.Logger,

		Instances: p.Settings.Instances,
	})
	if err != nil {
		return nil, err
	}
	store := awsstore.Open(p.Settings.AWS.SecretsManager())
	secretNames := map[string]string{} // by the name of the token
	for _, t := range p.Config.Tokens {
		secretNames[t.Name] = t.SecretName(p.Settings.Stage)
	}
	return mint.New(mint.Config{
		Profiles:        p.Config.Profiles,
		Cache:           cache,
		CreateTemporary: client.CreateTemporary,
		ReadParent: func(ctx context.Context) (secrets.Version, error) {
			return store.Get(ctx, p.Settings.ParentSecretID, "")
		},
		ReadServed: func(ctx context.Context, name string) (secrets.Version, error) {
			return store.Get(ctx, secretNames[name], "")
		},
		Now:     p.Now,
		Logger:  p.Logger,
		Metrics: p.Metrics,
	})
}

// tokenStore returns the table that all instances share. Without a table it returns the memory of
// this instance.
func tokenStore(s Settings) tokencache.Store {
	if s.TokenTable == "" {
		return tokencache.NewMemory()
	}
	return dynamo.Open(s.AWS.DynamoDB(), s.TokenTable)
}

// Rotate returns the handler of the function rotate. It makes no calls.
func Rotate(p Parts) (*rotate.Handler, error) {
	// Nobody is waiting, so the client waits for the end of a rate limit, which is one minute.
	client, err := tokens.New(tokens.Config{
		BaseURL: p.Settings.TokensAPIURL, Now: p.Now, MaxWait: 65 * time.Second,
	})
	if err != nil {
		return nil, err
	}
	return rotate.New(rotate.Config{
		Stack: p.Settings.Stack,
		Parent: rotate.Managed{
			Name:        "parent",
			SecretID:    p.Settings.ParentSecretID,
			Scopes:      p.Config.Parent.Scopes,
			ProofScopes: p.Config.WidestScopes(),
			RotateEvery: p.Config.Parent.RotateEvery,
			RetireAfter: p.Config.Parent.RetireAfter,
		},
		Additional: additional(p.Config.Tokens, p.Settings.Stage),
		Store:      awsstore.Open(p.Settings.AWS.SecretsManager()),
		Tokens:     client,
		Now:        p.Now,
		Logger:     p.Logger,
		Metrics:    p.Metrics,
		Announce:   announce(p.Settings.AWS),
	})
}

// announce returns nil if nothing is announced.
func announce(a AWS) rotate.Announce {
	if a.NoEvents {
		return nil
	}
	return eventbridge.Open(a.EventBridge())
}

// additional returns the additional tokens of the configuration, for the stack in this stage.
func additional(configured []config.ManagedToken, stage string) []rotate.Managed {
	var managed []rotate.Managed
	for _, t := range configured {
		m := rotate.Managed{
			Name: t.Name, SecretID: t.SecretName(stage), Scopes: t.Scopes,
			AllowedURLs: t.AllowedURLs, RotateEvery: t.RotateEvery, RetireAfter: t.RetireAfter,
		}
		for _, app := range t.AllowedApplications {
			m.AllowedApplications = append(m.AllowedApplications, tokens.Application(app))
		}
		managed = append(managed, m)
	}
	return managed
}

// FromEnvironment returns the parts of a deployed function: settings from variables, the policy
// that CONFIG_FILE names and the system's clock. Logger and metrics write to log.
func FromEnvironment(getenv func(string) string, log io.Writer) (Parts, error) {
	settings, err := Read(getenv)
	if err != nil {
		return Parts{}, err
	}
	cfg, err := policy(settings.ConfigFile)
	if err != nil {
		return Parts{}, err
	}
	return Parts{
		Settings: settings,
		Config:   cfg,
		Now:      wallClock,
		Logger:   telemetry.NewLogger(log, settings.LogLevel),
		Metrics: &telemetry.Metrics{
			Stage: settings.Stage, Version: getenv("AWS_LAMBDA_FUNCTION_VERSION"),
		},
	}, nil
}

// policy reads the policy in file. It never falls back to the embedded policy: that one may grant
// what the deployer has removed.
func policy(file string) (*config.Config, error) {
	if file == "" {
		return config.Shipped()
	}
	cfg, err := config.Load(file)
	if err != nil {
		return nil, fmt.Errorf("CONFIG_FILE: %w", err)
	}
	return cfg, nil
}

// wallClock returns the time without Go's monotonic reading. The monotonic clock may stop while
// Lambda freezes an instance. Then ages, such as that of the parent in memory, would be too small.
func wallClock() time.Time { return time.Now().Round(0) }
