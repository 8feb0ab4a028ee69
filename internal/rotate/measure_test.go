package rotate_test

import (
	"encoding/json"
	"maps"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
)

// measures runs an event, which may fail, and returns the metrics of its line, in seconds
// rounded to minutes. It returns nil if the run writes no line.
func (b *testRotator) measures(event string) map[string]float64 {
	b.t.Helper()
	before := len(b.log.String())
	_, _ = b.handler.Handle(b.t.Context(), json.RawMessage(event))
	b.noLeak()
	var measured map[string]float64
	for line := range strings.Lines(b.log.String()[before:]) {
		var header struct {
			Message string
			AWS     struct {
				CloudWatchMetrics []struct{ Metrics []struct{ Name string } }
			} `json:"_aws"`
		}
		var members map[string]any
		if json.Unmarshal([]byte(line), &header) != nil ||
			json.Unmarshal([]byte(line), &members) != nil {
			b.t.Fatalf("not JSON: %s", line)
		}
		if header.Message != "run" {
			continue
		}
		if measured != nil {
			b.t.Errorf("a second line: %s", line)
		}
		measured = map[string]float64{}
		for _, directive := range header.AWS.CloudWatchMetrics {
			name := directive.Metrics[0].Name
			seconds, _ := members[name].(float64)
			measured[name] = math.Round(seconds/60) * 60
		}
	}
	return measured
}

const hour = 3600.0 // in a metric

// TestRunsMeasureWhatTheyLookAt: a run for one token says nothing about others, and a plan nothing
// at all. The parent is 3 hours old, and two other tokens are new.
func TestRunsMeasureWhatTheyLookAt(t *testing.T) {
	t.Parallel()
	for event, want := range map[string]map[string]float64{
		`{"action":"rotate","id":"x"}`: {
			"ParentAge": 3 * hour, "AdditionalOverdue": 0,
		},
		`{"action":"rotate","id":"x","name":"parent"}`:  {"ParentAge": 3 * hour},
		`{"action":"rotate","id":"x","name":"uploads"}`: {},
		`{"action":"plan","id":"x"}`:                    nil,
	} {
		t.Run(event, func(t *testing.T) {
			t.Parallel()
			b := newTestRotator(t).rotated().withAdditional(uploads(), page())
			b.mustRun(`{"action":"rotate","id":"third"}`)
			if got := b.measures(event); !maps.Equal(got, want) || (got == nil) != (want == nil) {
				t.Errorf("metrics %v, want %v", got, want)
			}
		})
	}
}

// TestParentAgeIsMissingWhileSomethingIsDue for the parent, whatever becomes of the other tokens.
// An alarm rings on the missing age.
func TestParentAgeIsMissingWhileSomethingIsDue(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		at   func(b *testRotator)
		want map[string]float64
	}{
		"nothing is due":            {settled, map[string]float64{"ParentAge": 3 * hour}},
		"before bootstrap":          {emptySecret, map[string]float64{"ParentAge": 0}},
		"a new parent":              {pasted, map[string]float64{"ParentAge": 0}},
		"no successor":              {dueWithoutCreate, map[string]float64{}},
		"no list":                   {settledWithoutList, map[string]float64{}},
		"an old parent is not gone": {rotatedWithoutDelete, map[string]float64{}},
		"another token fails": {otherFails,
			map[string]float64{"ParentAge": 3 * hour, "AdditionalOverdue": 0}},
		"another token is overdue": {otherOverdue,
			map[string]float64{"ParentAge": 7 * hour, "AdditionalOverdue": 4 * hour}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newTestRotator(t)
			tc.at(b)
			if got := b.measures(`{"action":"rotate","id":"x"}`); !maps.Equal(got, tc.want) {
				t.Errorf("metrics %v, want %v", got, tc.want)
			}
		})
	}
}

func settled(b *testRotator) { b.rotated() }

func emptySecret(b *testRotator) {
	_ = b.service.Create(b.t.Context(), parentSecret, "", secrets.Value{})
}

func pasted(b *testRotator) { b.paste(scopes...) }

func dueWithoutCreate(b *testRotator) {
	b.rotated().sim.Advance(rotateEvery)
	b.fail(mapbox.OpCreate)
}

func settledWithoutList(b *testRotator) { b.rotated().fail(mapbox.OpList) }

func rotatedWithoutDelete(b *testRotator) {
	b.rotated().mustRun(`{"action":"rotate","id":"third","force":true}`)
	b.sim.Advance(retireAfter)
	b.fail(mapbox.OpDelete)
}

// otherFails has an additional token that the parent cannot create.
func otherFails(b *testRotator) {
	beyond := uploads()
	beyond.Scopes = []string{"datasets:write"}
	b.rotated().withAdditional(beyond)
}

func otherOverdue(b *testRotator) {
	otherFails(b)
	b.sim.Advance(4 * time.Hour)
}

// fail breaks all calls of an operation at Mapbox.
func (b *testRotator) fail(operation string) {
	b.sim.Inject(mapbox.Fault{Op: operation, Kind: mapbox.Status, Status: 500, Hits: -1})
}
