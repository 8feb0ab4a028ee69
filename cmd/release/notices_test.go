//go:build release

package main_test

import (
	"archive/zip"
	"bytes"
	"debug/buildinfo"
	"io"
	"strings"
	"testing"
)

// checkNotices: what is published with a program has the licence of tokenmint, and those of Go and
// of each module that the program names.
func checkNotices(t *testing.T, program, licence, notices []byte) {
	t.Helper()
	if string(licence) != read(t, "../../LICENSE") {
		t.Error("another LICENSE")
	}
	info, err := buildinfo.Read(bytes.NewReader(program))
	if err != nil || len(info.Deps) == 0 {
		t.Fatalf("the program names no modules: %v", err)
	}
	owners := []string{"Go, " + info.GoVersion}
	for _, module := range info.Deps {
		owners = append(owners, module.Path+"@"+module.Version)
	}
	for _, owner := range owners {
		if !strings.Contains(string(notices), "\n"+owner+": ") {
			t.Errorf("NOTICES has nothing of %s", owner)
		}
	}
}

// unzip returns the content of a file in an archive.
func unzip(t *testing.T, archive *zip.ReadCloser, name string) []byte {
	t.Helper()
	file, err := archive.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
