package telemetry_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/telemetry"
)

// embedded is a record as CloudWatch reads it.
type embedded struct {
	AWS struct {
		Timestamp         int64
		CloudWatchMetrics []struct {
			Namespace  string
			Dimensions [][]string
			Metrics    []struct{ Name, Unit string }
		}
	} `json:"_aws"`
}

func TestMetricsOfARotation(t *testing.T) {
	t.Parallel()
	var none *telemetry.Metrics
	none.RecordRotation(telemetry.Rotation{}, time.Now())
	var out bytes.Buffer
	telemetry.NewMetrics(&out, "prod").RecordRotation(telemetry.Rotation{Name: "parent",
		Failed: true, Due: true, Orphans: 2, Age: new(time.Minute)}, time.UnixMilli(5))
	var values map[string]any
	if err := json.Unmarshal(out.Bytes(), &values); err != nil {
		t.Fatalf("%v\n%s", err, out.Bytes())
	}
	delete(values, "_aws")
	want := map[string]any{"Stage": "prod", "Token": "parent", "Succeeded": 0.0, "Failed": 1.0,
		"Due": 1.0, "Orphans": 2.0, "Age": 60.0}
	if !reflect.DeepEqual(values, want) {
		t.Errorf("values = %v, want %v", values, want)
	}
}

func TestMetricsOfARequest(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1_767_366_245_678)
	for name, tc := range map[string]struct {
		audit      telemetry.Audit
		dimensions [][]string
		values     map[string]any
	}{
		"minted": {
			telemetry.Audit{
				Profile: "web-map", Caller: "arn:aws:iam::1:role/web", TokenHash: "abc",
				Source: "minted", Status: 200, Code: "ok", Took: 1500 * time.Microsecond,
				UpstreamCalls: 1, BudgetKnown: true, BudgetLeft: 79, ParentAge: time.Hour,
			},
			[][]string{{"Stage"}, {"Stage", "Profile"}},
			map[string]any{
				"Stage": "prod", "Profile": "web-map", "Requests": 1.0, "Denials": 0.0,
				"Throttled": 0.0, "Errors": 0.0, "UpstreamCalls": 1.0, "Latency": 1.5,
				"FromMemory": 0.0, "FromTable": 0.0, "Minted": 1.0, "Stale": 0.0,
				"BudgetLeft": 79.0, "ParentAge": 3600.0,
			},
		},
		"denied": {
			telemetry.Audit{Caller: "arn:aws:iam::1:user/eve", Status: 403,
				Code: "caller_not_allowed"},
			[][]string{{"Stage"}},
			map[string]any{"Stage": "prod", "Requests": 1.0, "Denials": 1.0, "Throttled": 0.0,
				"Errors": 0.0, "UpstreamCalls": 0.0, "Latency": 0.0},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			metrics := telemetry.NewMetrics(&out, "prod")
			metrics.Record(telemetry.Audit{Profile: "a-record-before-that-is-longer",
				TokenHash: "x", BudgetKnown: true, ParentAge: time.Hour}, now)
			out.Reset()
			metrics.Record(tc.audit, now)

			var record embedded
			var values map[string]any
			if err := json.Unmarshal(out.Bytes(), &record); err != nil ||
				bytes.Count(out.Bytes(), []byte("\n")) != 1 {
				t.Fatalf("%s: not one line of JSON: %v\n%s", name, err, out.Bytes())
			}
			if err := json.Unmarshal(out.Bytes(), &values); err != nil {
				t.Fatal(err)
			}
			delete(values, "_aws")
			if !reflect.DeepEqual(values, tc.values) {
				t.Errorf("%s: values = %v, want %v", name, values, tc.values)
			}
			directive := record.AWS.CloudWatchMetrics[0]
			if record.AWS.Timestamp != now.UnixMilli() || directive.Namespace != "tokenmint" ||
				!reflect.DeepEqual(directive.Dimensions, tc.dimensions) {
				t.Errorf("%s: %+v", name, record.AWS)
			}
			for _, metric := range directive.Metrics {
				if _, ok := values[metric.Name].(float64); !ok || metric.Unit == "" {
					t.Errorf("%s: metric %s has no value or no unit", name, metric.Name)
				}
			}
		})
	}
}

// TestDefectsAreOfOneVersion: what undoes a deployment is a fault of the code, not of Mapbox or of
// the parent, and it names the version.
func TestDefectsAreOfOneVersion(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]int{200: 0, 403: 0, 429: 0, 500: 1, 502: 0, 503: 0, 504: 0} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			var out bytes.Buffer
			metrics := telemetry.NewMetrics(&out, "prod")
			metrics.Version = "7"
			metrics.Record(telemetry.Audit{Profile: "web-map", Status: status}, time.UnixMilli(5))
			defects := 0
			for line := range bytes.Lines(out.Bytes()) {
				var record embedded
				var values struct {
					Stage, Version string
					Defects        int
				}
				if err := errors.Join(json.Unmarshal(line, &record),
					json.Unmarshal(line, &values)); err != nil {
					t.Fatal(err)
				}
				defects += values.Defects
				dimensions := [][]string{{"Stage"}, {"Stage", "Version"}}
				if values.Defects > 0 && (values.Version != "7" ||
					!reflect.DeepEqual(record.AWS.CloudWatchMetrics[0].Dimensions, dimensions)) {
					t.Errorf("%d: version %q, %v", status, values.Version, record.AWS)
				}
			}
			if defects != want {
				t.Errorf("%d: %d defects, want %d", status, defects, want)
			}
		})
	}
}

// A clock that is behind Mapbox's makes a negative age, which must not silence an alarm on it.
func TestAgeIsWrittenWheneverItIsKnown(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		age  *time.Duration
		want string
	}{{nil, ""}, {new(-time.Hour), `"Age":0`}, {new(time.Duration(0)), `"Age":0`},
		{new(time.Minute), `"Age":60`}} {
		t.Run(fmt.Sprint(tc.age), func(t *testing.T) {
			var out bytes.Buffer
			telemetry.NewMetrics(&out, "prod").RecordRotation(telemetry.Rotation{Name: "parent",
				Age: tc.age}, time.UnixMilli(5))
			if got := strings.Contains(out.String(), `"Age":`); got != (tc.want != "") ||
				!strings.Contains(out.String(), tc.want) {
				t.Errorf("age %v: %s", tc.age, out.String())
			}
		})
	}
}

func TestOverdueHasTheStageAlone(t *testing.T) {
	t.Parallel()
	var none *telemetry.Metrics
	none.RecordOverdue(0, time.Now())
	for overdue, want := range map[time.Duration]string{0: `"AdditionalOverdue":0}`,
		time.Hour: `"AdditionalOverdue":3600}`} {
		t.Run(overdue.String(), func(t *testing.T) {
			var out bytes.Buffer
			telemetry.NewMetrics(&out, "prod").RecordOverdue(overdue, time.UnixMilli(5))
			if got := out.String(); !strings.Contains(got, `"Dimensions":[["Stage"]]`) ||
				!strings.Contains(got, want) || !strings.Contains(got, `"Seconds"`) {
				t.Errorf("%s: %s", overdue, got)
			}
		})
	}
}
