// Package model checks the rotator against everything that can happen to it. It contains tests
// only.
//
// A schedule is one history in virtual time: what happens, which calls fail and how, and when a run
// waits for another. Each file explains one part:
//
//	scenarios_test.go     what happens, without failures
//	starts_test.go        what a scenario begins with
//	moves_test.go         the single events: heartbeats, steps of Secrets Manager, acts of people
//	manual_test.go        what else people do; manualcases_test.go lists its scenarios
//	unreadable_test.go    versions that cannot be read
//	wire_test.go          the ways in which a call of Mapbox fails
//	wirestore_test.go     the ways in which a call of Secrets Manager fails
//	world_test.go         Mapbox, Secrets Manager and the truth about both
//	past_test.go          answers that are older than the truth
//	truth_test.go         the invariants, which are checked after each write
//	settled_test.go       what must hold when nothing is left to do
//	schedule_test.go      how a schedule is played and shrunk
//	guards_test.go        the guards that the full model removes, to show that it finds each one
//	brokenstore_test.go   the secret store as a rotator without one of its guards sees it
//	brokentokens_test.go  the same for the Tokens API
//	pins_test.go          schedules that were defects once
//	bus_test.go           the event bus, and the truth about its events
//	busguards_test.go     scenarios, pins and guards of events
//
// Without flags the tests play the pins, each single failure and some random schedules. With
// -model.full they play all.
package model
