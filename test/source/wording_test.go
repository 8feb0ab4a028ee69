// Package source_test tests rules about the source text that the linter has no rule for.
package source_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

const root = "../.."

// readers are the directories that may contain Mapbox's sentences: the client, which reads them,
// and the simulator, which writes them.
var readers = []string{"pkg/tokens", "internal/sim/mapbox"}

// sentences are Mapbox's messages that are not also phrases of HTTP, such as "Not Found".
var sentences = []string{
	tokens.ErrNoSuchUser.Error(),
	tokens.ErrScopes.Error(),
	tokens.ErrResources.Error(),
	tokens.ErrExpiryPast.Error(),
	tokens.ErrExpiryTooFar.Error(),
	tokens.ErrExpiryBeyondParent.Error(),
	"access token is required",
	"usage must be pk or sk",
}

// Mapbox may change its messages. Only one package then needs a change.
func TestMapboxWordingStaysInTheClient(t *testing.T) {
	t.Parallel()
	files := 0
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(root, path)
		if entry.IsDir() {
			if skipped(filepath.ToSlash(name)) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		files++
		found, err := wording(path, nil)
		for _, fault := range found {
			t.Errorf("%s: %s", name, fault)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 50 {
		t.Errorf("only %d files were read from %s", files, root)
	}
}

func skipped(dir string) bool {
	base := filepath.Base(dir)
	return slices.Contains(readers, dir) || base == "node_modules" || base == "testdata" ||
		strings.HasPrefix(base, ".") && dir != "."
}

// wording returns what a file knows of Mapbox's messages. src is as in [parser.ParseFile].
func wording(path string, src any) ([]string, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, src, 0)
	if err != nil {
		return nil, fmt.Errorf("parse: %w", err)
	}
	client := slices.ContainsFunc(file.Imports, func(i *ast.ImportSpec) bool {
		return strings.HasSuffix(i.Path.Value, `/pkg/tokens"`)
	})
	var found []string
	ast.Inspect(file, func(n ast.Node) bool {
		if fault := faultOf(n, client); fault != "" {
			found = append(found, fmt.Sprintf("line %d: %s", set.Position(n.Pos()).Line, fault))
		}
		return true
	})
	return found, nil
}

// faultOf says what is wrong with one node, or "". client tells whether the file uses pkg/tokens.
func faultOf(n ast.Node, client bool) string {
	const useIs = "compares an error's text: use errors.Is with a condition of pkg/tokens"
	switch n := n.(type) {
	case *ast.BasicLit:
		return repeated(textOf(n))
	case *ast.CallExpr:
		if client && isPackage(n.Fun, "strings", "regexp") &&
			slices.ContainsFunc(n.Args, isMessage) {
			return useIs
		}
	case *ast.BinaryExpr:
		if n.Op == token.ADD && repeated(textOf(n.X)) == "" && repeated(textOf(n.Y)) == "" {
			return repeated(textOf(n)) // a sentence that is broken over two lines
		}
		compares := n.Op == token.EQL || n.Op == token.NEQ
		if client && compares && (isMessage(n.X) || isMessage(n.Y)) {
			return useIs
		}
	case *ast.SwitchStmt:
		if client && n.Tag != nil && isMessage(n.Tag) {
			return useIs
		}
	}
	return ""
}

// repeated says which of Mapbox's sentences a text repeats, or "".
func repeated(text string) string {
	for _, sentence := range sentences {
		if strings.Contains(words(text), words(sentence)) {
			return fmt.Sprintf("repeats Mapbox's sentence %q", sentence)
		}
	}
	return ""
}

// textOf returns the text of a string literal, or of several that are added. Any other operand
// counts as a break between words.
func textOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, _ := strconv.Unquote(e.Value)
		return text
	case *ast.BinaryExpr:
		return textOf(e.X) + textOf(e.Y)
	}
	return " _ "
}

// words returns the words of text in lower case. A code such as "no_such_user" is one word.
func words(text string) string {
	separates := func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') }
	return " " + strings.Join(strings.FieldsFunc(strings.ToLower(text), separates), " ") + " "
}

// isPackage reports whether fun is a function of one of these packages.
func isPackage(fun ast.Expr, packages ...string) bool {
	selector, ok := fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	name, ok := selector.X.(*ast.Ident)
	return ok && slices.Contains(packages, name.Name)
}

// isMessage reports whether an expression contains a field Message or a call of a method Error.
func isMessage(e ast.Expr) bool {
	found := false
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			found = found || n.Sel.Name == "Message"
		case *ast.CallExpr:
			selector, ok := n.Fun.(*ast.SelectorExpr)
			found = found || ok && selector.Sel.Name == "Error" && len(n.Args) == 0
		}
		return true
	})
	return found
}

// The check finds faults that are planted.
func TestWordingFindsFaults(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]int{
		`var _ = "scopes are invalid"`:                                                           1,
		`var _ = "refused: Scopes are invalid."`:                                                 1,
		"var _ = `{\"message\":\"No such user\"}`":                                               1,
		`var _ = "the scopes " + "are invalid"`:                                                  1,
		`var _ = "the scopes are inv" + "alid"`:                                                  1,
		`var _ = "scopes " + x + "are invalid"`:                                                  0,
		`var _ = "no_such_user"`:                                                                 0,
		`var _ = "not found"`:                                                                    0,
		`func f(e *tokens.Error) bool { return strings.Contains(e.Message, "x") }`:               1,
		`var _ = func(e *tokens.Error) bool { return strings.HasSuffix(lower(e.Message), "x") }`: 1,
		`func f(e *tokens.Error) bool { return e.Message == "x" }`:                               1,
		`func f(e *tokens.Error) bool { return "x" != e.Message }`:                               1,
		`func f(e *tokens.Error) { switch e.Message { case "x": } }`:                             1,
		`func f(err error) bool { return strings.Contains(err.Error(), "x") }`:                   1,
		`func f(e *tokens.Error) string { return e.Message }`:                                    0,
		`func f(err error) bool { return errors.Is(err, tokens.ErrScopes) }`:                     0,
	} {
		t.Run(body, func(t *testing.T) {
			source := "package p\nimport \"github.com/tokenmint/tokenmint/pkg/tokens\"\n" + body
			got, err := wording("p.go", source)
			if err != nil || len(got) != want {
				t.Errorf("%s: found %q, error %v; want %d", body, got, err, want)
			}
		})
	}
	if _, err := wording("p.go", "not Go"); err == nil || errors.Unwrap(err) == nil {
		t.Errorf("unreadable source: error %v", err)
	}
}
