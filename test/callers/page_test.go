//go:build unix && (clients || moto)

package callers_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/tokenmint/tokenmint/test/dev"
	"github.com/tokenmint/tokenmint/test/docs/fence"
)

// sample returns the first block of a kind on the page about pipelines.
func sample(t *testing.T, kind string) string {
	t.Helper()
	blocks, err := fence.Of(root, "docs/pipelines.md", kind)
	if err != nil {
		t.Fatal(err)
	}
	return blocks[0].Text
}

func decode(t *testing.T, text string, into any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(text), into); err != nil {
		t.Fatal(err)
	}
}

// project returns a folder with the user's upload.sh, which says what it got, and with a go that
// installs nothing. It also returns a PATH that has this go and tokenmint.
func project(t *testing.T) (dir, path string) {
	t.Helper()
	if err := build(); err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	for name, text := range map[string]string{
		"upload.sh": "#!/bin/sh\necho \"uploads with ${MAPBOX_ACCESS_TOKEN%%.*}\"\n",
		"bin/go": "#!/bin/sh\n" +
			"test \"$*\" = 'install github.com/tokenmint/tokenmint/cmd/tokenmint@latest'\n",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		//nolint:gosec // it is run
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return dir, filepath.Join(dir, "bin") + ":" + bin + ":" + os.Getenv("PATH")
}

// runLines runs the lines of a pipeline, and wants that upload.sh got a token.
func runLines(t *testing.T, lines []string, env ...string) {
	t.Helper()
	dir, path := project(t)
	cmd := exec.CommandContext(t.Context(), "bash", "-eo", "pipefail", "-c",
		strings.Join(lines, "\n"))
	cmd.Dir = dir
	cmd.Env = append(env, "PATH="+path, "HOME="+dir, "CI_PROJECT_DIR="+dir)
	for i, variable := range cmd.Env {
		cmd.Env[i] = strings.ReplaceAll(variable, "$CI_PROJECT_DIR", dir)
	}
	got := finish(t, cmd)
	if got.status != 0 || got.out != "uploads with tk\n" {
		t.Errorf("status %d: %s", got.status, dev.Show([]byte(got.out+got.errors)))
	}
}

// signedMint is a mint that wants a signature with the role's credentials, or answers 403.
func signedMint(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Authorization"), "Credential=AKIDEXAMPLE/") ||
			!strings.Contains(r.Header.Get("Authorization"), "/eu-west-1/execute-api/") ||
			r.Header.Get("X-Amz-Security-Token") != stsSession {
			answer(403, `{"message":"Forbidden"}`)(w, r)
			return
		}
		answer(200, `{"token":"tk.a.b","expires":"2999-01-01T00:00:00Z","expires_in":900}`)(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestPageGitHub(t *testing.T) {
	t.Parallel()
	var workflow struct {
		Permissions map[string]string
		Jobs        map[string]struct {
			Steps []struct {
				ID, Uses, Run string
				With, Env     map[string]string
			}
		}
	}
	decode(t, sample(t, "yaml github"), &workflow)
	steps := workflow.Jobs["upload"].Steps
	known := readAction(t).Inputs
	for name := range steps[1].With {
		if _, ok := known[name]; !ok {
			t.Errorf("the action has no input %s", name)
		}
	}
	if workflow.Permissions["id-token"] != "write" ||
		steps[1].Uses != "tokenmint/tokenmint/clients/action@v0" {
		t.Error("the job needs id-token: write and the action")
	}
	inputs := steps[1].With
	inputs["url"] = strings.Replace(inputs["url"], "${{ vars.MINT_URL }}", signedMint(t), 1)
	got := runAction(t, append(cloud(t), "AWS_REGION=eu-west-1"), inputs)
	checkToken(t, got)
	token := strings.Replace(steps[2].Env["MAPBOX_ACCESS_TOKEN"],
		"${{ steps."+steps[1].ID+".outputs.token }}", got.outputs["token"], 1)
	runLines(t, []string{steps[2].Run}, "MAPBOX_ACCESS_TOKEN="+token)
}

func TestPageGitLab(t *testing.T) {
	t.Parallel()
	var pipeline map[string]struct {
		IDTokens  map[string]struct{ Aud string } `yaml:"id_tokens"`
		Variables map[string]string
		Script    []string
	}
	decode(t, sample(t, "yaml gitlab"), &pipeline)
	job := pipeline["upload"]
	env := append(cloud(t), "MINT_URL="+signedMint(t))
	for name, token := range job.IDTokens {
		if token.Aud != "sts.amazonaws.com" {
			t.Errorf("the audience is %s", token.Aud)
		}
		env = append(env, name+"="+oidcToken)
	}
	for name, value := range job.Variables {
		env = append(env, name+"="+value)
	}
	runLines(t, job.Script, env...)
}

func TestPageCodeBuild(t *testing.T) {
	t.Parallel()
	var build struct {
		Phases struct{ Install, Build struct{ Commands []string } }
	}
	decode(t, sample(t, "yaml codebuild"), &build)
	runLines(t, append(build.Phases.Install.Commands, build.Phases.Build.Commands...),
		"MINT_URL="+signedMint(t), "AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=AKIDEXAMPLE",
		"AWS_SECRET_ACCESS_KEY="+stsSecret, "AWS_SESSION_TOKEN="+stsSession)
}

// The program of the page compiles as printed. The package's examples run its calls.
func TestPageGo(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte(sample(t, "go")), 0o600); err != nil {
		t.Fatal(err)
	}
	vet := exec.CommandContext(t.Context(), "go", "vet", file)
	vet.Dir = root
	if out, err := vet.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
