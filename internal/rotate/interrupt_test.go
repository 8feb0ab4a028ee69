package rotate_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
)

// Whatever call breaks, before or after its effect, once or from there on: later runs converge, the
// current token always works, and nothing of ours is left behind.
func TestConvergesAfterAnyInterruption(t *testing.T) {
	t.Parallel()
	const positions = 40 // more than a rotation and a retirement have calls; see the check below
	step := 1
	if testing.Short() {
		step = 8
	}
	for _, wire := range []string{"mapbox", "aws"} {
		for _, all := range []bool{false, true} {
			for _, effect := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s all=%t effect=%t", wire, all, effect), func(t *testing.T) {
					t.Parallel()
					interrupted, tried := 0, 0
					for skip := 0; skip < positions; skip += step {
						tried++
						if interrupt(newTestRotator(t), wire, skip, all, effect) {
							interrupted++
						}
					}
					// net/http itself repeats a GET whose connection is closed, so a single fault
					// shows only in what must not be repeated.
					if interrupted < 1 || interrupted == tried {
						t.Errorf("%d of %d positions met a call", interrupted, tried)
					}
				})
			}
		}
	}
}

// interrupt rotates with one fault, then lets heartbeats follow. It reports whether the fault was
// met.
func interrupt(b *testRotator, wire string, skip int, all, effect bool) bool {
	t := b.t
	pasted := b.paste(scopes...)
	bystander, _ := b.issue("styles:list")
	fault := mapbox.Fault{Skip: skip, Hits: 1, Kind: mapbox.NoAnswer}
	if all {
		fault.Hits = -1
	}
	if effect {
		fault.Kind = mapbox.LostAnswer
	}
	if wire == "mapbox" {
		b.sim.Inject(fault)
	} else {
		b.aws.arm(skip, all, effect)
	}
	_, err := b.run(heartbeat)
	b.sim.ClearFaults()
	met := b.aws.disarm() || err != nil // a run goes on without some answers

	for hour := range 8 {
		if hour > 0 {
			b.sim.Advance(time.Hour)
		}
		if _, err := b.run(fmt.Sprintf(`{"action":"rotate","id":"hour-%d"}`, hour)); err != nil &&
			hour > 0 {
			t.Errorf("position %d: hour %d: %v", skip, hour, err)
		}
		if n := len(b.ours()); n > 3 {
			t.Errorf("position %d: hour %d: %d of our tokens live", skip, hour, n)
		}
	}
	current := b.credential("").ID
	if got := b.ours(); !slices.Equal(got, []string{current}) || current == pasted {
		t.Errorf("position %d: at the end %d of our tokens live, current pasted: %t", skip,
			len(got), current == pasted)
	}
	if _, alive := b.live()[pasted]; alive {
		t.Errorf("position %d: the pasted token lives on", skip)
	}
	if _, alive := b.live()[bystander]; !alive {
		t.Errorf("position %d: a token that is none of ours was deleted", skip)
	}
	if _, pending := b.describe().VersionAt(secrets.Pending); pending {
		t.Errorf("position %d: AWSPENDING is left behind", skip)
	}
	return met
}

func TestStoreThatRefusesUndoesTheCreate(t *testing.T) {
	t.Parallel()
	b := newTestRotator(t)
	b.paste(scopes...)
	id := strings.Repeat("b", 40)
	// Somebody else has taken the version that this rotation would store.
	if err := b.memory.Put(t.Context(), parentSecret, id,
		secrets.NewValue("taken"), "other"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.run(`{"action":"rotate","id":"` + id + `"}`); err == nil {
		t.Error("no error")
	}
	if n := len(b.ours()); n != 0 {
		t.Errorf("%d created tokens are left", n)
	}
}
