package main

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

func TestPlanAndRotateByHand(t *testing.T) {
	t.Parallel()
	m := startDev(t, dev{})
	getenv := func(name string) string { return m.lines[name] }
	before := m.currentVersion()
	for _, tc := range []struct {
		by    byHand
		want  string
		moves bool
	}{
		{byHand{action: "plan"}, `"nothing is due"`, false},
		{byHand{action: "plan", force: true}, `"it was asked for"`, false},
		{byHand{action: "rotate", name: "parent"}, `"settled"`, false},
		{byHand{action: "rotate", force: true}, `"promote"`, true},
	} {
		tc.by.getenv = getenv
		var out bytes.Buffer
		if err := tc.by.run(t.Context(), &out, io.Discard); err != nil || !strings.Contains(out.String(), tc.want) {
			t.Errorf("%+v: %v: %s", tc.by.action, err, out.String())
		}
		if moved := m.currentVersion() != before; moved != tc.moves {
			t.Errorf("%s, force %t: the secret moved: %t", tc.by.action, tc.by.force, moved)
		}
	}
	if err := (&byHand{action: "plan", getenv: nothingSet}).run(t.Context(), io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), "PARENT_SECRET_ID") {
		t.Errorf("without variables: %v", err)
	}
}
