package main

import (
	"flag"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

const (
	root = "../.."
	page = "../../docs/internals/code.md"
)

var update = flag.Bool("update", false, "write this module's figures into docs/internals/code.md")

// TestTheHouseKeepsItsMeasures holds this module to the figures that docs/internals/code.md
// promises.
func TestTheHouseKeepsItsMeasures(t *testing.T) {
	t.Parallel()
	m, err := Measure(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	if m.Median() > 10 {
		t.Errorf("the median function has %d lines, want at most 10", m.Median())
	}
	if f := m.LongestFunction(); f.Lines > 45 {
		t.Errorf("%s has %d lines, want at most 45", f.Name, f.Lines)
	}
	if m.Over120*200 >= m.Lines {
		t.Errorf("%d of %d lines have more than 120 columns, want fewer than 0.5 %%",
			m.Over120, m.Lines)
	}
	if len(m.Undocumented) > 0 {
		t.Errorf("exported names without a comment: %s", strings.Join(m.Undocumented, ", "))
	}
}

func TestNoFileIsLong(t *testing.T) {
	t.Parallel()
	long, err := LongFiles(os.DirFS(root), 300)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range long {
		t.Errorf("%s has %d lines, want at most 300: split it by subject", file.Name, file.Lines)
	}
}

func TestLongFilesFindsTestsToo(t *testing.T) {
	t.Parallel()
	text := []byte("package p\n" + strings.Repeat("\n", 300))
	long, err := LongFiles(fstest.MapFS{
		"a/a.go":        {Data: text},
		"a/a_test.go":   {Data: text},
		"a/b.go":        {Data: text[:300]},
		"a/c.txt":       {Data: text},
		"testdata/a.go": {Data: text},
	}, 300)
	if err != nil || len(long) != 2 || long[0] != (Sized{"a/a.go", 301}) ||
		long[1].Name != "a/a_test.go" {
		t.Errorf("got %v, error %v", long, err)
	}
}

// TestFiguresOfThePageAreCurrent compares the page's row of this module with the code. A figure may
// be old by a tenth, so that not every change of the code is a change of the page.
func TestFiguresOfThePageAreCurrent(t *testing.T) {
	t.Parallel()
	m, err := Measure(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	printed := regexp.MustCompile(`(?m)^\| tokenmint \|.*$`).FindString(string(text))
	row := m.row("tokenmint")
	if *update {
		changed := strings.Replace(string(text), printed, row, 1)
		//nolint:gosec // G306: all may read a page
		if err := os.WriteFile(page, []byte(changed), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !isNear(printed, row) {
		t.Errorf("%s has\n%s\nand the code has\n%s\nrun: go test ./test/count -update",
			page, printed, row)
	}
}

// isNear reports whether each figure of two rows differs by at most a tenth, or by 0.5 percentage
// points.
func isNear(a, b string) bool {
	as, bs := strings.Split(a, " | "), strings.Split(b, " | ")
	if len(as) != len(bs) {
		return false
	}
	for i := range as[1:] {
		x, y := figure(as[i+1]), figure(bs[i+1])
		most := max(x, y) / 10
		if strings.Contains(as[i+1], "%") {
			most = 0.5
		}
		if !(math.Abs(x-y) <= most) {
			return false
		}
	}
	return true
}

// figure returns the number in a cell, or NaN.
func figure(cell string) float64 {
	n, err := strconv.ParseFloat(strings.Trim(cell, " |%"), 64)
	if err != nil {
		return math.NaN()
	}
	return n
}

func TestIsNear(t *testing.T) {
	t.Parallel()
	const row = "| tokenmint | 190 | 20000 | 10 | 43 | 270 | 0.7 % | 0.1 % | 100 % |"
	for name, tc := range map[string]struct {
		other string
		want  bool
	}{
		"same":             {row, true},
		"a tenth":          {strings.Replace(row, "190", "200", 1), true},
		"more than that":   {strings.Replace(row, "190", "250", 1), false},
		"percents":         {strings.Replace(row, "100 %", "99 %", 1), false},
		"no row":           {"", false},
		"not a number":     {strings.Replace(row, "190", "many", 1), false},
		"a column is gone": {strings.Replace(row, " | 43", "", 1), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := isNear(row, tc.other); got != tc.want {
				t.Errorf("%s: %t", tc.other, got)
			}
		})
	}
}
