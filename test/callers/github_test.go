//go:build unix && (clients || moto)

package callers_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// action is what the test reads of action.yml.
type action struct {
	Inputs  map[string]struct{ Required bool }
	Outputs map[string]struct{ Value string }
	Runs    struct {
		Using string
		Steps []struct {
			ID, Shell, Run string
			Env            map[string]string
		}
	}
}

func readAction(t *testing.T) action {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "clients/action/action.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var a action
	if err := yaml.Unmarshal(text, &a); err != nil {
		t.Fatal(err)
	}
	return a
}

// step is how a step of a workflow ended, and what it left for later steps.
type step struct {
	ended
	outputs map[string]string
	env     string // for later steps
}

var expression = regexp.MustCompile(`\$\{\{ *([a-z.]+) *\}\}`)

// runAction runs the step of action.yml as GitHub does.
func runAction(t *testing.T, env []string, inputs map[string]string) step {
	t.Helper()
	return runActionIn(t, filepath.Join(root, "clients/action"), env, inputs)
}

// leftovers are the files by which a step gives something to later steps, besides its outputs.
var leftovers = []string{"GITHUB_ENV", "GITHUB_PATH", "GITHUB_STATE", "GITHUB_STEP_SUMMARY"}

// runActionIn is runAction with the script in a folder: in bash with -e and pipefail, with the
// inputs in place of their expressions.
func runActionIn(t *testing.T, home string, env []string, inputs map[string]string) step {
	t.Helper()
	only, dir := readAction(t).Runs.Steps[0], t.TempDir()
	home, err := filepath.Abs(home)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), only.Shell, "--noprofile", "--norc", "-e", "-o",
		"pipefail", "-c", only.Run)
	cmd.Dir = dir
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "GITHUB_ACTIONS=true",
		"GITHUB_RUN_ID=77", "GITHUB_ACTION_PATH=" + home}, env...)
	for _, name := range append([]string{"GITHUB_OUTPUT"}, leftovers...) {
		cmd.Env = append(cmd.Env, name+"="+filepath.Join(dir, name))
	}
	for name, value := range only.Env {
		cmd.Env = append(cmd.Env, name+"="+expression.ReplaceAllStringFunc(value,
			func(text string) string {
				input, _ := strings.CutPrefix(expression.FindStringSubmatch(text)[1], "inputs.")
				return inputs[input]
			}))
	}
	got := step{ended: finish(t, cmd), outputs: map[string]string{}}
	for line := range strings.Lines(written(t, filepath.Join(dir, "GITHUB_OUTPUT"))) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		got.outputs[name] = value
	}
	for _, name := range leftovers {
		got.env += written(t, filepath.Join(dir, name))
	}
	return got
}

// written returns what a step wrote into a file, or "".
func written(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return string(text)
}

// The secrets of the stand-in for GitHub and AWS.
//
//nolint:gosec // G101: they are examples
const (
	requestToken = "SENTINEL-request" + "-token"
	oidcToken    = "e30.SENTINEL" + ".c2ln"
	stsSecret    = "wJalr/XUtn+EXAMPLE"
	stsSession   = "IQoJ/b3Jp+Z2lu=="
)

// cloud stands for GitHub's OIDC provider and AWS STS. It returns the environment of a job that has
// `id-token: write`.
func cloud(t *testing.T) []string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /oidc", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+requestToken ||
			r.FormValue("audience") != "sts.amazonaws.com" || r.FormValue("v") != "1" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprintf(w, `{"count":1,"value":%q}`, oidcToken)
	})
	mux.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("Action") != "AssumeRoleWithWebIdentity" ||
			r.FormValue("RoleArn") != roleARN || r.FormValue("WebIdentityToken") != oidcToken ||
			r.FormValue("RoleSessionName") == "" {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, "<ErrorResponse><Error>\n<Code>AccessDenied</Code>\n"+
				"<Message>Not authorized: 100%\n</Message></Error></ErrorResponse>")
			return
		}
		fmt.Fprintf(w, "<AssumeRoleWithWebIdentityResponse>\n<AssumeRoleWithWebIdentityResult>\n"+
			"<Credentials>\n  <AccessKeyId>AKIDEXAMPLE</AccessKeyId>\n"+
			"  <SecretAccessKey>%s</SecretAccessKey>\n  <SessionToken>%s</SessionToken>\n"+
			"  <Expiration>2999-01-01T00:00:00Z</Expiration>\n</Credentials>\n"+
			"</AssumeRoleWithWebIdentityResult>\n</AssumeRoleWithWebIdentityResponse>",
			stsSecret, stsSession)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return []string{"ACTIONS_ID_TOKEN_REQUEST_URL=" + server.URL + "/oidc?v=1",
		"ACTIONS_ID_TOKEN_REQUEST_TOKEN=" + requestToken, "AWS_ENDPOINT_URL_STS=" + server.URL}
}
