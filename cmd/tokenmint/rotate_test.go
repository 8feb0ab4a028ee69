package main

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/rotate"
)

func TestPlanRotateRetire(t *testing.T) {
	t.Parallel()
	m := startDev(t, dev{})
	before := m.currentVersion()
	for _, tc := range []struct {
		by    rotatorCommand
		want  string
		moves bool
	}{
		{rotatorCommand{action: "plan"}, "why: nothing is due", false},
		{rotatorCommand{action: "plan", output: formatJSON}, `"nothing is due"`, false},
		{rotatorCommand{action: "rotate", name: "parent"}, "parent: settled", false},
		{rotatorCommand{action: "retire", name: "parent", now: true}, "parent: settled", false},
		{rotatorCommand{action: "rotate", force: true, name: "parent"}, "promote", true},
		{rotatorCommand{action: "retire", name: "parent", now: true}, "parent: retire", true},
	} {
		t.Run(tc.by.action+": "+tc.want, func(t *testing.T) {
			tc.by.getenv = m.getenv()
			var out bytes.Buffer
			if err := tc.by.run(t.Context(), &out, io.Discard); err != nil ||
				!strings.Contains(out.String(), tc.want) {
				t.Errorf("%+v: %v: %s", tc.by.action, err, out.String())
			}
			var report rotate.Report
			isJSON := json.Unmarshal(out.Bytes(), &report) == nil
			if isJSON != (tc.by.output == formatJSON) {
				t.Errorf("%s --output %s prints\n%s", tc.by.action, tc.by.output, out.String())
			}
			if moved := m.currentVersion() != before; moved != tc.moves {
				t.Errorf("%s, force %t: the secret moved: %t", tc.by.action, tc.by.force, moved)
			}
		})
	}
	plan := rotatorCommand{action: "plan", getenv: nothingSet}
	err := plan.run(t.Context(), io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "PARENT_SECRET_ID") {
		t.Errorf("without variables: %v", err)
	}
}

// TestReportOfFailedRun: the report shows the token that failed, and the command fails.
func TestReportOfFailedRun(t *testing.T) {
	t.Parallel()
	m := startDev(t, dev{})
	m.do("POST", m.lines["TOKENS_API_URL"]+"/_sim/faults",
		`{"op":"list","kind":"status","status":401,"hits":-1}`)
	var out bytes.Buffer
	err := (&rotatorCommand{action: "plan", getenv: m.getenv()}).run(t.Context(), &out, io.Discard)
	if err == nil || !strings.Contains(out.String(), "  ERROR: ") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

// TestRotateUsesTheClockOfDev: the commands use the clock of the simulator.
func TestRotateUsesTheClockOfDev(t *testing.T) {
	t.Parallel()
	m := startDev(t, dev{})
	m.do("POST", m.lines["MINT_URL"]+"/_dev/rotate?force=true", "")
	first := m.currentVersion()
	m.do("POST", m.lines["TOKENS_API_URL"]+"/_sim/clock", `{"advance":"730h"}`)
	var out bytes.Buffer
	plan := rotatorCommand{action: "plan", getenv: m.getenv()}
	if err := plan.run(t.Context(), &out, io.Discard); err != nil ||
		!strings.Contains(out.String(), "retire") && !strings.Contains(out.String(), "create") {
		t.Errorf("plan after 730h: %v\n%s", err, out.String())
	}
	got, err := m.examine(doctor{getenv: m.getenv(), now: time.Now})
	if err == nil || !strings.Contains(got, "WRONG  age: the parent is 730h") {
		t.Errorf("doctor after 730h: %v\n%s", err, got)
	}
	now := rotatorCommand{action: "rotate", getenv: m.getenv()}
	if err := now.run(t.Context(), &out, io.Discard); err != nil || m.currentVersion() == first {
		t.Errorf("rotate after 730h: %v\n%s", err, out.String())
	}
	event := strings.NewReader(`{"action":"plan","id":"x"}`)
	out.Reset()
	m.do("POST", m.lines["TOKENS_API_URL"]+"/_sim/clock", `{"advance":"730h"}`)
	i := invoke{event: "-", getenv: m.getenv()}
	if err := i.run(t.Context(), "rotate", event, &out, io.Discard); err != nil ||
		strings.Contains(out.String(), "nothing is due") {
		t.Errorf("invoke after 1460h: %v\n%s", err, out.String())
	}
}
