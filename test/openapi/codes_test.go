package openapi_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A refusal that no exchange happens to meet would go undocumented unseen, so they are counted in the handler's source too.
func TestEveryRefusalInTheSourceIsDocumented(t *testing.T) {
	t.Parallel()
	var documented []string
	for _, item := range readDocument(t).Paths {
		for status, response := range item.Post.Responses {
			if status == "200" {
				continue
			}
			for _, code := range response.Content["application/json"].codes(t) {
				documented = append(documented, status+" "+code)
			}
		}
	}
	refusals := refusalsInSource(t)
	if len(refusals) == 0 {
		t.Fatal("no refusal was found")
	}
	for _, refusal := range refusals {
		if !slices.Contains(documented, refusal) {
			t.Errorf("%s is in internal/mint, but not in the document", refusal)
		}
	}
}

// refusalsInSource returns status and code of every refusal that internal/mint writes down.
func refusalsInSource(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("../../internal/mint/*.go")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	files := token.NewFileSet()
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			literal, ok := node.(*ast.CompositeLit)
			if !ok {
				return true
			}
			if name, ok := literal.Type.(*ast.Ident); ok && name.Name == "refusal" {
				found = append(found, field(t, files, literal, "status")+" "+field(t, files, literal, "code"))
			}
			return true
		})
	}
	return found
}

// field returns the value of a struct's field, which must be written out for the reader of the source as for this test.
func field(t *testing.T, files *token.FileSet, literal *ast.CompositeLit, name string) string {
	t.Helper()
	for _, element := range literal.Elts {
		pair, ok := element.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		key, isName := pair.Key.(*ast.Ident)
		value, isBasic := pair.Value.(*ast.BasicLit)
		if !isName || key.Name != name || !isBasic {
			continue
		}
		if text, err := strconv.Unquote(value.Value); err == nil {
			return text
		}
		return value.Value
	}
	t.Errorf("%s: the refusal's %s is not written out", files.Position(literal.Pos()), name)
	return ""
}
