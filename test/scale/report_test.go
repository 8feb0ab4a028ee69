package scale_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// besides returns a table, in Markdown, of the cache beside what it is compared with.
func besides(f *figures) string {
	var b strings.Builder
	row(&b, "upstream requests", "shared cache", "cache per instance", "one mint per request")
	row(&b, "---", "---:", "---:", "---:")
	strategies := []*account{f.shared, f.own, f.each}
	cells := func(name string, of func(a *account) string) {
		texts := []string{name}
		for _, a := range strategies {
			texts = append(texts, of(a))
		}
		row(&b, texts...)
	}
	cells("in "+short(f.lasts), func(a *account) string { return grouped(a.asked) })
	cells("most in a minute", func(a *account) string { return grouped(slices.Max(a.byMinute)) })
	cells(fmt.Sprintf("refused by Mapbox, at %d a minute", mapboxLimit),
		func(a *account) string { return grouped(a.refused) })
	row(&b, "requests that got no token", share(f.refused, f.requests),
		share(f.refusedOwn, f.requests), share(f.refusedEach, f.requests))
	return b.String()
}

// details returns a table, in Markdown, of what the cache did in some runs.
func details(runs []figures) string {
	var b strings.Builder
	line := func(name string, of func(f *figures) string) {
		texts := []string{name}
		for i := range runs {
			texts = append(texts, of(&runs[i]))
		}
		row(&b, texts...)
	}
	line("shared cache", func(f *figures) string { return f.clocks() })
	line("---", func(*figures) string { return "---:" })
	line("instances at a time", func(f *figures) string { return grouped(f.instances) })
	line("instances, all told", func(f *figures) string { return grouped(f.born) })
	line("requests a second", func(f *figures) string { return grouped(f.rate()) })
	line("requests", func(f *figures) string { return grouped(f.requests) })
	line("served from memory at once",
		func(f *figures) string { return share(f.atOnce, f.requests) })
	line("refused", func(f *figures) string { return grouped(f.refused) })
	line("life left of a token",
		func(f *figures) string { return short(f.shortest) + " to " + short(f.longest) })
	line("keys × windows",
		func(f *figures) string { return strconv.Itoa(len(profiles) * int(f.lasts/reuse)) })
	line("mints", func(f *figures) string { return grouped(f.mints()) })
	for i, p := range profiles {
		line("mints a window, "+p.spec.Profile,
			func(f *figures) string { return fmt.Sprintf("%.3f", f.mintsPerWindow(i)) })
	}
	line(fmt.Sprintf("most mints in a minute, of %d", budget),
		func(f *figures) string { return grouped(slices.Max(f.shared.byMinute)) })
	line("waited while a token was there: for another's mint", waited(otherMint, tokenThere))
	line("– to renew it ahead of time", waited(ownMint, tokenThere))
	line("– for an answer of the table", waited(lookUp, tokenThere))
	line("waited while there was none: for another's mint", waited(otherMint, noToken))
	line("– to mint it", waited(ownMint, noToken))
	line("round trips to the table", func(f *figures) string { return grouped(int(f.trips)) })
	line("– a second, on average",
		func(f *figures) string { return fmt.Sprintf("%.1f", float64(f.trips)/f.lasts.Seconds()) })
	line("– most in a second", func(f *figures) string { return grouped(int(f.tripsPeak)) })
	return b.String()
}

func waited(why cause, there int) func(f *figures) string {
	return func(f *figures) string {
		w := f.waits[why][there]
		if w.count == 0 {
			return "0"
		}
		return grouped(w.count) + ", up to " + short(w.longest)
	}
}

func row(b *strings.Builder, cells ...string) {
	fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | "))
}

func share(part, whole int) string {
	if part == 0 {
		return "0 %"
	}
	return fmt.Sprintf("%.3f %%", 100*float64(part)/float64(whole))
}

// grouped writes a number with commas.
func grouped(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// short writes a duration with what matters of it.
func short(d time.Duration) string {
	if d < time.Second {
		return d.Round(time.Millisecond).String()
	}
	text := d.Round(time.Second).String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-2]
		}
	}
	return text
}
