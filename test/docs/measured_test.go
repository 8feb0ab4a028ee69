package docs_test

import (
	"strings"
	"testing"
)

// TestMeasuredTable: both pages have the table of `go test ./test/browser -run TestMaps`, and the
// client has no 401 and no blank canvas in it, except in the two rows that the pages explain.
func TestMeasuredTable(t *testing.T) {
	t.Parallel()
	table := measured(t, "docs/clients.md")
	if table != measured(t, "docs/short-tokens.md") {
		t.Error("docs/clients.md and docs/short-tokens.md have different tables")
	}
	rows := strings.Split(strings.TrimSpace(table), "\n")[2:]
	if len(rows) != 20 {
		t.Errorf("%d rows", len(rows))
	}
	for _, row := range rows {
		cells := strings.Split(row, " | ")
		explained := strings.Contains(cells[0], "last tiles on their way") ||
			strings.Contains(cells[0], "revoked")
		ours := cells[len(cells)-1]
		if !explained && (!strings.HasPrefix(ours, "0 of ") || strings.Contains(ours, "blank")) {
			t.Errorf("the client has %s in the row %s", ours, cells[0])
		}
	}
}

func measured(t *testing.T, page string) string {
	t.Helper()
	_, after, _ := strings.Cut(read(t, page), "| scenario | sample of f6114e8 ")
	table, _, _ := strings.Cut(after, "\n\n")
	return table
}
