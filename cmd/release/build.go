package main

import (
	"archive/tar"
	"archive/zip"
	"compress/flate"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// processor is a kind of processor that Lambda offers.
type processor struct {
	name string   // as Lambda and the template call it
	env  []string // variables for Go: the oldest version of the kind, as `sam build` takes it
}

var (
	processors = []processor{
		{"arm64", []string{"GOARCH=arm64", "GOARM64=v8.0"}},
		{"x86_64", []string{"GOARCH=amd64", "GOAMD64=v1"}},
	}
	functions = []string{"mint", "rotate"}
	policy    = "tokenmint.yaml" // in config, and in a release
)

// settings are the variables of Go that decide the bytes of a program, besides the processor and
// the toolchain. GOENV=off and the empty values undo the settings of the machine. The flags of go
// build are arguments, as in the README.
var settings = []string{
	"GOENV=off", "GOFLAGS=", "GOEXPERIMENT=", "GOFIPS140=off", "GOWORK=off", "CGO_ENABLED=0",
	"GOOS=linux",
}

// places are the variables that say where Go finds modules and keeps its cache. They are read
// first, because a machine may set them in a file, which GOENV=off hides.
var places = []string{
	"GOCACHE", "GOMODCACHE", "GOPATH", "GOPROXY", "GONOPROXY", "GOPRIVATE", "GOINSECURE",
	"GOSUMDB", "GONOSUMDB", "GOAUTH", "GOVCS",
}

// goEnv returns the variables for each call of go.
func goEnv(ctx context.Context, from source) ([]string, error) {
	text, err := run(ctx, from.root, nil, "go", append([]string{"env", "-json"}, places...)...)
	if err != nil {
		return nil, err
	}
	var values map[string]string
	if err := json.Unmarshal([]byte(text), &values); err != nil {
		return nil, err
	}
	env := append([]string{"GOTOOLCHAIN=" + from.toolchain}, settings...)
	for name, value := range values {
		env = append(env, name+"="+value)
	}
	return env, nil
}

// build compiles the functions for p into dir. Each file has the name of its function. It returns
// the paths of the files.
func build(ctx context.Context, from source, p processor, dir string) ([]string, error) {
	env, err := goEnv(ctx, from)
	if err != nil {
		return nil, err
	}
	arguments := []string{"build", "-tags=lambda.norpc", "-trimpath", "-buildvcs=false",
		"-ldflags=-s -w", "-o", dir + string(filepath.Separator)}
	var files []string
	for _, function := range functions {
		arguments = append(arguments, "./functions/"+function)
		files = append(files, filepath.Join(dir, function))
	}
	_, err = run(ctx, from.root, append(env, p.env...), "go", arguments...)
	return files, err
}

func zipName(function string, p processor) string {
	return "tokenmint-" + function + "-" + p.name + ".zip"
}

// member is a file of an archive.
type member struct {
	name string
	mode fs.FileMode
	file string // where its content is
}

// earliest is the time of each member. An archive must not depend on the time of the build.
var earliest = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// writeArchive writes a file of a release. fill writes the archive.
func writeArchive(name string, fill func(io.Writer) error) (err error) {
	//nolint:gosec // G302, G304: anyone may read a file of a release
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	defer func() {
		if closed := file.Close(); err == nil {
			err = closed
		}
	}()
	return fill(file)
}

// writeZip puts files into a zip. Its bytes depend on the files and the toolchain only: Go
// compresses it.
func writeZip(name string, members ...member) error {
	return writeArchive(name, func(w io.Writer) error {
		archive := zip.NewWriter(w)
		archive.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
			return flate.NewWriter(w, flate.BestCompression)
		})
		for _, m := range members {
			data, err := os.ReadFile(m.file)
			if err != nil {
				return err
			}
			header := zip.FileHeader{Name: m.name, Method: zip.Deflate, Modified: earliest}
			header.SetMode(m.mode)
			entry, err := archive.CreateHeader(&header)
			if err != nil {
				return err
			}
			if _, err := entry.Write(data); err != nil {
				return err
			}
		}
		return archive.Close()
	})
}

// writeTar is writeZip for a compressed tar.
func writeTar(name string, members ...member) error {
	return writeArchive(name, func(w io.Writer) error {
		compressed, err := gzip.NewWriterLevel(w, gzip.BestCompression)
		if err != nil {
			return err
		}
		archive := tar.NewWriter(compressed)
		for _, m := range members {
			data, err := os.ReadFile(m.file)
			if err != nil {
				return err
			}
			header := tar.Header{Name: m.name, Mode: int64(m.mode), Size: int64(len(data)),
				ModTime: earliest, Format: tar.FormatUSTAR}
			if err := archive.WriteHeader(&header); err != nil {
				return err
			}
			if _, err := archive.Write(data); err != nil {
				return err
			}
		}
		return errors.Join(archive.Close(), compressed.Close())
	})
}
