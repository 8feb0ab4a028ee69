package telemetry

import (
	"context"
	"log/slog"
	"time"
)

// Audit is the record of one request to the mint: who asked for what, and the result. It has the
// hash of a token, never the token.
type Audit struct {
	RequestID string // API Gateway's
	Route     string // such as "POST /tokens"
	Caller    string // "" if the caller is not known
	Profile   string // "" if none was chosen
	Scopes    []string
	Expires   time.Time
	Source    string // "memory", "table" or "minted"; "" without a token
	TokenHash string
	Status    int
	// stable code of a refusal, "ok", or "ok_stale" for a token past its reuse window
	Code  string
	Cause error // not told to the caller; nil without an error
	Took  time.Duration

	UpstreamCalls int           // to Mapbox, for this request
	BudgetKnown   bool          // the ledger was asked
	BudgetLeft    int           // mints left in this minute for all instances
	ParentAge     time.Duration // 0 if not known
}

// Log writes the record: at INFO, or at WARN and ERROR when something is wrong on the caller's or
// on our side.
func (a Audit) Log(ctx context.Context, logger *slog.Logger) {
	level := slog.LevelInfo
	switch {
	case a.Status >= 500:
		level = slog.LevelError
	case a.Status >= 400:
		level = slog.LevelWarn
	}
	attrs := make([]slog.Attr, 0, 12)
	attrs = append(attrs,
		slog.String("apiRequestId", a.RequestID),
		slog.String("route", a.Route),
		slog.String("caller", a.Caller),
		slog.String("profile", a.Profile),
		slog.Any("scopes", a.Scopes),
		slog.Int("status", a.Status),
		slog.String("code", a.Code),
		slog.Float64("tookMs", float64(a.Took.Microseconds())/1000),
	)
	if a.TokenHash != "" {
		attrs = append(attrs, slog.String("source", a.Source),
			slog.String("tokenHash", a.TokenHash), slog.Time("expires", a.Expires))
	}
	if a.Cause != nil {
		attrs = append(attrs, slog.String("cause", a.Cause.Error()))
	}
	logger.LogAttrs(ctx, level, "audit", attrs...)
}
