package bench

import (
	"fmt"
	"runtime"
	"strings"
	"time"
)

// Markdown returns the results as two tables: what was measured, with ratios to hello, and what of
// it is to stay within a limit.
func (r Results) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s/%s, %d cores; medians of %d starts and %d warm requests.\n\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), r.Rounds,
		r.Rounds*warmFor)
	fmt.Fprintf(&b, "| | %s | %s | %s | %s |\n|---|--:|--:|--:|--:|\n", Hello, Plain, Memory, Table)
	for _, row := range []struct {
		title, unit string
		of          func(Figures) float64
	}{
		{"start-up", "ms", func(f Figures) float64 { return ms(f.StartUp) }},
		{"start-up and first request", "ms", func(f Figures) float64 { return ms(f.First) }},
		{"warm request", "ms", func(f Figures) float64 { return ms(f.Warm) }},
		{"peak memory, first request", "MB", func(f Figures) float64 { return mb(f.ColdPeak) }},
		{"peak memory, all requests", "MB", func(f Figures) float64 { return mb(f.WarmPeak) }},
		{"bootstrap", "MB", func(f Figures) float64 { return mb(f.Size) }},
		{"bootstrap, zipped", "MB", func(f Figures) float64 { return mb(f.Zipped) }},
	} {
		base := row.of(r.Of[Hello])
		fmt.Fprintf(&b, "| %s | %.2f %s |", row.title, base, row.unit)
		for _, name := range []string{Plain, Memory, Table} {
			figure := row.of(r.Of[name])
			fmt.Fprintf(&b, " %.2f %s (%.2f ×) |", figure, row.unit, figure/base)
		}
		b.WriteByte('\n')
	}
	b.WriteString("\n| to stay within | limit | measured | |\n|---|--:|--:|---|\n")
	for _, t := range r.targets() {
		verdict := "met"
		if t.measured > t.limit {
			verdict = "**not met**"
		}
		fmt.Fprintf(&b, "| %s | %.4g%s | %.3g%s | %s |\n", t.what, t.limit, t.unit, t.measured,
			t.unit, verdict)
	}
	return b.String()
}

// target is a figure and what it is to stay within.
type target struct {
	what            string
	limit, measured float64
	unit            string
}

func (r Results) targets() []target {
	hello, plain, memory, table := r.Of[Hello], r.Of[Plain], r.Of[Memory], r.Of[Table]
	return []target{
		{"start-up, mint-table to hello", 1.35, ms(table.StartUp) / ms(hello.StartUp), " ×"},
		{"start-up and first request, mint-table to plain", 0.9, ms(table.First) / ms(plain.First),
			" ×"},
		{"start-up and first request, mint-memory to plain", 0.7,
			ms(memory.First) / ms(plain.First), " ×"},
		{"warm request, mint-table to hello", 1.12, ms(table.Warm) / ms(hello.Warm), " ×"},
		{"peak memory of the first request, mint-table to hello", 1.6,
			mb(table.ColdPeak) / mb(hello.ColdPeak), " ×"},
		{"peak memory of all requests, mint-table to hello", 1.6,
			mb(table.WarmPeak) / mb(hello.WarmPeak), " ×"},
		{"bootstrap", 10, mb(table.Size), " MB"},
		{"bootstrap, zipped", 4, mb(table.Zipped), " MB"},
		{"handler alone, shared token", 60, float64(r.Handler.NsPerOp()) / 1000, " µs"},
		{"the same, allocations", 65, float64(r.Handler.AllocsPerOp()), ""},
	}
}

func ms(d time.Duration) float64 { return d.Seconds() * 1000 }

func mb(bytes int64) float64 { return float64(bytes) / 1e6 }
