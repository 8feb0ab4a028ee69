//go:build release

package main_test

import (
	"archive/zip"
	"bytes"
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"io"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// testCommand checks the archives of the command. What this machine can run is run, and the headers
// of the others are read.
func testCommand(t *testing.T, dir, tag string) {
	for _, s := range []struct {
		system  string
		machine func(t *testing.T, program []byte) any
		want    any
	}{
		{"linux-amd64", elfMachine, elf.EM_X86_64},
		{"linux-arm64", elfMachine, elf.EM_AARCH64},
		{"darwin-amd64", machoMachine, macho.CpuAmd64},
		{"darwin-arm64", machoMachine, macho.CpuArm64},
		{"windows-amd64", peMachine, uint16(pe.IMAGE_FILE_MACHINE_AMD64)},
		{"windows-arm64", peMachine, uint16(pe.IMAGE_FILE_MACHINE_ARM64)},
	} {
		t.Run(s.system, func(t *testing.T) {
			system, _, _ := strings.Cut(s.system, "-")
			if !strings.Contains(builtSystems(), system) {
				t.Skip("built with -release.systems only")
			}
			place, name := unpack(t, dir, s.system)
			program := read(t, filepath.Join(place, name))
			if got := s.machine(t, []byte(program)); got != s.want {
				t.Errorf("the program is for %v, want %v", got, s.want)
			}
			checkNotices(t, []byte(program), []byte(read(t, filepath.Join(place, "LICENSE"))),
				[]byte(read(t, filepath.Join(place, "NOTICES"))))
			if s.system == runtime.GOOS+"-"+runtime.GOARCH {
				testRuns(t, filepath.Join(place, name), tag)
			}
		})
	}
}

// unpack unpacks the archive of a system and returns the folder and the name of the program.
func unpack(t *testing.T, dir, system string) (place, program string) {
	t.Helper()
	place = t.TempDir()
	archive := filepath.Join(dir, "tokenmint-"+system)
	if !strings.HasPrefix(system, "windows") {
		listed := run(t, "", []string{"TZ=UTC"}, "tar", "-tvzf", archive+".tar.gz")
		if !strings.HasPrefix(listed, "-rwxr-xr-x 0/0 ") ||
			strings.Count(listed, "1980-01-01 00:00") != 3 {
			t.Errorf("the archive has: %s", listed)
		}
		run(t, "", nil, "tar", "-xzf", archive+".tar.gz", "-C", place)
		return place, "tokenmint"
	}
	files, err := zip.OpenReader(archive + ".zip")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = files.Close() }()
	for _, file := range files.File {
		from, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(from)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(place, filepath.Base(file.Name)), string(data))
	}
	return place, "tokenmint.exe"
}

// testRuns: the program needs nothing from its environment. It names the version of the tag, and
// completes commands for the shells of docs/install.md.
func testRuns(t *testing.T, program, tag string) {
	alone := func(args ...string) string {
		return run(t, t.TempDir(), nil, "env", append([]string{"-i", program}, args...)...)
	}
	if got, want := alone("version"), "tokenmint "+tag+" "; !strings.HasPrefix(got, want) {
		t.Errorf("it says %q, want %q", got, want)
	}
	if got := alone("__complete", "exp"); !strings.HasPrefix(got, "explain\t") {
		t.Errorf("it completes exp to %q", got)
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if !strings.Contains(alone("completion", shell), "__complete") {
			t.Errorf("no completion for %s", shell)
		}
	}
	caller := "arn:aws:iam::123456789012:role/web-1"
	if got := alone("explain", "--caller", caller); !strings.Contains(got, "web-map") {
		t.Errorf("explain says %q", got)
	}
}

func elfMachine(t *testing.T, program []byte) any {
	t.Helper()
	file, err := elf.NewFile(bytes.NewReader(program))
	if err != nil {
		t.Fatal(err)
	}
	for _, segment := range file.Progs {
		if segment.Type == elf.PT_INTERP {
			t.Error("is not linked statically")
		}
	}
	return file.Machine
}

func machoMachine(t *testing.T, program []byte) any {
	t.Helper()
	file, err := macho.NewFile(bytes.NewReader(program))
	if err != nil {
		t.Fatal(err)
	}
	return file.Cpu
}

func peMachine(t *testing.T, program []byte) any {
	t.Helper()
	file, err := pe.NewFile(bytes.NewReader(program))
	if err != nil {
		t.Fatal(err)
	}
	return file.Machine
}
