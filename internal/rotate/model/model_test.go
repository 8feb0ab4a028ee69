package model_test

import (
	"flag"
	"iter"
	"maps"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var (
	modelOnly = flag.String("model.only", "",
		"families of schedules to play: those whose name begins so")
	modelSeed = flag.Uint64("model.seed", 1,
		"seed of the model's random schedules; 0 = a new one")
	modelRandom = flag.Int("model.random", 0,
		"number of random schedules of each of the two kinds; 0 = 200, or 10000 with -model.full")
	modelShare = flag.Int("model.share", 1,
		"of the long families, play one task in so many; the seed says which")
	modelFull = flag.Bool("model.full", false,
		"play all families of schedules, and remove each guard")
)

// TestModel plays schedules of each family. A failure prints its schedule, shrunk, and all calls in
// it.
func TestModel(t *testing.T) {
	t.Parallel()
	defer debug.SetGCPercent(debug.SetGCPercent(1000)) // each schedule leaves a world behind
	seed := *modelSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	start, total := time.Now(), 0
	counts := dimensions{counts: map[string]int{}}
	for _, f := range families(seed) {
		if !f.isPlayed() {
			continue
		}
		begun := time.Now()
		n := explore(t, f.tasks, &counts)
		t.Logf("%s: %d schedules in %s", f.name, n, time.Since(begun).Round(time.Second))
		total += n
	}
	counts.log(t)
	t.Logf("%d schedules in %s; -model.seed=%d makes the same random ones",
		total, time.Since(start).Round(time.Second), seed)
}

// family is a set of schedules that are built in the same way.
type family struct {
	name  string
	plays plays
	tasks iter.Seq[task]
}

// plays says when a family is played.
type plays int

const (
	inEachRun plays = iota
	notShort        // not with -short
	onlyFull        // with -model.full
	onDemand        // only with -model.only
)

// families lists the families, the quick ones first.
func families(seed uint64) []family {
	random, ofSingles := *modelRandom, 4 // one single fault in so many
	if *modelFull || *modelOnly != "" {
		ofSingles = 1
	}
	switch {
	case random > 0:
	case *modelFull:
		random = 10_000
	case testing.Short():
		random = 100
	default:
		random = 200
	}
	usual := singles(slices.Concat(sequential, single, overlapping, beside))
	double := interleavings(slices.Concat(overlapping, beside))
	return []family{
		{"random", inEachRun, randoms(seed, random, randomSchedule)},
		{"random, with people", inEachRun, randoms(seed, random, randomManual)},
		{"one fault", notShort, share(seed, ofSingles, usual)},
		{"one fault, announced", notShort, announcedTasks(singles(announced[:2]))},
		{"one fault, announced, rest", onlyFull,
			share(seed, *modelShare, announcedTasks(singles(announced[2:])))},
		{"one fault, with people", onlyFull, share(seed, *modelShare, singles(manual))},
		{"two switches, announced", onDemand, announcedTasks(interleavings(announced))},
		{"two faults, announced", onDemand, announcedTasks(pairs(announced[:3]))},
		{"two switches", onlyFull, share(seed, *modelShare, double)},
		{"two faults", onlyFull, share(seed, *modelShare, pairs(sequential))},
	}
}

// isPlayed reports whether the flags ask for the family. The race detector is slow, so it gets few
// schedules.
func (f family) isPlayed() bool {
	switch {
	case *modelOnly != "":
		return strings.HasPrefix(f.name, *modelOnly)
	case raced:
		return f.name == "one fault, announced"
	case *modelFull:
		return f.plays != onDemand
	case testing.Short():
		return f.plays == inEachRun
	}
	return f.plays < onlyFull
}

// task plays some schedules that belong together, in one bubble.
type task func(try func(schedule) outcome)

// dimensions counts in how many schedules each dimension of the model was used.
type dimensions struct {
	mu     sync.Mutex
	counts map[string]int
}

func (d *dimensions) add(used map[string]bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for name := range used {
		d.counts[name]++
	}
}

func (d *dimensions) log(t *testing.T) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(d.counts)) {
		t.Logf("%7d schedules with %s", d.counts[name], name)
	}
}

