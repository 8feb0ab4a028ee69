// Package model checks the rotator against everything that can happen to it. It contains tests
// only.
//
// A schedule is one history in virtual time: what happens, which calls fail and how, and when a run
// waits for another. Each file explains one part:
//
//	scenarios_test.go  what happens, without failures
//	starts_test.go     what a scenario begins with
//	moves_test.go      the single events: heartbeats, steps of Secrets Manager, acts of people
//	hands_test.go      what else people do
//	wire_test.go       the ways in which a call fails
//	world_test.go      Mapbox, Secrets Manager and the truth about both
//	truth_test.go      the invariants, which are checked after each write
//	schedule_test.go   how a schedule is played and shrunk
//	guards_test.go     the guards that the full model removes, to show that it finds each one
//	pins_test.go       schedules that were defects once
//
// Without flags the tests play the pins, each single failure and some random schedules. With
// -model.full they play all.
package model
