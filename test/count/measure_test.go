package main

import (
	"strings"
	"testing"
	"testing/fstest"
)

const sample = `// Package sample has one of each.
package sample

// Shown has a comment.
func Shown() {
	hidden()
}

func Bare() {}

func hidden() {}

type inner struct{}

func (inner) String() string { return "" }

// Sizes is a group with one comment for all names.
const (
	Small = 1
	Large = 2
)
`

func TestMeasureCountsTheSample(t *testing.T) {
	t.Parallel()
	m, err := Measure(fstest.MapFS{
		"a/sample.go":       {Data: []byte(sample)},
		"a/sample_test.go":  {Data: []byte("not Go")},
		"a/testdata/bad.go": {Data: []byte("not Go")},
		"other/go.mod":      {Data: []byte("module other")},
		"other/other.go":    {Data: []byte("not Go")},
		"a/wide.go": {Data: []byte("package sample\n\n//" + strings.Repeat(" x", 60) +
			"\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string][2]int{
		"files":            {m.Files, 2},
		"functions":        {len(m.Functions), 4},
		"median":           {m.Median(), 1},
		"longest function": {m.LongestFunction().Lines, 3},
		"longest file":     {m.LongestFile.Lines, strings.Count(sample, "\n")},
		"over 120":         {m.Over120, 1},
		"over 100":         {m.Over100, 1},
		"exported":         {m.Exported, 4},
		"undocumented":     {len(m.Undocumented), 1},
	} {
		if got[0] != got[1] {
			t.Errorf("%s = %d, want %d", name, got[0], got[1])
		}
	}
}
