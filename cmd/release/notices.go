package main

import (
	"context"
	"debug/buildinfo"
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// licence is how projects name the files that must go with what is made of them.
var licence = regexp.MustCompile(`^(?i:licen[cs]e|notice|copying|patents)(-[A-Za-z]+)?(\.txt|\.md)?$`)

// writeNotices collects the licences and notices of all that is linked into the programs: of the
// modules that they themselves name, and of Go. A text that several share stands once, below their
// names.
func writeNotices(ctx context.Context, name string, from source, programs []string) error {
	env, err := goEnv(ctx, from)
	if err != nil {
		return err
	}
	root, err := run(ctx, from.root, env, "go", "env", "GOROOT")
	if err != nil {
		return err
	}
	owners := map[string][]string{} // of a text
	if err := collect(owners, "Go, "+from.toolchain, os.DirFS(root), "LICENSE",
		"PATENTS"); err != nil {
		return err
	}
	modules, err := linked(programs)
	if err != nil {
		return err
	}
	for _, module := range modules {
		text, err := run(ctx, from.root, env, "go", "mod", "download", "-json", module)
		if err != nil {
			return err
		}
		var downloaded struct{ Dir string }
		if err := json.Unmarshal([]byte(text), &downloaded); err != nil {
			return err
		}
		if err := collectAll(owners, module, os.DirFS(downloaded.Dir)); err != nil {
			return err
		}
	}
	return publish(name, notices(owners))
}

// linked returns the modules, as path@version, that are in any of the programs.
func linked(programs []string) ([]string, error) {
	modules := map[string]bool{}
	for _, program := range programs {
		info, err := buildinfo.ReadFile(program)
		if err != nil {
			return nil, err
		}
		for _, module := range info.Deps {
			modules[module.Path+"@"+module.Version] = true
		}
	}
	return slices.Sorted(maps.Keys(modules)), nil
}

// collectAll finds licences in all folders: code that a project has copied brings its own.
func collectAll(owners map[string][]string, owner string, files fs.FS) error {
	var names []string
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && licence.MatchString(entry.Name()) {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		return err
	}
	return collect(owners, owner, files, names...)
}

func collect(owners map[string][]string, owner string, files fs.FS, names ...string) error {
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		owners[string(text)] = append(owners[string(text)], owner+": "+filepath.ToSlash(name))
	}
	return nil
}

func notices(owners map[string][]string) string {
	texts := slices.SortedFunc(maps.Keys(owners), func(a,
		b string) int {
		return strings.Compare(owners[a][0], owners[b][0])
	})
	var all strings.Builder
	all.WriteString("What is linked into the functions beside tokenmint itself, and on what " +
		"terms.\n")
	for _, text := range texts {
		all.WriteString("\n" + strings.Repeat("=", 80) + "\n" + strings.Join(owners[text],
			"\n") + "\n" + strings.Repeat("-", 80) + "\n")
		all.WriteString(strings.TrimRight(text, "\n") + "\n")
	}
	return all.String()
}
