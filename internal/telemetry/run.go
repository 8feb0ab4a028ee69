package telemetry

import (
	"context"
	"log/slog"
	"time"
)

// Run is the record of one run of the rotator.
type Run struct {
	Rotation string // id of the rotation that the run may begin
	Failed   bool
	Tokens   any // report on each managed token, without any token's value

	// ParentAge is nil if something is still due for the parent. So an alarm on missing data
	// notices that no run has succeeded for too long. It is 0 if there is no parent yet.
	ParentAge *time.Duration

	// Overdue is the longest time since the due date of an additional token; nil if there are none.
	Overdue *time.Duration
}

// LogRun writes the record in one line. A nil m writes nothing.
func (m *Metrics) LogRun(ctx context.Context, logger *slog.Logger, r Run, now time.Time) {
	if m == nil {
		return
	}
	level := slog.LevelInfo
	if r.Failed {
		level = slog.LevelError
	}
	line := slog.NewRecord(now, level, "run", 0)
	line.AddAttrs(slog.String("rotation", r.Rotation), slog.Any("tokens", r.Tokens))
	var metrics []metric
	if r.ParentAge != nil {
		metrics = append(metrics, duration("ParentAge", *r.ParentAge))
	}
	if r.Overdue != nil {
		metrics = append(metrics, duration("AdditionalOverdue", *r.Overdue))
	}
	m.write(ctx, logger, line, metrics)
}

// duration is a metric in whole seconds. An age is negative if this clock is behind Mapbox's.
func duration(name string, d time.Duration) metric {
	return metric{name, "Seconds", max(0, d.Truncate(time.Second).Seconds())}
}
