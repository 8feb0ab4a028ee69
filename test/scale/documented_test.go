package scale_test

import (
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
)

// checkRow compares figures with a row of a table in docs/internals/scale.md. The order of events
// of one moment is not fixed, so figures may differ a little: by a tenth, and by the least that
// counts.
func checkRow(t *testing.T, name string, figures ...float64) {
	t.Helper()
	if !*full {
		return // the page has the figures of full runs
	}
	page, err := os.ReadFile("../../docs/internals/scale.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(strings.ReplaceAll(string(page), "**", ""), "\n| "+name+" | ")
	line, _, _ := strings.Cut(rest, " |\n")
	cells := strings.Split(line, " | ")
	if !found || len(cells) != len(figures) {
		t.Errorf("docs/internals/scale.md has no row %q with %d figures", name, len(figures))
		return
	}
	for i, cell := range cells {
		number, unit, _ := strings.Cut(strings.ReplaceAll(cell, ",", ""), " ")
		want, err := strconv.ParseFloat(number, 64)
		least := map[string]float64{"": 5, "s": 0.2, "%": 1}[unit]
		if err != nil || math.Abs(figures[i]-want) > want/10+least {
			t.Errorf("docs/internals/scale.md, row %q, figure %d is %s, measured %.2f", name, i+1,
				cell, figures[i])
		}
	}
}
