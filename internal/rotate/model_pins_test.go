package rotate_test

import (
	"strings"
	"testing"
	"testing/synctest"
)

// pins are schedules that were violations once, as short as the model could make them.
var pins = map[string]schedule{
	"a stale list hides the version that a promotion takes AWSPREVIOUS from": {
		scenario: scenario{start: pasted, threads: [][]move{{heartbeatNow}, {heartbeatNow}}},
		places:   []place{{"Get tokenmint/parent", 1, ""}, {"MoveStage tokenmint/parent AWSPENDING", 1, ""}, {"List", 4, staler}},
	},
	"two runs date one version, which is current again before the next promotion": {
		scenario: scenario{start: replaced, threads: [][]move{{heartbeatNow, force, rollBack, pass(retireAfter), heartbeatNow}, {heartbeatNow}}},
		places:   []place{{"List", 1, ""}, {"Retrieve", 1, broken}},
	},
	"a promotion that hangs while its token is promoted, rolled back and retired": {
		scenario: scenario{start: fresh, threads: [][]move{{force}, {heartbeatNow, rollBack, retireNow}}},
		places:   []place{{"CreateTemporary", 2, ""}},
	},
}

// TestModelPins plays what the model found before, and what else a defect was mended for.
func TestModelPins(t *testing.T) {
	t.Parallel()
	for name, s := range pins {
		s.scenario.name = name
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := play(s, guard{})
				if o.violation != "" || testing.Verbose() {
					t.Logf("%s: %s\n%s", s, o.violation, strings.Join(o.trace, "\n"))
				}
				if o.violation != "" {
					t.Fail()
				}
			})
		})
	}
}
