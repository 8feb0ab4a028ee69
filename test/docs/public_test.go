package docs_test

import (
	"regexp"
	"strings"
	"testing"
)

// equation is a product or a quotient of two numbers, with its result.
var equation = regexp.MustCompile(`([\d.,]*\d) ([×/]) ([\d.,]*\d) = ([\d.,]*\d)`)

// TestPublicArithmetic repeats the arithmetic of docs/public.md, with the prices and sizes of
// docs/cost.md.
func TestPublicArithmetic(t *testing.T) {
	t.Parallel()
	totals := sums(t, "docs/public.md")
	if len(totals) != 2 || totals[1] > totals[0] {
		t.Errorf("the tables sum to %v", totals)
	}
	page := strings.Join(strings.Fields(read(t, "docs/public.md")), " ")
	found := equation.FindAllStringSubmatch(page, -1)
	if len(found) != 10 {
		t.Errorf("%d equations", len(found))
	}
	for _, e := range found {
		a, b := number(t, e[1]), number(t, e[3])
		if e[2] == "/" {
			b = 1 / b
		}
		near(t, e[0], number(t, e[4]), a*b)
	}
	cost := read(t, "docs/cost.md")
	for _, row := range []string{
		"requests to the HTTP API | 1,000,000 | 1.00 / 1,000,000",
		"requests to Lambda | 1,000,000 | 0.20 / 1,000,000",
		"of 4 ms at 256 MB", "| 0.0000133334 |",
		"bytes of the log line of a request | 426 |", "of 400 bytes a line",
		"GB sent to callers, of 1 kB with headers | 1.00 | 0.09 |",
	} {
		if !strings.Contains(cost, row) {
			t.Errorf("docs/cost.md does not have %q, from which docs/public.md computes", row)
		}
	}
	near(t, "bytes of logs", 826, 426+400)
	near(t, "GB of logs", 148.68, 180_000_000*826/1e9)
	near(t, "GB-seconds", 180_000, 180_000_000*0.004*0.25)
}
