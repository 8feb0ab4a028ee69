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

func TestPlanRotateAndRetireByHand(t *testing.T) {
	t.Parallel()
	m := startDev(t, dev{})
	before := m.currentVersion()
	for _, tc := range []struct {
		by    byHand
		want  string
		moves bool
	}{
		{byHand{action: "plan"}, "why: nothing is due", false},
		{byHand{action: "plan", output: formatJSON}, `"nothing is due"`, false},
		{byHand{action: "rotate", name: "parent"}, "parent: settled", false},
		{byHand{action: "retire", name: "parent", now: true}, "parent: settled", false},
		{byHand{action: "rotate", force: true, name: "parent"}, "promote", true},
		{byHand{action: "retire", name: "parent", now: true}, "parent: retire", true},
	} {
		tc.by.getenv = m.getenv()
		var out bytes.Buffer
		if err := tc.by.run(t.Context(), &out, io.Discard); err != nil || !strings.Contains(out.String(), tc.want) {
			t.Errorf("%+v: %v: %s", tc.by.action, err, out.String())
		}
		var report rotate.Report
		if isJSON := json.Unmarshal(out.Bytes(), &report) == nil; isJSON != (tc.by.output == formatJSON) {
			t.Errorf("%s --output %s prints\n%s", tc.by.action, tc.by.output, out.String())
		}
		if moved := m.currentVersion() != before; moved != tc.moves {
			t.Errorf("%s, force %t: the secret moved: %t", tc.by.action, tc.by.force, moved)
		}
	}
	err := (&byHand{action: "plan", getenv: nothingSet}).run(t.Context(), io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "PARENT_SECRET_ID") {
		t.Errorf("without variables: %v", err)
	}
}

// TestReportsOfRunsThatFail: the report shows which token failed, and the exit code that something did.
func TestReportsOfRunsThatFail(t *testing.T) {
	t.Parallel()
	m := startDev(t, dev{})
	m.do("POST", m.lines["TOKENS_API_URL"]+"/_sim/faults", `{"op":"list","kind":"status","status":401,"hits":-1}`)
	var out bytes.Buffer
	err := (&byHand{action: "plan", getenv: m.getenv()}).run(t.Context(), &out, io.Discard)
	if err == nil || !strings.Contains(out.String(), "  ERROR: ") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

// TestByHandUsesTheClockOfDev: time that was moved in dev has passed for the commands too.
func TestByHandUsesTheClockOfDev(t *testing.T) {
	t.Parallel()
	m := startDev(t, dev{})
	m.do("POST", m.lines["MINT_URL"]+"/_dev/rotate?force=true", "")
	first := m.currentVersion()
	m.do("POST", m.lines["TOKENS_API_URL"]+"/_sim/clock", `{"advance":"730h"}`)
	var out bytes.Buffer
	if err := (&byHand{action: "plan", getenv: m.getenv()}).run(t.Context(), &out, io.Discard); err != nil ||
		!strings.Contains(out.String(), "retire") && !strings.Contains(out.String(), "create") {
		t.Errorf("plan after 730h: %v\n%s", err, out.String())
	}
	got, err := m.examine(doctor{getenv: m.getenv(), now: time.Now})
	if err == nil || !strings.Contains(got, "WRONG  age: the parent is 730h") {
		t.Errorf("doctor after 730h: %v\n%s", err, got)
	}
	if err := (&byHand{action: "rotate", getenv: m.getenv()}).run(t.Context(), &out, io.Discard); err != nil || m.currentVersion() == first {
		t.Errorf("rotate after 730h: %v\n%s", err, out.String())
	}
	event := strings.NewReader(`{"action":"plan","id":"x"}`)
	out.Reset()
	m.do("POST", m.lines["TOKENS_API_URL"]+"/_sim/clock", `{"advance":"730h"}`)
	if err := (invoke{event: "-", getenv: m.getenv()}).run(t.Context(), "rotate", event, &out, io.Discard); err != nil ||
		strings.Contains(out.String(), "nothing is due") {
		t.Errorf("invoke after 1460h: %v\n%s", err, out.String())
	}
}

func TestClockIsAskedOfThisMachineOnly(t *testing.T) {
	t.Parallel()
	moved := service(t, 200, `{"now":"x","offset":"48h0m0s"}`)
	noon := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	base := func() time.Time { return noon }
	for address, want := range map[string]time.Time{
		moved: noon.Add(48 * time.Hour), moved + "/": noon.Add(48 * time.Hour),
		service(t, 404, `{"offset":"48h"}`): noon, service(t, 200, `<html>`): noon, service(t, 200, `{"offset":"soon"}`): noon,
		"http://127.0.0.1:1": noon, "https://api.mapbox.com": noon, "http://localhost.evil.example": noon,
	} {
		if got := clockOf(t.Context(), address, base)(); !got.Equal(want) {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
}
