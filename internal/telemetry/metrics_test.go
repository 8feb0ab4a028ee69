package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"reflect"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/telemetry"
)

var now = time.UnixMilli(1_767_366_245_678)

// line is a line of the log, as CloudWatch reads it.
type line struct {
	AWS *struct {
		Timestamp         int64
		CloudWatchMetrics []struct {
			Namespace  string
			Dimensions [][]string
			Metrics    []struct{ Name, Unit string }
		}
	} `json:"_aws"`
	Level   string
	Message string
}

// read returns the only line, and its members.
func read(t *testing.T, out *bytes.Buffer) (line, map[string]any) {
	t.Helper()
	if n := bytes.Count(out.Bytes(), []byte("\n")); n != 1 {
		t.Fatalf("%d lines, want 1:\n%s", n, out)
	}
	var read line
	members := map[string]any{}
	if err := json.Unmarshal(out.Bytes(), &read); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := json.Unmarshal(out.Bytes(), &members); err != nil {
		t.Fatal(err)
	}
	return read, members
}

// sets maps the name of each metric to its sets of dimensions.
func (l line) sets(t *testing.T, members map[string]any) map[string][][]string {
	t.Helper()
	if l.AWS == nil {
		return nil
	}
	if l.AWS.Timestamp != now.UnixMilli() {
		t.Errorf("timestamp %d", l.AWS.Timestamp)
	}
	sets := map[string][][]string{}
	for _, directive := range l.AWS.CloudWatchMetrics {
		for _, metric := range directive.Metrics {
			if _, ok := members[metric.Name].(float64); !ok || metric.Unit == "" ||
				directive.Namespace != "tokenmint" {
				t.Errorf("metric %s has no value, no unit or another namespace", metric.Name)
			}
			sets[metric.Name] = directive.Dimensions
		}
		for _, set := range directive.Dimensions {
			for _, dimension := range set {
				if _, ok := members[dimension].(string); !ok {
					t.Errorf("dimension %s has no value", dimension)
				}
			}
		}
	}
	return sets
}

// byStage are the dimensions of every metric but Errors, which has byVersion.
var byStage, byVersion = [][]string{{"Stage"}}, [][]string{{"Stage"}, {"Stage", "Version"}}

// requests are audit records, and the sets of dimensions of the metrics in their lines.
var requests = map[string]struct {
	audit telemetry.Audit
	want  map[string][][]string
}{
	"from memory": {telemetry.Audit{Status: 200, Code: "ok", TokenHash: "abc",
		Source: "memory"}, nil},
	"minted": {telemetry.Audit{Status: 200, Code: "ok", TokenHash: "abc", Source: "minted",
		UpstreamCalls: 1, BudgetKnown: true, BudgetLeft: 1}, nil},
	"stale": {telemetry.Audit{Status: 200, Code: "ok_stale", TokenHash: "abc",
		Source: "memory"}, nil},
	"the last mint of the minute": {telemetry.Audit{Status: 200, Code: "ok", TokenHash: "abc",
		Source: "minted", BudgetKnown: true}, map[string][][]string{"BudgetSpent": byStage}},
	"malformed": {telemetry.Audit{Status: 400, Code: "malformed"}, nil},
	"denied": {telemetry.Audit{Status: 403, Code: "caller_not_allowed"},
		map[string][][]string{"Denials": byStage}},
	"denied on the public route": {telemetry.Audit{Public: true, Status: 403,
		Code: "caller_not_allowed"}, nil},
	"no route": {telemetry.Audit{Status: 404, Code: "not_found"}, nil},
	"budget spent": {telemetry.Audit{Status: 429, Code: "budget_spent"},
		map[string][][]string{"Throttled": byStage, "BudgetSpent": byStage}},
	"limited by Mapbox": {telemetry.Audit{Status: 429, Code: "rate_limited"},
		map[string][][]string{"Throttled": byStage}},
	"a defect": {telemetry.Audit{Status: 500, Code: "internal"},
		map[string][][]string{"Errors": byVersion}},
	"Mapbox failed": {telemetry.Audit{Status: 502, Code: "upstream_failed"},
		map[string][][]string{"Errors": byVersion}},
	"no parent": {telemetry.Audit{Status: 503, Code: "parent_unavailable"},
		map[string][][]string{"Errors": byVersion, "ParentUnusable": byStage}},
}