// explore does the tasks on all processors. It returns how many schedules were played whose faults
// all were met: the others are the same as shorter ones.
func explore(t *testing.T, tasks iter.Seq[task], counts *dimensions) int {
	t.Helper()
	var played atomic.Int64
	var failed sync.Once
	queue, stop := make(chan task), make(chan struct{})
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for do := range queue {
				synctest.Test(t, func(t *testing.T) {
					do(func(s schedule) outcome {
						o := play(s, guard{})
						if o.met == len(s.faults) || s.seed != 0 {
							played.Add(1)
							counts.add(o.used)
						}
						if o.violation != "" {
							t.Fail()
							failed.Do(func() {
								close(stop) // a bubble that fails ends its worker
								report(t, s, o)
							})
						}
						return o
					})
				})
			}
		})
	}
	begun, last := 0, time.Now()
	for do := range tasks {
		if t.Failed() {
			break
		}
		begun++
		if time.Since(last) > 30*time.Second {
			t.Logf("  %d tasks begun, %d schedules played", begun, played.Load())
			last = time.Now()
		}
		select {
		case queue <- do:
		case <-stop:
		}
	}
	close(queue)
	workers.Wait()
	return int(played.Load())
}

// report prints the shortest schedule that a violation needs.
func report(t *testing.T, s schedule, o outcome) {
	t.Helper()
	t.Errorf("%s: %s", s, o.violation)
	s = shrink(s, guard{}, o.violation)
	o = play(s, guard{})
	t.Errorf("shortest: %s: %s\n%s", s, o.violation, strings.Join(o.trace, "\n"))
}

// singles breaks each call of the scenarios in each way.
func singles(scenarios []scenario) iter.Seq[task] {
	return func(yield func(task) bool) {
		for _, sc := range scenarios {
			ok := yield(func(try func(schedule) outcome) {
				for at, writes := range try(schedule{scenario: sc, logged: true}).effects {
					for _, how := range waysOf(writes) {
						try(schedule{scenario: sc, faults: []fault{{at, how}}, logged: at%8 == 0})
					}
				}
			})
			if !ok {
				return
			}
		}
	}
}

func waysOf(writes bool) []way {
	if writes {
		return waysOfWrites
	}
	return waysOfReads
}

// pairs breaks each two calls. Of ways that leave the same behind it takes one.
func pairs(scenarios []scenario) iter.Seq[task] {
	differ := func(writes bool) []way {
		return slices.DeleteFunc(slices.Clone(waysOf(writes)), func(w way) bool {
			return w == throttled || w == tooLate || w == justLate || w == broken && !writes
		})
	}
	return func(yield func(task) bool) {
		for _, sc := range scenarios {
			for first := range maxCalls {
				ok := yield(func(try func(schedule) outcome) {
					for _, how := range slices.Compact(slices.Concat(differ(false), differ(true))) {
						one := fault{first, how}
						o := try(schedule{scenario: sc, faults: []fault{one}})
						for second := first + 1; o.met == 1 && second < len(o.effects); second++ {
							for _, how := range differ(o.effects[second]) {
								try(schedule{scenario: sc, faults: []fault{one, {second, how}}})
							}
						}
					}
				})
				if !ok {
					return
				}
			}
		}
	}
}

// maxCalls is more than any scenario has that is taken apart by positions.
const maxCalls = 90

// interleavings lets two threads take turns in each way that needs two switches.
func interleavings(scenarios []scenario) iter.Seq[task] {
	return func(yield func(task) bool) {
		for _, sc := range scenarios {
			for first := range maxCalls {
				ok := yield(func(try func(schedule) outcome) {
					n := len(try(schedule{scenario: sc, switches: []int{first}}).effects)
					for second := first + 1; first < n && second < n; second++ {
						try(schedule{scenario: sc, switches: []int{first, second},
							logged: second%16 == 0})
					}
				})
				if !ok {
					return
				}
			}
		}
	}
}

// randoms are long histories with all kinds of moves in them.
func randoms(seed uint64, n int, build func(seed, n uint64) schedule) iter.Seq[task] {
	return func(yield func(task) bool) {
		for from := range uint64(n) / 50 { //nolint:gosec // G115: n is a number of schedules
			ok := yield(func(try func(schedule) outcome) {
				for i := range uint64(50) {
					try(build(seed, 50*from+i))
				}
			})
			if !ok {
				return
			}
		}
	}
}
