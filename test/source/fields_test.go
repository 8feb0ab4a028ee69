package source_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A caller cannot declare a variable of an unexported type. So an exported field of an exported
// struct has an exported type.
func TestExportedFieldsHaveExportedTypes(t *testing.T) {
	t.Parallel()
	for name, path := range sourceFiles(t) {
		found, err := hiddenFields(path, nil)
		if err != nil {
			t.Error(err)
		}
		for _, field := range found {
			t.Errorf("%s: field %s has an unexported type", name, field)
		}
	}
}

// sourceFiles returns the module's Go files without tests: path from the root -> path from here.
func sourceFiles(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := entry.Name()
		hidden := base == "node_modules" || base == "testdata" || strings.HasPrefix(base, ".") &&
			path != root
		if entry.IsDir() && hidden {
			return filepath.SkipDir
		}
		if strings.HasSuffix(base, ".go") && !strings.HasSuffix(base, "_test.go") {
			name, _ := filepath.Rel(root, path)
			files[filepath.ToSlash(name)] = path
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 50 {
		t.Fatalf("only %d files were found in %s", len(files), root)
	}
	return files
}

// hiddenFields returns the exported fields of a file's exported structs that have an unexported
// type, as "Struct.Field". src is as in [parser.ParseFile].
func hiddenFields(path string, src any) ([]string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), path, src, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var found []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok || !spec.Name.IsExported() {
			return true
		}
		var parameters []string
		if spec.TypeParams != nil {
			for _, list := range spec.TypeParams.List {
				parameters = append(parameters, names(list)...)
			}
		}
		for _, field := range hiddenIn(spec.Type, parameters) {
			found = append(found, spec.Name.Name+"."+field)
		}
		return true
	})
	return found, nil
}

// hiddenIn returns the names of the exported fields in a type, also those of nested structs, that
// have an unexported type. Type parameters are not such types.
func hiddenIn(typ ast.Expr, parameters []string) []string {
	var found []string
	ast.Inspect(typ, func(n ast.Node) bool {
		field, ok := n.(*ast.Field)
		if !ok {
			return true
		}
		exported := slices.DeleteFunc(names(field), func(name string) bool {
			return !ast.IsExported(name)
		})
		if len(exported) > 0 && namesUnexported(field.Type, parameters) {
			found = append(found, exported...)
		}
		return len(exported) > 0
	})
	return found
}

func names(field *ast.Field) []string {
	var all []string
	for _, name := range field.Names {
		all = append(all, name.Name)
	}
	return all
}

// namesUnexported reports whether a type contains the name of an unexported type of its own
// package.
func namesUnexported(typ ast.Expr, parameters []string) bool {
	found := false
	ast.Inspect(typ, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr: // a type of another package
			return false
		case *ast.Field: // visit the type, not the names of fields and parameters
			found = found || namesUnexported(n.Type, parameters)
			return false
		case *ast.Ident:
			found = found || !n.IsExported() && !isPredeclared(n.Name) &&
				!slices.Contains(parameters, n.Name)
		}
		return true
	})
	return found
}

func isPredeclared(name string) bool {
	return types.Universe.Lookup(name) != nil
}

// The check finds faults that are planted.
func TestHiddenFieldsAreFound(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		source string
		want   []string
	}{
		"unexported type":  {"type T struct { F hidden }", []string{"T.F"}},
		"pointer":          {"type T struct { F *hidden }", []string{"T.F"}},
		"slice in a map":   {"type T struct { F map[string][]hidden }", []string{"T.F"}},
		"function":         {"type T struct { F func(hidden) error }", []string{"T.F"}},
		"two fields":       {"type T struct { F, G hidden; H int }", []string{"T.F", "T.G"}},
		"nested struct":    {"type T struct { F struct { G hidden } }", []string{"T.F", "T.G"}},
		"unexported field": {"type T struct { f hidden }", nil},
		"unexported owner": {"type t struct { F hidden }", nil},
		"embedded type":    {"type T struct { hidden }", nil},
		"other package":    {"type T struct { F time.Duration }", nil},
		"predeclared type": {"type T struct { F map[string]any; G error }", nil},
		"type parameter":   {"type T[x any] struct { F x }", nil},
		"array length":     {"type T struct { F [4]byte }", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := hiddenFields("p.go", "package p\n"+c.source)
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("%s: got %q, error %v; want %q", c.source, got, err, c.want)
			}
		})
	}
}
