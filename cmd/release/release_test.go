//go:build release

// The tests need git, tar, and the SAM CLI and moto as `.ci/run release` installs them.
package main_test

import (
	"archive/zip"
	"bytes"
	"debug/elf"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// functions are named as in template.yaml.
var (
	functions = map[string]string{"mint": "MintFunction", "rotate": "RotateFunction"}
	machines  = map[string]elf.Machine{"arm64": elf.EM_AARCH64, "x86_64": elf.EM_X86_64}

	thisMachine = map[string]string{"amd64": "x86_64", "arm64": "arm64"}[runtime.GOARCH]
)

// TestRelease releases this tree from a repository of its own, so it includes uncommitted changes.
func TestRelease(t *testing.T) { //nolint:paralleltest // it builds with all cores
	repo, out := t.TempDir(), filepath.Join(t.TempDir(), "release")
	command := filepath.Join(t.TempDir(), "command")
	run(t, "", nil, "go", "build", "-o", command, ".")
	run(t, "../..", []string{"REPO=" + repo}, "bash", "-euo", "pipefail", "-c", `
		git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
			[[ ! -e $file ]] || printf '%s\0' "$file"
		done | tar --null --no-recursion -T - -cf - | tar -xf - -C "$REPO"
		cd "$REPO"
		git init -q .
		git config user.name test
		git config user.email test@example.com
		git config commit.gpgsign false
		git config tag.gpgsign false`)
	version := sed(t, repo, "s/^  version: //p", "docs/openapi.yaml")
	tag := "v" + version
	run(t, repo, nil, "bash", "-euc", "git add -A; git commit -q -m test")
	t.Run("refusals", func(t *testing.T) { testRefusals(t, repo, command, version) })
	run(t, repo, nil, "git", "tag", tag)
	run(t, repo, nil, command, "--tag", tag, "--out", out, "--systems", builtSystems())
	if said, err := start(t, repo, nil, command, "--dirty", "--out", out); err == nil {
		t.Errorf("it writes into a folder that exists: %s", said)
	}
	t.Run("reproducible", func(t *testing.T) { testReproducible(t, repo, command, tag, out) })
	t.Run("sums", func(t *testing.T) { testSums(t, out) })
	for arch := range machines {
		for function := range functions {
			t.Run(function+" for "+arch, func(t *testing.T) { testZip(t, out, function, arch) })
		}
	}
	t.Run("starts", func(t *testing.T) { testStarts(t, out) })
	t.Run("command", func(t *testing.T) { testCommand(t, out, tag) })
	t.Run("sam build", func(t *testing.T) { testSAMBuild(t, repo, out) })
	t.Run("stack", func(t *testing.T) { testStack(t, out) })
	t.Run("sam package", func(t *testing.T) { testSAMPackage(t, out) })
	t.Run("policy", func(t *testing.T) { testPolicyChange(t, repo, out) })
}

func testRefusals(t *testing.T, repo, command, version string) {
	another := ` && sed -i "s/$VERSION/9.8.7/" $FILE && git commit -q -a -m another && git tag $TAG`
	for name, tc := range map[string]struct{ change, says string }{
		"no tag": {"", "there is no tag v" + version},
		"another formula": {"FILE=HomebrewFormula/tokenmint.rb" + another,
			"tokenmint.rb names version 9.8.7"},
		"another document": {"FILE=docs/openapi.yaml" + another,
			"openapi.yaml names version 9.8.7"},
		"another changelog": {"FILE=CHANGELOG.md" + another, "CHANGELOG.md names version 9.8.7"},
		"a later commit": {"git tag $TAG; git commit -q --allow-empty -m later",
			"the work tree is at"},
		"a change":   {"git tag $TAG; echo '# new' >>go.mod", " M go.mod"},
		"a new file": {"git tag $TAG; echo 'package mint' >config/new.go", "?? config/new.go"},
	} {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "refused")
			run(t, repo, []string{"VERSION=" + version, "TAG=v" + version},
				"bash", "-euc", "git tag before; "+tc.change)
			said, err := start(t, repo, nil, command, "--out", out, "--tag", "v"+version)
			if err == nil || !strings.Contains(said, tc.says) {
				t.Errorf("%v, and it does not say %q: %s", err, tc.says, said)
			}
			if _, err := os.Stat(out); err == nil {
				t.Error("it left a folder")
			}
			run(t, repo, nil, "bash", "-euc",
				"git reset -q --hard before; git clean -qfd; git tag -d $(git tag)")
		})
	}
}

var everySystem = flag.Bool("release.systems", false,
	"build the command for each system, which takes minutes")

// builtSystems is the list of systems that the command is built for. Each one costs more than a
// minute, so without the flag it is built for Linux, once. The release workflow builds all of them
// on two machines and compares the digests.
func builtSystems() string {
	if *everySystem {
		return "darwin,linux,windows"
	}
	return "linux"
}

