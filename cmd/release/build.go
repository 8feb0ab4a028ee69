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

// writeZip puts a program into a zip, as the executable file `bootstrap`: the runtime
// provided.al2023 starts that file. The bytes of the zip depend on the program and the toolchain
// only. So the time of the file is the earliest of the format, and Go compresses it.
func writeZip(name, program string) (err error) {
	data, err := os.ReadFile(program) //nolint:gosec // G304: build has written it
	if err != nil {
		return err
	}
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
	archive := zip.NewWriter(file)
	archive.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestCompression)
	})
	earliest := time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)
	header := zip.FileHeader{Name: "bootstrap", Method: zip.Deflate, Modified: earliest}
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

// writeTemplate writes the template of a release for one processor. It names the zips for p, and
// the policy file beside it, instead of folders of the repository. It allows no other processor.
//
// SAM puts the policy into a zip when it deploys. So an operator edits the file and needs no zip,
// and the same policy gets the same name.
func writeTemplate(dir string, from source, p processor) error {
	text := from.template
	replace := func(old, with string) error {
		if strings.Count(text, old) != 1 {
			return fmt.Errorf("template.yaml has %q %d times, want once",
				old, strings.Count(text, old))
		}
		text = strings.Replace(text, old, with, 1)
		return nil
	}
	const choice = "    Default: arm64\n    AllowedValues: [arm64, x86_64]\n"
	one := "    Default: " + p.name + "\n    AllowedValues: [" + p.name + "]\n"
	if err := replace(choice, one); err != nil {
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
