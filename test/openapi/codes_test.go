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

// No exchange may produce a certain refusal. So this test finds all refusals in the handler's
// source.
func TestEveryRefusalInTheSourceIsDocumented(t *testing.T) {
	t.Parallel()
	var documented []string
	for _, item := range readDocument(t).Paths {
		for status, response := range item.operation().Responses {
			if status == "200" || status == "401" {
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

// refusalsInSource returns the status and the code of each refusal in the source of internal/mint.
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
			call, ok := node.(*ast.CallExpr)
			if !ok {
				return true
			}
			if name, ok := call.Fun.(*ast.Ident); ok && name.Name == "newRefusal" {
				status, code := literal(t, files, call.Args[0]), literal(t, files, call.Args[1])
				found = append(found, status+" "+code)
			}
			return true
		})
	}
	return found
}

// literal returns the value of an argument. It must be a literal, for readers and for this test.
func literal(t *testing.T, files *token.FileSet, argument ast.Expr) string {
	t.Helper()
	basic, ok := argument.(*ast.BasicLit)
	if !ok {
		t.Errorf("%s: the argument is not a literal", files.Position(argument.Pos()))
		return ""
	}
	if text, err := strconv.Unquote(basic.Value); err == nil {
		return text
	}
	return basic.Value
}
