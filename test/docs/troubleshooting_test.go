package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const troubleshooting = "docs/troubleshooting.md"

// TestTroubleshootingHasEachName: the page has a row for each error code of the mint and of the
// clients, and for each alarm of the template, and no row for a name that is gone.
func TestTroubleshootingHasEachName(t *testing.T) {
	t.Parallel()
	for section, sources := range map[string]struct {
		files, pattern string
		least          int
	}{
		"Codes of the mint": {"internal/mint/*.go", `newRefusal\(\d+, "(\w+)"`, 31},
		"Codes of the clients": {"clients/js/*.js clients/js/lib/*.js pkg/tokensource/error.go",
			`(?:TokenError\(|tell\(|\bCode\w+ += )"(\w+)"`, 14},
		"Alarms": {"template.yaml", `(?m)^  (\w+):\n    Type: AWS::CloudWatch::Alarm$`, 16},
	} {
		rows := firstCells(t, section)
		var names []string
		for _, match := range regexp.MustCompile(sources.pattern).FindAllStringSubmatch(
			readAll(t, sources.files), -1) {
			if names = append(names, match[1]); !slices.Contains(rows, match[1]) {
				t.Errorf("%s: no row for %s", section, match[1])
			}
		}
		slices.Sort(names)
		if names = slices.Compact(names); len(names) < sources.least {
			t.Errorf("%s: %d names: are the sources read as they are written?", section, len(names))
		}
		for _, row := range rows {
			if !slices.Contains(names, row) && !strings.HasPrefix(row, "http_") {
				t.Errorf("%s: nothing is called %s", section, row)
			}
		}
	}
}

// TestTroubleshootingHasEachMessage: each message of these programs contains the text of a row, and
// each row is the text of a message. In a row, … stands for what differs.
func TestTroubleshootingHasEachMessage(t *testing.T) {
	t.Parallel()
	for section, files := range map[string]string{
		"Messages of doctor": "cmd/tokenmint/doctor*.go",
		"Messages of token and exec": "cmd/tokenmint/token*.go cmd/tokenmint/exec.go " +
			"cmd/tokenmint/aws.go",
		"Messages of bootstrap": "cmd/tokenmint/bootstrap.go internal/secrets/credential.go",
		"Messages of dev": "cmd/tokenmint/dev.go cmd/tokenmint/dev_backend.go " +
			"cmd/tokenmint/dev_lock.go cmd/tokenmint/dev_servers.go cmd/tokenmint/dev_state.go",
		"Messages of a rotation": "internal/rotate/handler.go internal/rotate/native.go " +
			"internal/rotate/observe.go internal/rotate/prove.go internal/rotate/delete.go",
		"Messages of the functions": "internal/setup/*.go internal/tokencache/*.go",
	} {
		rows, used := firstCells(t, section), map[string]bool{}
		for _, message := range messages(t, files) {
			explained := false
			for _, row := range rows {
				if contains(message, strings.Split(row, "…")) {
					explained, used[row] = true, true
				}
			}
			if !explained {
				t.Errorf("%s: no row explains %q", section, message)
			}
		}
		for _, row := range rows {
			// Some texts are returned without any of the speakers.
			if !used[row] && !contains(readAll(t, files), strings.Split(row, "…")) {
				t.Errorf("%s: no message contains %q", section, row)
			}
		}
	}
}

// contains reports whether text has all parts, in this order.
func contains(text string, parts []string) bool {
	for _, part := range parts {
		_, after, found := strings.Cut(text, part)
		if !found {
			return false
		}
		text = after
	}
	return true
}

// firstCells returns what is quoted in the first cells of a section's rows.
func firstCells(t *testing.T, section string) (cells []string) {
	t.Helper()
	_, after, found := strings.Cut(read(t, troubleshooting), "\n## "+section+"\n")
	if !found {
		t.Errorf("the page has no section %s", section)
	}
	text, _, _ := strings.Cut(after, "\n## ")
	for line := range strings.Lines(text) {
		if first, _, ok := strings.Cut(strings.TrimPrefix(line, "| "), " | "); ok {
			for _, match := range quoted.FindAllStringSubmatch(first, -1) {
				cells = append(cells, match[1])
			}
		}
	}
	return cells
}

// readAll returns the text of all files of some patterns, without tests.
func readAll(t *testing.T, patterns string) string {
	t.Helper()
	var text strings.Builder
	for _, file := range sourceFiles(t, patterns) {
		text.WriteString(read(t, file))
	}
	return text.String()
}

func sourceFiles(t *testing.T, patterns string) (files []string) {
	t.Helper()
	for pattern := range strings.FieldsSeq(patterns) {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(found), err)
		}
		for _, file := range found {
			if !strings.HasSuffix(file, "_test.go") {
				files = append(files, strings.TrimPrefix(file, root+"/"))
			}
		}
	}
	return files
}

// speakers are the functions whose first text is a message for people. A wrong command line (status
// 2) explains itself. Errors of the token cache are in the cause of a log line.
var speakers = []string{"wrong", "missing", "Errorf", "New", "Sprintf", "WarnContext",
	"ErrorContext"}

// messages returns the formats of the messages in some files.
func messages(t *testing.T, patterns string) (all []string) {
	t.Helper()
	for _, file := range sourceFiles(t, patterns) {
		tree, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, file), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(node ast.Node) bool {
			call, ok := node.(*ast.CallExpr)
			if !ok {
				return true
			}
			name := called(call)
			isCause := strings.Contains(file, "tokencache") && !strings.HasSuffix(name, "Context")
			if slices.Contains(speakers, name) && !isCause {
				for _, argument := range call.Args {
					if text := constant(argument); isMessage(text) {
						all = append(all, text)
						break
					}
				}
			}
			return name != "usageError"
		})
	}
	return all
}

func called(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

// constant returns the value of a text, also of one in several parts.
func constant(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BinaryExpr:
		return constant(e.X) + constant(e.Y)
	case *ast.BasicLit:
		text, _ := strconv.Unquote(e.Value)
		return text
	}
	return ""
}

// isMessage: it has words of its own, besides the errors that it wraps.
func isMessage(text string) bool {
	words := regexp.MustCompile(`%[a-z]|[^a-zA-Z ]`).ReplaceAllString(text, "")
	return len(strings.Fields(words)) > 2
}
