// Command count measures how readable Go code is: the length of its functions, files and lines, and
// how many of its exported names have a comment. It counts code by one rule, so that two code bases
// can be compared.
//
//	go run ./test/count           this module
//	go run ./test/count DIR...    each folder, one row
//	go run ./test/count -modules  this module, and the modules that it requires
//
// It counts files that end in .go, without tests, generated files, testdata and vendored code. The
// length of a function is the number of lines from `func` to its closing brace. A name counts as
// documented if it, or the group that declares it, has a comment.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

func main() {
	modules := flag.Bool("modules", false, "also measure the modules that this module requires")
	flag.Parse()
	if err := run(flag.Args(), *modules); err != nil {
		fmt.Fprintln(os.Stderr, "count:", err)
		os.Exit(1)
	}
}

// run prints one row of a Markdown table for each folder.
func run(dirs []string, modules bool) error {
	if len(dirs) == 0 {
		dirs = []string{"."}
	}
	if modules {
		required, err := requiredModules()
		if err != nil {
			return err
		}
		dirs = append(dirs, required...)
	}
	fmt.Println(header)
	for _, dir := range dirs {
		m, err := Measure(os.DirFS(dir))
		if err != nil {
			return fmt.Errorf("measure %s: %w", dir, err)
		}
		fmt.Println(m.row(label(dir)))
	}
	return nil
}

// requiredModules returns the folders of the modules that go.mod requires directly.
func requiredModules() ([]string, error) {
	const format = "{{if not (or .Main .Indirect)}}{{.Dir}}{{end}}"
	out, err := exec.CommandContext(context.Background(), "go", "list", "-m", "-f",
		format, "all").Output()
	if err != nil {
		return nil, fmt.Errorf("list modules: %w", err)
	}
	return strings.Fields(string(out)), nil
}

// label names a folder in the table. A folder in the module cache is named by its module, such as
// github.com/spf13/cobra@v1.10.2.
func label(dir string) string {
	if dir == "." {
		return "tokenmint"
	}
	if _, module, ok := strings.Cut(dir, "/pkg/mod/"); ok {
		return module
	}
	return dir
}
