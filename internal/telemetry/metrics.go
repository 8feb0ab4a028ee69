package telemetry

import (
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Metrics writes CloudWatch embedded metrics: a JSON object a line, which CloudWatch reads from a function's log. They go past the
// logger, whose level must not decide about them. Dimensions are the stage and the names of profiles and managed tokens, never a caller
// or a token.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
type Metrics struct {
	// Version is the function's version, a number. Defects carry it, so that an alarm can watch one version alone. Empty: none is known.
	Version string

	mu    sync.Mutex
	w     io.Writer
	stage string
	line  []byte // of the last record; its memory is used again
}

// NewMetrics returns metrics of a stage that are written to w.
func NewMetrics(w io.Writer, stage string) *Metrics { return &Metrics{w: w, stage: stage} }

// metric is one value of a record.
type metric struct {
	name, unit string
	value      float64
}

// Record writes what one request to the mint adds to the metrics.
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
	if a.Status == http.StatusInternalServerError { // a defect of this code; other 5xx are faults of Mapbox or of the parent
		m.write([]metric{{"Defects", "Count", 1}}, "Version", m.Version, now)
	}
}

// Rotation is what a run of the rotator has found and done about one managed token.
type Rotation struct {
	Name    string
	Failed  bool
	Due     bool           // a successor is wanted and not there yet
	Orphans int            // live tokens of ours that no version holds
	Age     *time.Duration // of the current token; nil when it is not known
}

// RecordRotation writes what a run adds to the metrics about one managed token. The sum of Succeeded is what tells that there was no
// success for too long. Without metrics, which is nil, it does nothing.
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
	if r.Age != nil { // a clock that is behind Mapbox's makes a negative age
		metrics = append(metrics, metric{"Age", "Seconds", max(0, r.Age.Seconds())})
	}
	m.write(metrics, "Token", r.Name, now)
}

// RecordOverdue writes how long the additional token that is most overdue is past its due date, 0 when none is. Without
// metrics, which is nil, it does nothing.
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

// write writes one line, whose metrics have the stage and one more thing as dimensions, unless that has no name. It is built by hand:
// this runs for each request, and reflection would be a good part of its time.
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
	b = strconv.AppendQuoteToASCII(b, m.stage) // names of stages and profiles are plain ASCII, which this quotes as JSON does
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
	_, _ = m.w.Write(m.line) // standard output: if it is gone, so is the function
}
