package main

import (
	"archive/zip"
	"compress/flate"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// processor is one that Lambda runs functions on.
type processor struct {
	name string   // Lambda's, and the template's
	env  []string // Go's; the least of its kind, as `sam build` has it
}

var (
	processors = []processor{
		{"arm64", []string{"GOARCH=arm64", "GOARM64=v8.0"}},
		{"x86_64", []string{"GOARCH=amd64", "GOAMD64=v1"}},
	}
	functions = []string{"mint", "rotate"}
	policy    = "tokenmint.yaml" // in config, and in a release
)

// settings decide, with those of the processor and the toolchain, what code a source becomes.
// GOENV=off and the empty ones put out what a machine has for them; the flags themselves are
// arguments, the same that the README has.
var settings = []string{
	"GOENV=off", "GOFLAGS=", "GOEXPERIMENT=", "GOFIPS140=off", "GOWORK=off", "CGO_ENABLED=0",
	"GOOS=linux",
}

// places say where Go finds modules and keeps what it has built. A machine may have them in a file,
// which GOENV=off would hide.
var places = []string{
	"GOCACHE", "GOMODCACHE", "GOPATH", "GOPROXY", "GONOPROXY", "GOPRIVATE", "GOINSECURE",
	"GOSUMDB", "GONOSUMDB", "GOAUTH", "GOVCS",
}

// goEnv returns what to add to the environment of each call of go.
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

// build compiles the functions for p into dir, each as a file of its name, and returns the files.
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

// writeZip puts a program where the runtime provided.al2023 looks for it: a file `bootstrap` that
// may be executed. Its time is the first that the format knows. The compression is Go's, so that
// the toolchain alone decides the bytes.
func writeZip(name, program string) (err error) {
	data, err := os.ReadFile(program) //nolint:gosec // G304: what was just built
	if err != nil {
		return err
	}
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // G302, G304: it is to be published
	if err != nil {
		return err
	}
	defer func() {
		if closed := file.Close(); err == nil {
			err = closed
		}
	}()
	archive := zip.NewWriter(file)
	archive.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser,
		error) {
		return flate.NewWriter(w, flate.BestCompression)
	})
	header := zip.FileHeader{Name: "bootstrap", Method: zip.Deflate, Modified: time.Date(1980, 1,
		1, 0, 0, 0, 0, time.UTC)}
	header.SetMode(0o755)
	entry, err := archive.CreateHeader(&header)
	if err != nil {
		return err
	}
	if _, err := entry.Write(data); err != nil {
		return err
	}
	return archive.Close()
}

// writeTemplate writes the template with the zips for p in the place of the functions' folders, the
// policy beside it in the place of its folder, and no choice of a processor. SAM puts the file into
// a zip when it deploys. So who edits the file needs no zip, and the same policy has the same name.
func writeTemplate(dir string, from source, p processor) error {
	text := from.template
	replace := func(old, with string) error {
		if strings.Count(text, old) != 1 {
			return fmt.Errorf("template.yaml has %d times %q, "+
				"not once", strings.Count(text, old), old)
		}
		text = strings.Replace(text, old, with, 1)
		return nil
	}
	if err := replace("    Default: arm64\n    AllowedValues: [arm64, "+
		"x86_64]\n", "    Default: "+p.name+"\n    AllowedValues: ["+p.name+"]\n"); err != nil {
		return err
	}
	if err := replace("      ContentUri: policy\n", "      ContentUri: "+policy+"\n"); err != nil {
		return err
	}
	for _, function := range functions {
		if err := replace("      CodeUri: functions/"+function+"\n",
			"      CodeUri: "+zipName(function, p)+"\n"); err != nil {
			return err
		}
	}
	return publish(filepath.Join(dir, "template-"+p.name+".yaml"), text)
}
