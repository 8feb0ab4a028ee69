package model_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
)

// pins are schedules that were violations once, as short as the model could make them.
var pins = map[string]schedule{
	"a stale list hides the version that a promotion takes AWSPREVIOUS from": {
		scenario: scenario{start: pasted, threads: [][]move{{heartbeatNow}, {heartbeatNow}}},
		places: []place{{"Get tokenmint/parent", 1, ""},
			{"MoveStage tokenmint/parent AWSPENDING", 1, ""}, {"List", 4, staler}},
	},
	"two runs date one version, which is current again before the next promotion": {
		scenario: scenario{start: replaced, threads: [][]move{{heartbeatNow, force, rollBack,
			pass(retireAfter), heartbeatNow}, {heartbeatNow}}},
		places: []place{{"List", 1, ""}, {"Retrieve", 1, broken}},
	},
	"a promotion that hangs while its token is promoted, rolled back and retired": {
		scenario: scenario{start: fresh, threads: [][]move{{force},
			{heartbeatNow, rollBack, retireNow}}},
		places: []place{{"Describe tokenmint/parent", 3, ""}},
	},
	"Secrets Manager's rotation is held to the cap": {
		scenario: scenario{start: many, threads: [][]move{{force, begin, step("createSecret")}}},
	},
	"graces end while Secrets Manager's rotation waits": {
		scenario: scenario{start: many, threads: [][]move{{force, begin, step("createSecret"),
			heartbeatNow}}},
	},
	"a person rolls back to what does not work, while the one before is retired": {
		scenario: scenario{start: twoReplaced,
			threads: [][]move{{heartbeatNow}, {rollBack, revokeCurrent}}},
		places: []place{{"List", 1, ""}},
	},
	"a stale read takes the token of an unlabelled version for a lost one": {
		scenario: scenario{start: fresh, threads: [][]move{{paste, paste, heartbeatNow}}},
		places:   []place{{"Get tokenmint/parent", 6, stale}},
	},
	"a promotion that hangs undoes a rollback, and another run takes off the date that it counts " +
		"on": {
		scenario: scenario{start: pasted, threads: [][]move{{force, rollBack, force}, {force},
			{heartbeatNow}}},
		places: []place{{"List", 2, ""}, {"List", 2, throttled}, {"Get tokenmint/parent", 4, ""},
			{"Get tokenmint/parent", 18, ""}},
	},
	"a promotion that hangs undoes a rollback that another run has dated": {
		scenario: scenario{start: fresh, threads: [][]move{{forceOnce, pass(retireAfter)},
			{forceOnce}, {rollBack, heartbeatNow, paste}}},
		places: []place{
			{"List", 2, ""}, {"MoveStage tokenmint/parent AWSCURRENT", 1, ""},
			{"MoveStage tokenmint/parent superseded", 1, ""},
			{"MoveStage tokenmint/parent AWSPENDING", 1, refused},
		},
	},
	"createSecret hangs while its version is promoted and rolled back": {
		scenario: scenario{start: fresh, threads: [][]move{{begin, step("createSecret"),
			pass(time.Hour), step("createSecret")}, {heartbeatNow, rollBack}}},
		places: []place{{"Describe tokenmint/parent", 3, ""}},
	},
	"a stale list knows the pending token and not the one that was pasted since": {
		scenario: scenario{start: fresh, threads: [][]move{{force}, {pass(time.Minute),
			paste, paste}}},
		places: []place{{"Create", 1, ""}, {"List", 2, staler}},
	},
	"a call hangs while another run dates a version": {
		scenario: scenario{start: fresh, threads: [][]move{{revokeNewest, paste, force},
			{heartbeatNow, forceOnce}}},
		switches: []int{2}, places: []place{{"Put tokenmint/parent", 1, slowBefore}},
	},
	"a run dies before it takes the date off what is current again, and a person pastes": {
		scenario: scenario{start: many, threads: [][]move{{
			pass(10 * time.Minute), rollBack, pass(time.Hour), heartbeatNow, paste,
			pass(retireAfter - time.Hour), heartbeatNow,
		}}},
		places: []place{{"MoveStage tokenmint/parent superseded", 10, justLate}},
	},
	"a person deletes a token during its proof, while the token before the current one is " +
		"retired": {
		scenario: scenario{start: overdue, threads: [][]move{{force}, {revokeNewest, retireNow}}},
		places: []place{{"CreateTemporary", 1, ""}, {"Retrieve", 2, throttled},
			{"Retrieve", 3, ""}},
	},
	"retire now takes a version that a read does not find yet for one without a value": {
		scenario: scenario{start: fresh, threads: [][]move{{paste, heartbeatNow,
			force, retireNow}}},
		places: []place{{"Get tokenmint/parent", 40, staler}},
	},
	"a public token becomes the parent between two looks before a deletion": {
		scenario: scenario{start: overdue, threads: [][]move{{retireNow},
			{pasteKind(0, "public")}}},
		places: []place{{"Get tokenmint/parent", 4, ""}},
	},
	"a step cannot delete what its earlier attempt has lost": {
		scenario: scenario{start: fresh, threads: [][]move{{begin, step("createSecret"), stick}}},
		places:   []place{{"Put tokenmint/parent", 1, diedBefore}},
	},
	"a stale list hides the token that makes it eight": {
		scenario: scenario{start: many, threads: [][]move{{force, forceAll}}},
		places:   []place{{"Create", 1, diedAfter}, {"List", 2, staler}},
	},
	"a person moves AWSPREVIOUS to a version whose value is lost": {
		scenario: scenario{start: many, threads: [][]move{
			{begin, step("createSecret")}, {moveLabel(0, secrets.Previous, 7), pass(time.Hour)},
		}},
		places: []place{{"Create", 1, ""}, {"Put tokenmint/parent", 1, diedBefore}},
	},
	"two edits hide when a token left one secret, and its date in the other one counts": {
		scenario: scenario{start: wide, threads: [][]move{{
			paste, copyValue(2, 1), begin, heartbeatNow, pass(retireAfter), pasteKind(0, "no json"),
		}}},
	},
}

// twoReplaced is a parent before which one is in its grace, and another past it.
func twoReplaced(w *world) {
	replaced(w)
	heartbeatNow.do(w, always)
	time.Sleep(retireAfter - time.Hour)
	w.kept(w.managed[0], 3, time.Minute)
	heartbeatNow.do(w, always)
	time.Sleep(time.Hour)
}

var revokeCurrent = act("a person deletes the current token", func(w *world) {
	current, _ := w.currentOf(parentSecret)
	w.revoke(current.ID)
})

// TestModelPins plays the schedules that were defects once.
func TestModelPins(t *testing.T) {
	t.Parallel()
	for name, s := range pins {
		s.scenario.name = name
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				playPin(t, s)
			})
		})
	}
}

func playPin(t *testing.T, s schedule) {
	t.Helper()
	o := play(s, guard{})
	if o.violation != "" || testing.Verbose() {
		t.Logf("%s: %s\n%s", s, o.violation, strings.Join(o.trace, "\n"))
	}
	if o.violation != "" {
		t.Fail()
	}
}
