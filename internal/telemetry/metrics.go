package telemetry

import (
	"context"
	"log/slog"
	"time"
)

// Metrics adds embedded metrics to log lines. CloudWatch reads such a line twice: as an event of
// the log, and as metrics. The member "_aws" names the members that are metrics and dimensions.
// A line with metrics is written at every log level. Dimensions are never a caller or a token.
// A nil *Metrics adds nothing. Metrics is safe for concurrent use.
// Source:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
type Metrics struct {
	Stage   string // dimension of every metric
	Version string // of the function, second dimension of Errors; "" if not known
}

// metric is one value of a line.
type metric struct {
	name, unit string
	value      float64
}

// embedded is the member "_aws".
type embedded struct {
	Timestamp         int64 // milliseconds since 1970
	CloudWatchMetrics []directive
}

// directive makes each of its metrics once for each set of dimensions.
type directive struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []definition
}

type definition struct{ Name, Unit string }

// write writes one line: at every level if it has metrics, else if the logger writes this level.
func (m *Metrics) write(
	ctx context.Context, logger *slog.Logger, line slog.Record, metrics []metric,
) {
	switch {
	case m != nil && len(metrics) > 0:
		line.AddAttrs(m.members(line.Time, metrics)...)
	case !logger.Enabled(ctx, line.Level):
		return
	}
	_ = logger.Handler().Handle(ctx, line) // standard output: nothing could report the error
}

// members returns "_aws", the dimensions and the values. Each metric has a directive of its own,
// since one with the version needs other dimensions than the rest.
func (m *Metrics) members(at time.Time, metrics []metric) []slog.Attr {
	header := embedded{Timestamp: at.UnixMilli()}
	attrs := []slog.Attr{{}, member("Stage", m.Stage)}
	for _, one := range metrics {
		dimensions := [][]string{{"Stage"}}
		if one.name == failures && m.Version != "" {
			dimensions = append(dimensions, []string{"Stage", "Version"})
			attrs = append(attrs, member("Version", m.Version))
		}
		header.CloudWatchMetrics = append(header.CloudWatchMetrics, directive{
			"tokenmint", dimensions, []definition{{one.name, one.unit}},
		})
		attrs = append(attrs, member(one.name, one.value))
	}
	attrs[0] = member("_aws", header)
	return attrs
}

// member returns a member that CloudWatch looks for. Its name has another form than those of the
// log's own members.
func member(name string, value any) slog.Attr { return slog.Any(name, value) }
