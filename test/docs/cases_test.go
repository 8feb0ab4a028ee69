package docs_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestCasesNameTestsThatExist holds test/cases.md to the code: a test that was renamed or removed
// is missed.
func TestCasesNameTestsThatExist(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../cases.md")
	if err != nil {
		t.Fatal(err)
	}
	declared := declaredTests(t)
	named := regexp.MustCompile("`(Test[A-Za-z0-9]+)`").FindAllStringSubmatch(string(page), -1)
	if len(named) < 60 {
		t.Fatalf("test/cases.md names %d tests, want 60 or more", len(named))
	}
	for _, match := range named {
		if !declared[match[1]] {
			t.Errorf("test/cases.md names %s, and no package declares it", match[1])
		}
	}
}

// declaredTests returns the names of all tests of this module.
func declaredTests(t *testing.T) map[string]bool {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "git", "-C", "../..", "ls-files",
		"*_test.go").Output()
	if err != nil {
		t.Fatal(err)
	}
	declaration := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	declared := map[string]bool{}
	for name := range strings.FieldsSeq(string(out)) {
		text, err := os.ReadFile(filepath.Join("../..", name))
		if os.IsNotExist(err) {
			continue // removed, and not committed yet
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range declaration.FindAllStringSubmatch(string(text), -1) {
			declared[match[1]] = true
		}
	}
	return declared
}
