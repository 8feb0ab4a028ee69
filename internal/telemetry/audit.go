package telemetry

import (
	"context"
	"log/slog"
	"time"
)

// Audit is the record of one request to the mint: who asked for what, and what came of it. It never holds a token, only
// the hash of one.
type Audit struct {
	RequestID string // API Gateway's
	Route     string // such as "POST /tokens"
	Caller    string // "" until the caller is known
	Profile   string // "" until one was chosen
	Scopes    []string
	Expires   time.Time
	Source    string // where the token came from; "" without a token
	TokenHash string
	Status    int
	Code      string // stable code of a refusal; "ok" otherwise, or "ok_stale"
	Cause     error  // what the caller is not told
	Took      time.Duration

	UpstreamCalls int           // to Mapbox, for this request
	BudgetKnown   bool          // the ledger was asked
	BudgetLeft    int           // mints in this minute, of all instances
	ParentAge     time.Duration // 0 when it is not known
}

// Log writes the record: at INFO, or at WARN and ERROR when something is wrong on the caller's or on our side.
func (a Audit) Log(ctx context.Context, logger *slog.Logger) {
	level := slog.LevelInfo
	switch {
	case a.Status >= 500:
		level = slog.LevelError
	case a.Status >= 400:
		level = slog.LevelWarn
	}
	attrs := []slog.Attr{
		slog.String("apiRequestId", a.RequestID),
		slog.String("route", a.Route),
		slog.String("caller", a.Caller),
		slog.String("profile", a.Profile),
		slog.Any("scopes", a.Scopes),
		slog.Int("status", a.Status),
		slog.String("code", a.Code),
		slog.Float64("tookMs", float64(a.Took.Microseconds())/1000),
	}
	if a.TokenHash != "" {
		attrs = append(attrs, slog.String("source", a.Source), slog.String("tokenHash", a.TokenHash), slog.Time("expires", a.Expires))
	}
	if a.Cause != nil {
		attrs = append(attrs, slog.String("cause", a.Cause.Error()))
	}
	logger.LogAttrs(ctx, level, "audit", attrs...)
}
