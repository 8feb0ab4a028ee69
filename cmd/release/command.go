package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// system is what a build of the command tokenmint runs on, in Go's words.
type system struct{ os, arch string }

var systems = []system{
	{"darwin", "amd64"}, {"darwin", "arm64"},
	{"linux", "amd64"}, {"linux", "arm64"},
	{"windows", "amd64"}, {"windows", "arm64"},
}

// findSystems returns the systems of a list of operating systems such as linux,darwin.
func findSystems(list string) ([]system, error) {
	var found []system
	for name := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == ',' }) {
		before := len(found)
		for _, s := range systems {
			if s.os == name {
				found = append(found, s)
			}
		}
		if len(found) == before {
			return nil, fmt.Errorf("--systems has %q: want darwin, linux or windows", name)
		}
	}
	return slices.Compact(found), nil
}

func (s system) program() string {
	if s.os == "windows" {
		return "tokenmint.exe"
	}
	return "tokenmint"
}

// buildCommand compiles the command for s below dir and returns the path of the program.
func buildCommand(ctx context.Context, from source, s system, dir string) (string, error) {
	env, err := goEnv(ctx, from)
	if err != nil {
		return "", err
	}
	env = append(env, "GOOS="+s.os, "GOARCH="+s.arch, "GOAMD64=v1", "GOARM64=v8.0")
	linked := "-ldflags=-s -w"
	if from.version != "none" {
		linked += " -X main.release=v" + from.version
	}
	program := filepath.Join(dir, s.os+"-"+s.arch, s.program())
	_, err = run(ctx, from.root, env, "go", "build", "-tags=lambda.norpc", "-trimpath",
		"-buildvcs=false", linked, "-o", program, "./cmd/tokenmint")
	return program, err
}

// writeCommand packs the command, with the licences in the folder of the release: a zip for
// Windows, and a compressed tar for the others.
func writeCommand(dir string, s system, program string) error {
	members := []member{{s.program(), 0o755, program}}
	for _, name := range []string{"LICENSE", "NOTICES"} {
		members = append(members, member{name, 0o644, filepath.Join(dir, name)})
	}
	name := filepath.Join(dir, "tokenmint-"+s.os+"-"+s.arch)
	if s.os == "windows" {
		return writeZip(name+".zip", members...)
	}
	return writeTar(name+".tar.gz", members...)
}
