package scale_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// before is what 2,000 instances did in the same ten minutes when each allowed itself a sixteenth
// of the budget: calls to Mapbox and the share of requests served, by the minute. The cache of
// commit ac39927 gave these, in this model.
var before = struct {
	calls  []int
	served []float64
}{
	[]int{9826, 9580, 9361, 9081, 8889, 8745, 8550, 8358, 8224, 8051, 3, 0, 0},
	[]float64{0.038, 0.063, 0.086, 0.111, 0.132, 0.146, 0.164, 0.185, 0.199, 0.215, 1, 1, 1},
}

// best is the share that can be served at most in a minute of an outage that found no tokens: each
// minute as many tokens as Mapbox allows, at once, and each to another instance, for the profile
// that most requests are for. Instances end, and take theirs with them.
func best(minute, instances int) float64 {
	holders := 0.0
	for range minute + 1 {
		holders = holders*math.Exp(-time.Minute.Seconds()/instanceLives.Seconds()) + mapboxLimit
	}
	return profiles[0].share * min(holders/float64(instances), 1)
}

// possible is the most that any rule can serve in a minute of a run that starts without a table.
func possible(f *figures, minute int) float64 {
	if minute < int(f.noTable.to/time.Minute) {
		return best(minute, f.instances)
	}
	return 1
}

// byTheMinute returns a table, in Markdown, of an outage beside what was before and what is
// possible.
func byTheMinute(f *figures) string {
	var b strings.Builder
	row(&b, "minute", "calls, before", "calls", "served, before", "served", "possible")
	row(&b, "---:", "---:", "---:", "---:", "---:", "---:")
	percent := func(share float64) string { return fmt.Sprintf("%.1f %%", 100*share) }
	for minute := range len(before.calls) {
		row(&b, fmt.Sprint(minute+1), grouped(before.calls[minute]),
			grouped(f.shared.byMinute[minute]),
			percent(before.served[minute]), percent(f.served(minute)),
			percent(possible(f, minute)))
	}
	return b.String()
}

// drawOutage returns the calls of an outage beside those before, by the minute, as SVG.
func drawOutage(f *figures) string {
	c := &canvas{minutes: len(before.calls)}
	c.printf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" `+
		`width="%d" height="%d" role="img">`, width, height, width, height)
	c.printf("<title>Calls to Mapbox a minute without the table</title>\n<style>%s</style>", style)
	c.printf(`<rect class="paper" width="%d" height="%d" rx="8"/>`, width, height)
	c.text("title", 24, 34, "start",
		"Requests to Mapbox’s Tokens API, by the minute, without the table")
	c.text("quiet", 24, 54, "start",
		fmt.Sprintf("%s instances that start with no token, and no table for %s; logarithmic",
			grouped(f.instances), short(f.noTable.to)))
	c.axes()
	c.printf(`<path class="limit" d="M%d %.1fH%d"/>`, left, c.y(mapboxLimit), right)
	c.text("quiet", right-6, c.y(mapboxLimit)-6, "end",
		fmt.Sprintf("Mapbox’s limit: %d a minute", mapboxLimit))
	back := c.x(f.noTable.to.Minutes())
	c.printf(`<path class="burst" d="M%.1f %dV%d"/>`, back, top, bottom)
	c.text("quiet", back+6, top+14, "start", "the table is back")
	was := &account{byMinute: before.calls, asked: sum(before.calls)}
	last := int(f.noTable.to/time.Minute) - 1
	c.legend(24, "each", "each alone, a sixteenth of the budget", was,
		percentRefused(before.served[last]))
	c.legend(404, "shared", "by lot and by Mapbox’s refusals (tokenmint)", f.shared,
		percentRefused(f.served(last)))
	c.line("each", was)
	c.stems("shared", f.shared)
	c.printf("</svg>")
	return c.String()
}

func percentRefused(served float64) string {
	return fmt.Sprintf("in minute ten %.1f %%", 100*(1-served))
}

func sum(numbers []int) (total int) {
	for n := range slices.Values(numbers) {
		total += n
	}
	return total
}
