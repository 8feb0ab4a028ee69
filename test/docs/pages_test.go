// Package docs_test holds the pages in docs/ to what they speak of: links, names of files and
// tests, and the arithmetic of the costs.
package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// pages are all that a reader may meet, by their paths from the root.
func pages(t *testing.T) []string {
	t.Helper()
	all := []string{"README.md", "CONTRIBUTING.md", "SECURITY.md"}
	for _, pattern := range []string{"docs/*.md", "docs/internals/*.md"} {
		found, err := fs.Glob(os.DirFS(root), pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %d pages, %v", pattern, len(found), err)
		}
		all = append(all, found...)
	}
	return all
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
	dropped = regexp.MustCompile("[^a-z0-9 _-]")
)

// anchors are the names that GitHub gives to a page's headings.
func anchors(text string) []string {
	var all []string
	for _, match := range heading.FindAllStringSubmatch(text, -1) {
		all = append(
			all, strings.ReplaceAll(dropped.ReplaceAllString(strings.ToLower(match[1]), ""), " ",
				"-"))
	}
	return all
}

func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	for _, page := range pages(t) {
		text := read(t, page)
		for _, match := range link.FindAllStringSubmatch(text, -1) {
			target, anchor, _ := strings.Cut(match[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			there := page
			if target != "" {
				there = filepath.Join(filepath.Dir(page), target)
			}
			if _, err := os.Stat(filepath.Join(root, there)); err != nil {
				t.Errorf("%s: %s leads nowhere", page, match[1])
				continue
			}
			if anchor != "" && !slices.Contains(anchors(read(t, there)), anchor) {
				t.Errorf("%s: %s has no heading of that name", page, match[1])
			}
		}
	}
}

// TestPagesThatSayNotTried: docs/not-tried.md has all that was not tried, with the command that
// tries it. A page that says so leads there.
func TestPagesThatSayNotTried(t *testing.T) {
	t.Parallel()
	says := regexp.MustCompile(
		`(?i)nobody\s+has\s+(tried|deployed|measured)|not\s+tried|nothing\s+ran|` +
			`did\s+not\s+run\s+\[?against`)
	found := 0
	for _, page := range pages(t) {
		if page == "docs/not-tried.md" || strings.HasPrefix(page, "docs/internals/") {
			continue
		}
		if text := read(t, page); says.MatchString(text) {
			if found++; !strings.Contains(text, "not-tried.md") {
				t.Errorf("%s says %q and does not lead to docs/not-tried.md", page,
					says.FindString(text))
			}
		}
	}
	if found < 7 {
		t.Errorf("%d pages say that something was not tried: are they read as written?", found)
	}
}

// TestNotTriedHasEachStep: the page has each step of test/aws/run, and no other.
func TestNotTriedHasEachStep(t *testing.T) {
	t.Parallel()
	list := regexp.MustCompile(`(?m)^steps=\((.*)\)$`).FindStringSubmatch(read(t, "test/aws/run"))
	if list == nil {
		t.Fatal("test/aws/run has no list of its steps")
	}
	var named []string
	for _, match := range regexp.MustCompile("`test/aws/run ([a-z]+)`").FindAllStringSubmatch(
		read(t, "docs/not-tried.md"), -1) {
		if !slices.Contains(named, match[1]) {
			named = append(named, match[1])
		}
	}
	if steps := strings.Fields(list[1]); !slices.Equal(named, steps) {
		t.Errorf("docs/not-tried.md has the steps %v, test/aws/run has %v", named, steps)
	}
}

var quoted = regexp.MustCompile("`([^`\n]+)`")

// TestThreatModelNamesWhatIsThere: a guard or a test that is gone or renamed takes its row along.
func TestThreatModelNamesWhatIsThere(t *testing.T) {
	t.Parallel()
	tests := testNames(t)
	named := 0
	for _, match := range quoted.FindAllStringSubmatch(read(t, "docs/threat-model.md"), -1) {
		name := match[1]
		file, promise, isPromise := strings.Cut(name, ".py#")
		switch {
		case promise == "…":
		case isPromise:
			named++
			promises := read(t, "test/template/"+file+".py")
			if !strings.Contains(promises, "@promise\ndef "+promise+"(stack):") {
				t.Errorf("there is no promise %s", promise)
			}
		case strings.HasPrefix(name, "Test"):
			named++
			if !slices.Contains(tests, name) {
				t.Errorf("there is no test %s", name)
			}
		case strings.HasPrefix(name, "clients/") || strings.HasSuffix(name, ".go") ||
			strings.HasSuffix(name, ".yml") || strings.HasSuffix(name, ".yaml"):
			named++
			if _, err := os.Stat(filepath.Join(root, name)); err != nil {
				t.Errorf("there is no file %s", name)
			}
		}
	}
	if named < 50 {
		t.Errorf("the page names %d things: is it read as it is written?", named)
	}
}

var testFunc = regexp.MustCompile(`(?m)^func (Test\w+)\(`)

func testNames(t *testing.T) []string {
	t.Helper()
	var all []string
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := entry.Name(); entry.IsDir() && (name == "node_modules" ||
			len(name) > 1 && name[0] == '.') {
			return fs.SkipDir
		}
		if strings.HasSuffix(path, "_test.go") {
			for _, match := range testFunc.FindAllStringSubmatch(read(t, path), -1) {
				all = append(all, match[1])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
