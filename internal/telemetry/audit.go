package telemetry

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// Audit is the record of one request to the mint: who asked for what, and the result. It has the
// hash of a token, never the token.
type Audit struct {
	RequestID string // API Gateway's
	Route     string // such as "POST /tokens"; "" if the mint has no such route
	Public    bool   // the route lets everybody in
	Caller    string // "" if the caller is not known
	Profile   string // "" if none was chosen
	Scopes    []string
	Expires   time.Time
	Source    string // "memory", "table", "minted" or "secret"; "" without a token
	TokenHash string
	Status    int
	// stable code of a refusal, "ok", or "ok_stale" for a token past its reuse window
	Code  string
	Cause error // not told to the caller; nil without an error
	Took  time.Duration

	UpstreamCalls int  // to Mapbox, for this request
	BudgetKnown   bool // the ledger was asked
	BudgetLeft    int  // mints left in this minute for all instances
}

// Log writes the record in one line: at INFO, or at WARN and ERROR when something is wrong on the
// caller's or on our side. The line also has the metrics of what went wrong, if m is not nil.
func (a Audit) Log(ctx context.Context, logger *slog.Logger, m *Metrics, now time.Time) {
	level := slog.LevelInfo
	switch {
	case a.Status >= 500:
		level = slog.LevelError
	case a.Status >= 400:
		level = slog.LevelWarn
	}
	line := slog.NewRecord(now, level, "audit", 0)
	line.AddAttrs(
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
		line.AddAttrs(slog.String("source", a.Source),
			slog.String("tokenHash", a.TokenHash), slog.Time("expires", a.Expires))
	}
	if a.UpstreamCalls > 0 {
		line.AddAttrs(slog.Int("upstreamCalls", a.UpstreamCalls))
	}
	if a.BudgetKnown {
		line.AddAttrs(slog.Int("budgetLeft", a.BudgetLeft))
	}
	if a.Cause != nil {
		line.AddAttrs(slog.String("cause", a.Cause.Error()))
	}
	m.write(ctx, logger, line, a.metrics())
}

// metrics returns what an alarm must learn about the request: nothing about a plain success.
func (a Audit) metrics() []metric {
	var found []metric
	count := func(name string, is bool) {
		if is {
			found = append(found, metric{name, "Count", 1})
		}
	}
	count(failures, a.Status >= 500)
	// Strangers can cause refusals on the public route, so these do not count.
	count("Denials", a.Status == http.StatusForbidden && !a.Public)
	count("Throttled", a.Status == http.StatusTooManyRequests)
	count("ParentUnusable", strings.HasPrefix(a.Code, "parent_"))
	count("BudgetSpent", a.BudgetKnown && a.BudgetLeft <= 0 || a.Code == "budget_spent")
	return found
}

// failures is the one metric that also has the version as a dimension: an alarm that undoes a
// deployment watches the new version alone.
const failures = "Errors"
