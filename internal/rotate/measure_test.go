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

// TestEachRunMeasuresTheParent: the age is missing while something is due for the parent, whatever
// becomes of the other tokens. An alarm rings on the missing age.
func TestEachRunMeasuresTheParent(t *testing.T) {
	t.Parallel()
	const hour = 3600.0
	const all = `{"action":"rotate","id":"x"}`
	const parent = `{"action":"rotate","id":"x","name":"parent"}`
	refuseCreate := mapbox.Fault{
		Op: mapbox.OpCreate, Kind: mapbox.Status, Status: 500, Hits: -1,
	}
	refuseList := mapbox.Fault{Op: mapbox.OpList, Kind: mapbox.Status, Status: 500, Hits: -1}
	// The parent is 3 hours old, and two other tokens are new.
	settled := func(t *testing.T) *testRotator {
		b := newTestRotator(t).rotated().withAdditional(uploads(), page())
		b.mustRun(`{"action":"rotate","id":"third"}`)
		return b
	}
	for name, tc := range map[string]struct {
		bench func(t *testing.T) *testRotator
		event string
		want  map[string]float64
	}{
		"nothing is due": {settled, all, map[string]float64{
			"ParentAge": 3 * hour, "AdditionalOverdue": 0}},
		"the parent alone": {settled, parent, map[string]float64{"ParentAge": 3 * hour}},
		"an additional token alone": {settled, `{"action":"rotate","id":"x","name":"uploads"}`,
			map[string]float64{}},
		"a plan": {settled, `{"action":"plan","id":"x"}`, nil},
		"no additional tokens": {func(t *testing.T) *testRotator {
			return newTestRotator(t).rotated()
		}, all, map[string]float64{"ParentAge": 3 * hour}},
		"before bootstrap": {func(t *testing.T) *testRotator {
			b := newTestRotator(t)
			_ = b.service.Create(t.Context(), parentSecret, "", secrets.Value{})
			return b
		}, all, map[string]float64{"ParentAge": 0}},
		"a new parent": {func(t *testing.T) *testRotator {
			b := newTestRotator(t)
			b.paste(scopes...)
			return b
		}, all, map[string]float64{"ParentAge": 0}},
		"a successor that cannot be created": {func(t *testing.T) *testRotator {
			b := newTestRotator(t).rotated()
			b.sim.Advance(rotateEvery)
			b.sim.Inject(refuseCreate)
			return b
		}, all, map[string]float64{}},
		"a list that fails": {func(t *testing.T) *testRotator {
			b := newTestRotator(t).rotated()
			b.sim.Inject(refuseList)
			return b
		}, all, map[string]float64{}},
		"an old parent that cannot be deleted": {func(t *testing.T) *testRotator {
			b := newTestRotator(t).rotated()
			b.mustRun(`{"action":"rotate","id":"third","force":true}`)
			b.sim.Advance(retireAfter)
			b.sim.Inject(mapbox.Fault{
				Op: mapbox.OpDelete, Kind: mapbox.Status, Status: 500, Hits: -1,
			})
			return b
		}, all, map[string]float64{}},
		"another token that fails": {func(t *testing.T) *testRotator {
			beyond := uploads()
			beyond.Scopes = []string{"datasets:write"}
			return newTestRotator(t).rotated().withAdditional(beyond)
		}, all, map[string]float64{"ParentAge": 3 * hour, "AdditionalOverdue": 0}},
		"another token that fails for hours": {func(t *testing.T) *testRotator {
			beyond := uploads()
			beyond.Scopes = []string{"datasets:write"}
			b := newTestRotator(t).rotated().withAdditional(beyond)
			b.sim.Advance(4 * time.Hour)
			return b
		}, all, map[string]float64{"ParentAge": 7 * hour, "AdditionalOverdue": 4 * hour}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := tc.bench(t)
			if got := b.measures(tc.event); !maps.Equal(got, tc.want) ||
				(got == nil) != (tc.want == nil) {
				t.Errorf("metrics %v, want %v", got, tc.want)
			}
		})
	}
}
