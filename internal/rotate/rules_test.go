package rotate_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tokenmint/tokenmint/internal/rotate"
)

// TestRulesAreThoseOfTheTable compares names and order of the rules with the first table of
// docs/internals/rotation.md.
func TestRulesAreThoseOfTheTable(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/internals/rotation.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(page), "| rule |")
	if !found {
		t.Fatal("docs/internals/rotation.md has no table of rules")
	}
	table, _, _ = strings.Cut(table, "\n\n")
	var documented []string
	for _, row := range strings.Split(table, "\n")[2:] {
		documented = append(documented, strings.TrimSpace(strings.Split(row, "|")[1]))
	}
	if actual := rotate.RuleNames(); !slices.Equal(documented, actual) {
		t.Errorf("the table has the rules %q, and the code %q", documented, actual)
	}
}
