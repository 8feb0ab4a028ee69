package model_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

var modelDays = flag.Int("model.days", 40,
	"how many days 100 tokens are managed with -model.full; 365 takes many minutes")

// TestAYearOfAHundredTokens counts the calls of a stack with 100 managed tokens, an hour at a time.
// docs/internals/rotation.md#how-many-tokens has the figures.
func TestAYearOfAHundredTokens(t *testing.T) {
	t.Parallel()
	if !*modelFull {
		t.Skip("takes minutes: runs with -model.full")
	}
	y := newYear(t, 99)
	var idle, busiest, live int
	heartbeats := int(time.Duration(*modelDays) * 24 * time.Hour / interval())
	for i := range heartbeats {
		steps, calls, alive := y.heartbeat(i) // fails the test if a run leaves anything undone
		if steps == "" {
			idle = max(idle, calls)
		}
		busiest, live = max(busiest, calls), max(live, alive)
		if oldest := y.oldest(); oldest > rotateEvery+26*time.Hour {
			t.Fatalf("heartbeat %d: a token is %s old", i, oldest)
		}
	}
	t.Logf("100 tokens, %d heartbeats: %d calls of the Tokens API in an hour with nothing due, "+
		"%d in the busiest; %d live tokens at most", heartbeats, idle, busiest, live)
	if limit, _ := most(2); idle > 2 || busiest > limit || live > 202 {
		t.Errorf("idle %d, busiest %d of %d, live %d", idle, busiest, limit, live)
	}
}

// most returns the most calls of a run for lists of so many pages. Usually it replaces four tokens
// and deletes the parent's predecessor, or it deletes four. After an outage it replaces four and
// deletes eight.
func most(pages int) (usual, backlog int) {
	replace, remove := 3+pages, 2+2*pages
	return pages + max(4*replace+remove, 4*remove), pages + 4*replace + 8*remove
}

// TestCallsOfARun compares the formula with runs. The two public tokens of a run save a call each.
func TestCallsOfARun(t *testing.T) {
	t.Parallel()
	y := newYear(t, 8)
	usual, backlog := most(1)
	busiest := 0
	for i := range 20 {
		if i == 10 {
			y.now = y.now.Add(rotateEvery) // all tokens are due
		}
		_, calls, _ := y.heartbeat(i)
		busiest = max(busiest, calls)
		y.now = y.now.Add(6*time.Hour - interval()) // as in a short run
	}
	if busiest > usual || busiest < usual-2 {
		t.Errorf("the busiest run makes %d calls, and the formula says %d", busiest, usual)
	}
	y.now = y.now.Add(168 * time.Hour) // the grace periods of all are over
	if _, calls, _ := y.heartbeat(20); calls != backlog-4*(3+1) {
		t.Errorf("a run that deletes eight tokens makes %d calls", calls)
	}
}

// TestPageSaysHowManyTokens compares the table of the page with the formula. Each managed token may
// have a predecessor in its grace period, and the account has two tokens besides.
func TestPageSaysHowManyTokens(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../../docs/internals/rotation.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, pages := range []int{1, 2, 3, 10} {
		usual, backlog := most(pages)
		row := fmt.Sprintf("| %d | %d | %d | %d | %d |\n", (100*pages-2)/2, pages, usual,
			100-usual, backlog)
		t.Run(row, func(t *testing.T) {
			if !strings.Contains(string(page), row) {
				t.Errorf("docs/internals/rotation.md does not have the row %s", row)
			}
		})
	}
}
