package main

import (
	"context"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// licence matches the names of files with a licence or a notice. A program must be published with
// these files of all code that it contains.
var licence = regexp.MustCompile(
	`^(?i:licen[cs]e|notice|copying|patents)(-[A-Za-z]+)?(\.txt|\.md)?$`)

// writeNotices collects the licences and notices of all code in the programs: of Go, and of the
// modules that the programs name. Several modules can have the same text. It appears once, below
// the names of its modules.
func writeNotices(ctx context.Context, name string, from source, programs []string) error {
	env, err := goEnv(ctx, from)
	if err != nil {
		return err
	}
	root, err := run(ctx, from.root, env, "go", "env", "GOROOT")
	if err != nil {
		return err
	}
	owners := map[string][]string{} // text -> the files that contain it
	err = collect(owners, "Go, "+from.toolchain, os.DirFS(root), "LICENSE", "PATENTS")
	if err != nil {
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

// linked returns the modules that the programs contain, as path@version.
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

// collectAll collects the licences in all folders of a module. A folder with copied code has a
// licence of its own. A module without any is an error.
func collectAll(owners map[string][]string, owner string, files fs.FS) error {
	var names []string
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && licence.MatchString(entry.Name()) {
			names = append(names, name)
		}
		return err
	})
	if err == nil && len(names) == 0 {
		err = fmt.Errorf("module %s has no licence: nobody may publish it", owner)
	}
	if err != nil {
		return err
	}
	return collect(owners, owner, files, names...)
}

// collect reads files of an owner and adds them to owners.
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

// notices returns the text of the file NOTICES.
func notices(owners map[string][]string) string {
	texts := slices.SortedFunc(maps.Keys(owners), func(a, b string) int {
		return strings.Compare(owners[a][0], owners[b][0])
	})
	var all strings.Builder
	all.WriteString("tokenmint contains code of these projects, under these licences.\n")
	for _, text := range texts {
		all.WriteString("\n" + strings.Repeat("=", 80) + "\n")
		all.WriteString(strings.Join(owners[text], "\n"))
		all.WriteString("\n" + strings.Repeat("-", 80) + "\n")
		all.WriteString(strings.TrimRight(text, "\n") + "\n")
	}
	return all.String()
}
