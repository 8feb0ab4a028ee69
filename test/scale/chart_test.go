package scale_test

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// The chart, in pixels. Above a line for 0, the y axis is logarithmic: from one request a minute to
// ten million.
const (
	width, height        = 820, 440
	left, right          = 92, width - 24
	top, bottom          = 130, height - 58
	zero, decades, oneUp = bottom, 7, bottom - 18
	decade               = float64(oneUp-top) / decades
	style                = `
text { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font-size: 17px; font-weight: 600 }
.quiet { fill: #57606a; font-size: 12px }
.paper { fill: #ffffff }
.grid { stroke: #d8dee4 }
.limit, .burst { stroke: #57606a; stroke-dasharray: 5 4; fill: none }
.each { stroke: #c2410c; fill: none; stroke-width: 2 }
.own { stroke: #7c5cc4; fill: none; stroke-width: 2 }
.shared { stroke: #0a7d5a; fill: #0a7d5a; stroke-width: 2.5 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .quiet { fill: #9da7b3 }
  .paper { fill: #0d1117 }
  .grid { stroke: #2d333b }
  .limit, .burst { stroke: #9da7b3 }
  .each { stroke: #fb923c }
  .own { stroke: #b79bff }
  .shared { stroke: #34d399; fill: #34d399 }
}
`
)

// draw returns the upstream requests of the three strategies, by the minute, as SVG.
func draw(f *figures) string {
	c := &canvas{minutes: int(f.lasts / time.Minute)}
	c.printf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" `+
		`width="%d" height="%d" role="img">`, width, height, width, height)
	c.printf("<title>Upstream requests a minute</title>\n<style>%s</style>", style)
	c.printf(`<rect class="paper" width="%d" height="%d" rx="8"/>`, width, height)
	c.text("title", 24, 34, "start", "Requests to Mapbox’s Tokens API, by the minute")
	c.text("quiet", 24, 54, "start",
		fmt.Sprintf("%s instances, %s requests a second, %d profiles, reuse %s; logarithmic",
			grouped(f.instances), grouped(f.rate()), len(profiles), short(reuse)))
	c.axes()
	c.mark(f)
	c.legend(24, "each", "one mint per request", f.each, share(f.refusedEach, f.requests))
	c.legend(304, "own", "cache per instance", f.own, share(f.refusedOwn, f.requests))
	c.legend(572, "shared", "shared cache (tokenmint)", f.shared, share(f.refused, f.requests))
	c.line("each", f.each)
	c.line("own", f.own)
	c.stems("shared", f.shared)
	c.printf("</svg>")
	return c.String()
}

// canvas is an SVG in the making.
type canvas struct {
	strings.Builder
	minutes int
}

func (c *canvas) printf(format string, args ...any) { fmt.Fprintf(c, format+"\n", args...) }

func (c *canvas) text(class string, x, y float64, anchor, text string) {
	c.printf(`<text class="%s" x="%.1f" y="%.1f" text-anchor="%s">%s</text>`, class, x, y,
		anchor, text)
}

// x is the middle of a minute.
func (c *canvas) x(minute float64) float64 { return left + (right-left)*minute/float64(c.minutes) }

func (c *canvas) y(n int) float64 {
	if n == 0 {
		return zero
	}
	return oneUp - decade*math.Log10(float64(n))
}

func (c *canvas) axes() {
	for power := -1; power <= decades; power++ {
		n := 0
		if power >= 0 {
			n = int(math.Pow10(power))
		}
		c.printf(`<path class="grid" d="M%d %.1fH%d"/>`, left, c.y(n), right)
		c.text("quiet", left-10, c.y(n)+4, "end", grouped(n))
	}
	step := 15
	if c.minutes < step {
		step = 1
	}
	for minute := 0; minute <= c.minutes; minute += step {
		c.printf(`<path class="grid" d="M%.1f %dv5"/>`, c.x(float64(minute)), bottom)
		c.text("quiet", c.x(float64(minute)), bottom+20, "middle",
			fmt.Sprintf("%d:%02d", minute/60, minute%60))
	}
	c.text("quiet", (left+right)/2, bottom+40, "middle", "hours:minutes since the start")
	c.printf(`<text class="quiet" transform="translate(20 %d) rotate(-90)" `+
		`text-anchor="middle">requests a minute</text>`, (top+bottom)/2)
}

// mark shows Mapbox's limit, and when half of the instances were replaced at once.
func (c *canvas) mark(f *figures) {
	c.printf(`<path class="limit" d="M%d %.1fH%d"/>`, left, c.y(mapboxLimit), right)
	c.text("quiet", left+6, c.y(mapboxLimit)+15, "start",
		fmt.Sprintf("Mapbox’s limit: %d a minute", mapboxLimit))
	burst := c.x((f.lasts / 2).Minutes())
	c.printf(`<path class="burst" d="M%.1f %dV%d"/>`, burst, top, bottom)
	c.text("quiet", burst+6, top+14+decade, "start", "half of the instances are replaced")
}

func (c *canvas) legend(x float64, class, name string, a *account, refused string) {
	c.printf(`<path class="%s" d="M%.1f 78h22"/>`, class, x)
	c.text("", x+30, 82, "start", name)
	c.text("quiet", x+30, 100, "start", grouped(a.asked)+" upstream")
	c.text("quiet", x+30, 116, "start", refused+" of requests refused")
}

func (c *canvas) line(class string, a *account) {
	var points strings.Builder
	for minute, n := range a.byMinute[:c.minutes] {
		fmt.Fprintf(&points, "%.1f,%.1f ", c.x(float64(minute)+0.5), c.y(n))
	}
	c.printf(`<polyline class="%s" points="%s"/>`, class, strings.TrimSpace(points.String()))
}

// stems draws what mostly is 0.
func (c *canvas) stems(class string, a *account) {
	c.printf(`<path class="%s" d="M%d %dH%d"/>`, class, left, zero, right)
	for minute, n := range a.byMinute[:c.minutes] {
		if n > 0 {
			x := c.x(float64(minute) + 0.5)
			c.printf(`<path class="%s" d="M%.1f %dV%.1f"/>`+
				`<circle class="%s" cx="%.1f" cy="%.1f" r="3"/>`,
				class, x, zero, c.y(n), class, x, c.y(n))
		}
	}
}
