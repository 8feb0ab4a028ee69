//go:build deploy

package deploy_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/tokenmint/tokenmint/test/docs/fence"
)

var common string // the folder of what shared builds

// shared builds what all tests use: a release, and a folder with the stub as both providers.
var shared = sync.OnceValue(func() error {
	dir := common
	program := filepath.Join(dir, "stub")
	for _, command := range [][]string{
		{"go", "run", "./cmd/release", "--dirty", "--systems", "", "--out", dir + "/release"},
		{"go", "build", "-C", "test/deploy/stub", "-o", program, "."},
	} {
		build := exec.CommandContext(context.Background(), command[0], command[1:]...)
		build.Dir = root
		if out, err := build.CombinedOutput(); err != nil {
			return errors.New(string(out))
		}
	}
	for name, version := range map[string]string{"aws": "5.0.0", "archive": "2.3.0"} {
		place := filepath.Join(dir, "mirror/registry.opentofu.org/hashicorp", name, version,
			"linux_amd64")
		if err := os.MkdirAll(place, 0o700); err != nil {
			return err
		}
		if err := os.Link(program, filepath.Join(place, "terraform-provider-"+name)); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, "tofurc"), []byte(
		"provider_installation {\n  filesystem_mirror {\n    path = \""+dir+"/mirror\"\n  }\n}\n"),
		0o600)
})

func TestMain(m *testing.M) {
	var err error
	if common, err = os.MkdirTemp("", "tokenmint-deploy-"); err != nil {
		log.Fatal(err)
	}
	status := m.Run()
	_ = os.RemoveAll(common)
	os.Exit(status)
}

// lab is a folder in which OpenTofu applies the module: what docs/terraform.md says, with a copy
// of the module and of a release.
type lab struct {
	*testing.T
	dir string
	env []string // more variables
}

func newLab(t *testing.T) *lab {
	t.Helper()
	if err := shared(); err != nil {
		t.Fatal(err)
	}
	l := &lab{T: t, dir: t.TempDir()}
	for to, from := range map[string]string{
		"module": root + "/deploy/terraform", "v0.1.0": common + "/release",
	} {
		if err := os.CopyFS(filepath.Join(l.dir, to), os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
	}
	l.write("tokenmint.yaml", read(t, "config/tokenmint.yaml"))
	l.write("main.tf", strings.Replace(sample(t),
		"github.com/tokenmint/tokenmint//deploy/terraform?ref=v0.1.0", "./module", 1))
	l.env = []string{"TF_CLI_CONFIG_FILE=" + common + "/tofurc", "CHECKPOINT_DISABLE=1",
		"STUB_LOG=" + filepath.Join(l.dir, "log")}
	return l
}

// sample is the configuration of docs/terraform.md.
func sample(t *testing.T) string {
	t.Helper()
	blocks, err := fence.Of(root, "docs/terraform.md", "hcl")
	if err != nil {
		t.Fatal(err)
	}
	return blocks[0].Text
}

func (l *lab) write(name, text string) {
	l.Helper()
	if err := os.WriteFile(filepath.Join(l.dir, name), []byte(text), 0o600); err != nil {
		l.Fatal(err)
	}
}

func (l *lab) edit(name, old, with string) {
	l.Helper()
	text, err := os.ReadFile(filepath.Join(l.dir, name))
	if err != nil || strings.Count(string(text), old) != 1 {
		l.Fatalf("%s has %q %d times, %v", name, old, strings.Count(string(text), old), err)
	}
	l.write(name, strings.Replace(string(text), old, with, 1))
}

// tofu runs OpenTofu and returns what it prints and its exit status.
func (l *lab) tofu(arguments ...string) (string, int) {
	l.Helper()
	command := exec.CommandContext(l.Context(), "tofu", arguments...)
	command.Dir, command.Env = l.dir, append(os.Environ(), l.env...)
	out, err := command.CombinedOutput()
	if command.ProcessState == nil {
		l.Fatalf("put .cache/opentofu, as .ci/run makes it, into the PATH: %v", err)
	}
	return string(out), command.ProcessState.ExitCode()
}

// run runs OpenTofu, which must succeed.
func (l *lab) run(arguments ...string) string {
	l.Helper()
	out, status := l.tofu(arguments...)
	if status != 0 {
		l.Fatalf("tofu %v ends with %d:\n%s", arguments, status, out)
	}
	return out
}

// refuses runs OpenTofu, which must fail and say why.
func (l *lab) refuses(reason string, arguments ...string) {
	l.Helper()
	out, status := l.tofu(arguments...)
	// OpenTofu breaks its lines.
	said := strings.Join(strings.Fields(strings.ReplaceAll(out, "│", "")), " ")
	if status != 1 || !strings.Contains(said, reason) {
		l.Errorf("tofu %v ends with %d and does not say %q:\n%s", arguments, status, reason, out)
	}
}

// operation is one that the stub was given.
type operation struct {
	Operation, Kind string
	Given           map[string]any
}

func (o operation) String() string { return o.Operation + " " + o.Kind }

// apply applies, and returns what the stub was given.
func (l *lab) apply() []operation {
	l.Helper()
	l.run("apply", "-auto-approve", "-no-color", "-input=false")
	return l.recorded()
}

// recorded returns what the stub was given since the last call.
func (l *lab) recorded() (all []operation) {
	l.Helper()
	log := filepath.Join(l.dir, "log")
	text, err := os.ReadFile(log)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		l.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	for decoder.More() {
		var o operation
		if err := decoder.Decode(&o); err != nil {
			l.Fatal(err)
		}
		all = append(all, o)
	}
	_ = os.Rename(log, log+".old") // there is none if nothing was given
	return all
}

// stack returns the parameters of the operation on the stack, which there must be once.
func stack(t *testing.T, all []operation) map[string]any {
	t.Helper()
	var found map[string]any
	for _, o := range all {
		if o.Kind == "aws_cloudformation_stack" {
			if found != nil {
				t.Fatalf("two operations on the stack: %v", all)
			}
			found = o.Given["parameters"].(map[string]any)
		}
	}
	if found == nil {
		t.Fatalf("no operation on the stack: %v", all)
	}
	return found
}

// deployers runs test/template/deployers.py with the Python of .ci/run.
func deployers(t *testing.T, into any, input any, arguments ...string) {
	t.Helper()
	python := exec.CommandContext(t.Context(), "../../.cache/moto/bin/python",
		append([]string{"deployers.py"}, arguments...)...)
	python.Dir = filepath.Join(root, "test/template")
	python.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	text, err := json.Marshal(input)
	if err != nil {
		t.Fatal(err)
	}
	python.Stdin = bytes.NewReader(text)
	var stderr bytes.Buffer
	python.Stderr = &stderr
	out, err := python.Output()
	if err == nil {
		err = json.Unmarshal(out, into)
	}
	if err != nil {
		t.Fatalf("deployers.py %v: %v\n%s", arguments, err, stderr.String())
	}
}

func (l *lab) read(name string) string {
	l.Helper()
	text, err := os.ReadFile(filepath.Join(l.dir, name))
	if err != nil {
		l.Fatal(err)
	}
	return string(text)
}