// testReproducible builds in another folder, with an empty cache and a hostile environment.
func testReproducible(t *testing.T, repo, command, tag, first string) {
	dir := t.TempDir()
	place, second, goenv := dir+"/another/place", dir+"/second", dir+"/goenv"
	run(t, "", nil, "git", "clone", "-q", repo, place)
	// `go env -w` writes such a file.
	if err := os.WriteFile(goenv, []byte("GOEXPERIMENT=jsonv2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, place, []string{
		"GOENV=" + goenv, "GOCACHE=" + dir + "/cache", "GOARM64=v9.0", "GOAMD64=v3",
		"GOEXPERIMENT=jsonv2", "GOFLAGS=-tags=other -gcflags=all=-N -ldflags=-X=main.a=b",
		"GOFIPS140=latest", "CGO_ENABLED=1", "SOURCE_DATE_EPOCH=1", "TZ=Asia/Tokyo", "LC_ALL=C",
	}, "sh", "-c", `umask 077; exec "$@"`, "sh", command, "--tag", tag, "--out", second,
		"--systems", map[bool]string{true: builtSystems()}[*everySystem])
	if *everySystem {
		run(t, "", nil, "diff", "-r", first, second)
		return
	}
	for _, name := range files(t, second) {
		if name != "NOTICES" && name != "SHA256SUMS" { // they name what the command links
			run(t, "", nil, "cmp", filepath.Join(first, name), filepath.Join(second, name))
		}
	}
}

func testSums(t *testing.T, dir string) {
	run(t, dir, nil, "sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS")
	sums := read(t, filepath.Join(dir, "SHA256SUMS"))
	for _, name := range files(t, dir) {
		if name != "SHA256SUMS" && strings.Count(sums, "  "+name+"\n") != 1 {
			t.Errorf("SHA256SUMS does not name %s once", name)
		}
	}
}

// files returns the names of the files in a folder.
func files(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// testZip checks what would fail only on Lambda: a program that links a C library, that is for
// another processor, or that may not be executed.
func testZip(t *testing.T, dir, function, arch string) {
	name := zipName(function, arch)
	template := read(t, filepath.Join(dir, "template-"+arch+".yaml"))
	if !strings.Contains(template, "\n      CodeUri: "+name+"\n") {
		t.Error("the template does not name the zip")
	}
	if size := len(read(t, filepath.Join(dir, name))); size > 4_000_000 {
		t.Errorf("the zip has %d bytes", size)
	}
	archive, program := open(t, dir, function, arch)
	first := archive.File[0] // made on Unix, which is 3, or the mode says nothing
	if len(archive.File) != 3 || first.Mode() != 0o755 || first.CreatorVersion>>8 != 3 {
		t.Errorf("%d files; the first is %s, %s", len(archive.File), first.Name, first.Mode())
	}
	if len(program) > 10<<20 {
		t.Errorf("the program has %d bytes", len(program))
	}
	checkNotices(t, program, unzip(t, archive, "LICENSE"), unzip(t, archive, "NOTICES"))
	file, err := elf.NewFile(bytes.NewReader(program))
	if err != nil {
		t.Fatal(err)
	}
	if file.Class != elf.ELFCLASS64 || file.Type != elf.ET_EXEC ||
		file.Machine != machines[arch] || len(file.Progs) == 0 {
		t.Errorf("is no plain program for %s: %+v", arch, file.FileHeader)
	}
	for _, segment := range file.Progs {
		if segment.Type == elf.PT_INTERP {
			t.Error("is not linked statically")
		}
	}
}

// testStarts: what this machine can run stops with one sentence about what it misses.
func testStarts(t *testing.T, dir string) {
	for function := range functions {
		file := filepath.Join(t.TempDir(), "bootstrap")
		_, program := open(t, dir, function, thisMachine)
		if err := os.WriteFile(file, program, 0o700); err != nil { //nolint:gosec // it is run
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "env", "-i", file)
		out, _ := cmd.CombinedOutput()
		want := function + ": PARENT_SECRET_ID is not set: "
		if cmd.ProcessState.ExitCode() != 1 || !strings.HasPrefix(string(out), want) {
			t.Errorf("%s: %v: %s", function, cmd.ProcessState, out)
		}
	}
}

func zipName(function, arch string) string { return "tokenmint-" + function + "-" + arch + ".zip" }

// open reads a zip, and the program in it.
func open(t *testing.T, dir, function, arch string) (*zip.ReadCloser, []byte) {
	t.Helper()
	archive, err := zip.OpenReader(filepath.Join(dir, zipName(function, arch)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = archive.Close() })
	return archive, unzip(t, archive, "bootstrap")
}

// start returns what a command says, on both streams.
func start(t *testing.T, dir string, env []string, name string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// run is start for a command that must succeed.
func run(t *testing.T, dir string, env []string, name string, args ...string) string {
	t.Helper()
	out, err := start(t, dir, env, name, args...)
	if err != nil {
		t.Fatalf("%s %.200q: %v\n%s", name, args, err, out)
	}
	return out
}

func sed(t *testing.T, dir, script, file string) string {
	t.Helper()
	return strings.TrimSpace(run(t, dir, nil, "sed", "-n", script, file))
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