// TestMetricsOfARequest: a line has the metrics of what went wrong, and no other.
func TestMetricsOfARequest(t *testing.T) {
	t.Parallel()
	for name, tc := range requests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			metrics := &telemetry.Metrics{Stage: "prod", Version: "7"}
			tc.audit.Log(t.Context(), telemetry.NewLogger(&out, nil), metrics, now)
			read, members := read(t, &out)
			if got := read.sets(t, members); !reflect.DeepEqual(got, tc.want) {
				t.Errorf("metrics %v, want %v", got, tc.want)
			}
			if read.Message != "audit" || members["status"] != float64(tc.audit.Status) {
				t.Errorf("not an audit record: %v", members)
			}
		})
	}
}

// TestMetricsAtEveryLevel: the level decides about lines without metrics alone.
func TestMetricsAtEveryLevel(t *testing.T) {
	t.Parallel()
	for _, level := range []slog.Level{
		slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError, slog.LevelError + 1,
	} {
		t.Run(level.String(), func(t *testing.T) {
			t.Parallel()
			var success, denial, lastMint, run bytes.Buffer
			metrics := &telemetry.Metrics{Stage: "prod"}
			telemetry.Audit{Status: 200}.Log(
				t.Context(), telemetry.NewLogger(&success, level), metrics, now)
			telemetry.Audit{Status: 403}.Log(
				t.Context(), telemetry.NewLogger(&denial, level), metrics, now)
			telemetry.Audit{Status: 200, BudgetKnown: true}.Log(
				t.Context(), telemetry.NewLogger(&lastMint, level), metrics, now)
			metrics.LogRun(t.Context(), telemetry.NewLogger(&run, level),
				telemetry.Run{ParentAge: new(time.Hour)}, now)
			if got := success.Len() > 0; got != (level <= slog.LevelInfo) {
				t.Errorf("a success is written: %t", got)
			}
			for name, out := range map[string]*bytes.Buffer{
				"Denials": &denial, "BudgetSpent": &lastMint, "ParentAge": &run,
			} {
				read, members := read(t, out)
				if got := read.sets(t, members); !reflect.DeepEqual(got[name], byStage) {
					t.Errorf("metrics %v, want %s", got, name)
				}
			}
		})
	}
}

// TestNoMetricsOutsideOfAStack: a line of the local runner has no embedded metrics.
func TestNoMetricsOutsideOfAStack(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	var none *telemetry.Metrics
	logger := telemetry.NewLogger(&out, nil)
	none.LogRun(t.Context(), logger, telemetry.Run{ParentAge: new(time.Hour)}, now)
	telemetry.Audit{Status: 503}.Log(context.Background(), logger, none, now)
	if read, members := read(t, &out); read.AWS != nil || members["Stage"] != nil {
		t.Errorf("members %v", members)
	}
}

// TestMetricsOfARun: an age that is not known is absent, so that missing data raises an alarm. A
// clock that is behind Mapbox's makes a negative age, which must not look like another fault.
func TestMetricsOfARun(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		run  telemetry.Run
		want map[string]float64
	}{
		"something is due": {telemetry.Run{Failed: true}, nil},
		"before bootstrap": {telemetry.Run{ParentAge: new(0 * time.Second)},
			map[string]float64{"ParentAge": 0}},
		"settled": {telemetry.Run{ParentAge: new(time.Minute)},
			map[string]float64{"ParentAge": 60}},
		"a clock behind": {telemetry.Run{ParentAge: new(-time.Hour)},
			map[string]float64{"ParentAge": 0}},
		"none overdue": {telemetry.Run{Overdue: new(0 * time.Second)},
			map[string]float64{"AdditionalOverdue": 0}},
		"one overdue": {telemetry.Run{Overdue: new(time.Hour)},
			map[string]float64{"AdditionalOverdue": 3600}},
		"another token failed": {telemetry.Run{Failed: true, ParentAge: new(time.Hour)},
			map[string]float64{"ParentAge": 3600}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			metrics := &telemetry.Metrics{Stage: "prod", Version: "$LATEST"}
			metrics.LogRun(t.Context(), telemetry.NewLogger(&out, nil), tc.run, now)
			read, members := read(t, &out)
			sets := read.sets(t, members)
			for metric, value := range tc.want {
				if members[metric] != value || !reflect.DeepEqual(sets[metric], byStage) {
					t.Errorf("%s = %v in %v, want %v", metric, members[metric], sets, value)
				}
			}
			wantLevel := map[bool]string{false: "INFO", true: "ERROR"}[tc.run.Failed]
			if len(sets) != len(tc.want) || read.Level != wantLevel || read.Message != "run" {
				t.Errorf("line %v", members)
			}
		})
	}
}
