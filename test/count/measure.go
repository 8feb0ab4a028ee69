package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// Measures are the figures of one code base.
type Measures struct {
	Files, Lines int
	LongestFile  Sized
	Over100      int // lines of more than 100 columns; a tab counts as four
	Over120      int // lines of more than 120 columns

	Functions    []Sized  // by length, the shortest first
	Exported     int      // exported names of packages other than main
	Undocumented []string // exported names without a comment, as package.Name
}

// Sized is something with a length in lines.
type Sized struct {
	Name  string // path, or path:function
	Lines int
}

// Measure reads all Go files below the root of files, without tests.
func Measure(files fs.FS) (Measures, error) {
	var m Measures
	err := eachFile(files, func(name string, text []byte) error {
		if strings.HasSuffix(name, "_test.go") {
			return nil
		}
		return m.addFile(name, text)
	})
	slices.SortFunc(m.Functions, func(a, b Sized) int { return a.Lines - b.Lines })
	return m, err
}

// LongFiles returns the Go files, tests too, that have more lines than limit.
func LongFiles(files fs.FS, limit int) (long []Sized, err error) {
	err = eachFile(files, func(name string, text []byte) error {
		if lines := bytes.Count(text, []byte("\n")); lines > limit {
			long = append(long, Sized{Name: name, Lines: lines})
		}
		return nil
	})
	return long, err
}

// eachFile calls do with each Go file of the module.
func eachFile(files fs.FS, do func(name string, text []byte) error) error {
	return fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && isLeftOut(files, name):
			return fs.SkipDir
		case entry.IsDir() || !strings.HasSuffix(name, ".go"):
			return nil
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		return do(name, text)
	})
}

// isLeftOut reports whether a folder holds no code of the module itself: another module, vendored
// code or test data.
func isLeftOut(files fs.FS, dir string) bool {
	if dir == "." {
		return false
	}
	base := path.Base(dir)
	if base == "vendor" || base == "testdata" || base == "node_modules" ||
		strings.HasPrefix(base, ".") {
		return true
	}
	_, err := fs.Stat(files, path.Join(dir, "go.mod"))
	return err == nil
}

func (m *Measures) addFile(name string, text []byte) error {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, text, parser.ParseComments)
	if err != nil {
		return err
	}
	if ast.IsGenerated(file) {
		return nil
	}
	lines := bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
	m.Files++
	m.Lines += len(lines)
	if len(lines) > m.LongestFile.Lines {
		m.LongestFile = Sized{Name: name, Lines: len(lines)}
	}
	for _, line := range lines {
		switch columns := width(line); {
		case columns > 120:
			m.Over120++
			m.Over100++
		case columns > 100:
			m.Over100++
		}
	}
	for _, decl := range file.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok {
			length := set.Position(f.End()).Line - set.Position(f.Pos()).Line + 1
			m.Functions = append(m.Functions, Sized{Name: name + ":" + f.Name.Name, Lines: length})
		}
		if file.Name.Name != "main" {
			m.addNames(file.Name.Name, decl)
		}
	}
	return nil
}

// width counts the columns of a line. A tab takes four.
func width(line []byte) int {
	return utf8.RuneCount(line) + 3*bytes.Count(line, []byte("\t"))
}

// addNames counts the exported names that a declaration adds to its package.
func (m *Measures) addNames(pkg string, decl ast.Decl) {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if receiverIsExported(d) {
			m.addName(pkg, d.Name, d.Doc)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				m.addName(pkg, s.Name, s.Doc, s.Comment, d.Doc)
			case *ast.ValueSpec:
				for _, name := range s.Names {
					m.addName(pkg, name, s.Doc, s.Comment, d.Doc)
				}
			}
		}
	}
}

func (m *Measures) addName(pkg string, name *ast.Ident, docs ...*ast.CommentGroup) {
	if !name.IsExported() {
		return
	}
	m.Exported++
	if !slices.ContainsFunc(docs, func(doc *ast.CommentGroup) bool { return doc != nil }) {
		m.Undocumented = append(m.Undocumented, pkg+"."+name.Name)
	}
}

// receiverIsExported reports whether a function is no method, or the method of an exported type.
func receiverIsExported(f *ast.FuncDecl) bool {
	if f.Recv == nil {
		return true
	}
	expr := f.Recv.List[0].Type
	for {
		switch e := expr.(type) {
		case *ast.StarExpr:
			expr = e.X
		case *ast.IndexExpr:
			expr = e.X
		case *ast.IndexListExpr:
			expr = e.X
		case *ast.Ident:
			return e.IsExported()
		default:
			return false
		}
	}
}

// Median returns the length of the median function, in lines.
func (m Measures) Median() int {
	if len(m.Functions) == 0 {
		return 0
	}
	return m.Functions[len(m.Functions)/2].Lines
}

// LongestFunction returns the function with the most lines.
func (m Measures) LongestFunction() Sized {
	if len(m.Functions) == 0 {
		return Sized{}
	}
	return m.Functions[len(m.Functions)-1]
}

// Documented returns the share of exported names that have a comment, from 0 to 1.
func (m Measures) Documented() float64 {
	if m.Exported == 0 {
		return 1
	}
	return 1 - float64(len(m.Undocumented))/float64(m.Exported)
}

const header = "| code | files | lines | median function | longest function | longest file |" +
	" over 100 columns | over 120 columns | documented |\n" +
	"| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"

func (m Measures) row(name string) string {
	percent := func(n int) float64 { return 100 * float64(n) / float64(max(m.Lines, 1)) }
	return fmt.Sprintf("| %s | %d | %d | %d | %d | %d | %.1f %% | %.1f %% | %.0f %% |",
		name, m.Files, m.Lines, m.Median(), m.LongestFunction().Lines, m.LongestFile.Lines,
		percent(m.Over100), percent(m.Over120), 100*m.Documented())
}
