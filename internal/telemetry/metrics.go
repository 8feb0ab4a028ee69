package telemetry

import (
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Metrics writes CloudWatch embedded metrics: one JSON object per line, which CloudWatch reads from
// a function's log. It does not use the logger, so the log level does not suppress metrics.
// Dimensions are the stage, the function's version and the names of profiles and managed tokens.
// They are never a caller or a token. Metrics is safe for concurrent use.
// Source:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
type Metrics struct {
	// Version is the number of the function's version, "" if not known. Defects have it as a
	// dimension, so that an alarm can watch one version. Set it before the first record.
	Version string

	mu    sync.Mutex
	w     io.Writer
	stage string
	line  []byte // of the last record; write uses its memory again
}

// NewMetrics returns metrics of a stage. They are written to w.
func NewMetrics(w io.Writer, stage string) *Metrics { return &Metrics{w: w, stage: stage} }

// metric is one value of a record.
type metric struct {
	name, unit string
	value      float64
}

// Record writes the metrics of one request to the mint.
func (m *Metrics) Record(a Audit, now time.Time) {
	metrics := make([]metric, 0, 12)
	metrics = append(metrics,
		metric{"Requests", "Count", 1},
		metric{"Denials", "Count", one(a.Status == 403)},
		metric{"Throttled", "Count", one(a.Status == 429)},
		metric{"Errors", "Count", one(a.Status >= 500)},
		metric{"UpstreamCalls", "Count", float64(a.UpstreamCalls)},
		metric{"Latency", "Milliseconds", float64(a.Took.Microseconds()) / 1000},
	)
	if a.TokenHash != "" {
		metrics = append(metrics,
			metric{"FromMemory", "Count", one(a.Source == "memory")},
			metric{"FromTable", "Count", one(a.Source == "table")},
			metric{"Minted", "Count", one(a.Source == "minted")},
			metric{"Stale", "Count", one(a.Code == "ok_stale")},
		)
	}
	if a.BudgetKnown {
		metrics = append(metrics, metric{"BudgetLeft", "Count", float64(a.BudgetLeft)})
	}
	if a.ParentAge > 0 {
		metrics = append(metrics, metric{"ParentAge", "Seconds", a.ParentAge.Seconds()})
	}
	m.write(metrics, "Profile", a.Profile, now)
	// Other 5xx are faults of Mapbox or of the parent token.
	if a.Status == http.StatusInternalServerError {
		m.write([]metric{{"Defects", "Count", 1}}, "Version", m.Version, now)
	}
}

// Rotation is what a run of the rotator found and did for one managed token.
type Rotation struct {
	Name    string
	Failed  bool
	Due     bool           // the token is due, and its successor does not exist yet
	Orphans int            // live tokens with our note that no version of the secret holds
	Age     *time.Duration // of the current token; nil if not known
}

// RecordRotation writes the metrics of one managed token in a run. An alarm on the sum of Succeeded
// notices that no run has succeeded for too long. A nil m writes nothing.
func (m *Metrics) RecordRotation(r Rotation, now time.Time) {
	if m == nil {
		return
	}
	metrics := []metric{
		{"Succeeded", "Count", one(!r.Failed)},
		{"Failed", "Count", one(r.Failed)},
		{"Due", "Count", one(r.Due)},
		{"Orphans", "Count", float64(r.Orphans)},
	}
	if r.Age != nil { // negative if this clock is behind Mapbox's
		metrics = append(metrics, metric{"Age", "Seconds", max(0, r.Age.Seconds())})
	}
	m.write(metrics, "Token", r.Name, now)
}

// RecordOverdue writes the longest time since the due date of an additional token, 0 if none is
// overdue. A nil m writes nothing.
func (m *Metrics) RecordOverdue(overdue time.Duration, now time.Time) {
	if m != nil {
		m.write([]metric{{"AdditionalOverdue", "Seconds", max(0, overdue.Seconds())}}, "", "", now)
	}
}

func one(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// write writes one line. The dimensions are the stage and one more, unless name is "". write builds
// the line without reflection: it runs for each request, and reflection is slow.
func (m *Metrics) write(metrics []metric, dimension, name string, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := append(m.line[:0], `{"_aws":{"Timestamp":`...)
	b = strconv.AppendInt(b, now.UnixMilli(), 10)
	b = append(b, `,"CloudWatchMetrics":[{"Namespace":"tokenmint","Dimensions":[["Stage"]`...)
	if name != "" {
		b = append(b, `,["Stage","`...)
		b = append(b, dimension...)
		b = append(b, `"]`...)
	}
	b = append(b, `],"Metrics":[`...)
	for i, metric := range metrics {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"Name":"`...)
		b = append(b, metric.name...)
		b = append(b, `","Unit":"`...)
		b = append(b, metric.unit...)
		b = append(b, `"}`...)
	}
	b = append(b, `]}]},"Stage":`...)
	// JSON too: the names are plain ASCII
	b = strconv.AppendQuoteToASCII(b, m.stage)
	if name != "" {
		b = append(b, `,"`...)
		b = append(b, dimension...)
		b = append(b, `":`...)
		b = strconv.AppendQuoteToASCII(b, name)
	}
	for _, metric := range metrics {
		b = append(b, `,"`...)
		b = append(b, metric.name...)
		b = append(b, `":`...)
		b = strconv.AppendFloat(b, metric.value, 'f', -1, 64)
	}
	m.line = append(b, "}\n"...)
	_, _ = m.w.Write(m.line) // standard output: without it, no error could be reported
}
