//go:build moto && unix

package callers_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/tokenmint/tokenmint/test/dev"
)

// verifier starts a mint that checks signatures with botocore. `.ci/run moto` installs that.
func verifier(t *testing.T, env ...string) string {
	t.Helper()
	python, err := filepath.Abs(filepath.Join(root, ".cache/moto/bin/python"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), python, "sigv4.py")
	cmd.Env = append(env, "REGION=eu-west-1", "KEY=AKIDEXAMPLE", "SECRET=wJalr/XUtn+EXAMPLE")
	cmd.Stderr = os.Stderr
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() }) // the context of the test has ended it
	var port int
	if _, err := fmt.Fscanln(out, &port); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("http://127.0.0.1:%d", port)
}

// TestMotoSignature checks our signature with code that is not ours.
func TestMotoSignature(t *testing.T) {
	t.Parallel()
	const session = "IQoJ/b3Jp+Z2lu=="
	user, withSession := verifier(t), verifier(t, "SESSION="+session)
	late := verifier(t, "SKEW=900")
	keys := []string{"AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=wJalr/XUtn+EXAMPLE",
		"AWS_REGION=eu-west-1"}
	for name, tc := range map[string]struct {
		env  []string
		mint string
		args []string
		says []string // nil = a token
	}{
		"a user":          {keys, user, nil, nil},
		"a user asks":     {keys, user, []string{"--profile", "uploads", "--ttl", "15m"}, nil},
		"a stage":         {keys, user + "/prod/", nil, nil},
		"a session":       {append(keys, "AWS_SESSION_TOKEN="+session), withSession, nil, nil},
		"without session": {keys, withSession, nil, []string{"Forbidden"}},
		"nothing signed":  {nil, user, nil, []string{"Forbidden", "credentials"}},
		"another region":  {append(keys, "AWS_REGION=us-east-1"), user, nil, []string{"Forbidden"}},
		"another key": {append(keys, "AWS_SECRET_ACCESS_KEY=x"), user, nil,
			[]string{"Forbidden"}},
		"a clock behind": {keys, late, nil, []string{"the clock of this machine is", "behind"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := tokenmint(t, append(tc.env, "MINT_URL="+tc.mint), append([]string{"token"},
				tc.args...)...)
			if tc.says != nil {
				checkRefused(t, got, 1, tc.says...)
			} else if got.status != 0 || got.out != "tk.signed.well\n" {
				t.Errorf("status %d: %s", got.status, dev.Show([]byte(got.errors)))
			}
		})
	}
}

// TestMotoActionSignature checks the signature of the GitHub Action's script, which curl makes.
func TestMotoActionSignature(t *testing.T) {
	t.Parallel()
	mint := verifier(t, "SESSION="+stsSession)
	got := runAction(t, cloud(t), map[string]string{"url": mint, "role": roleARN,
		"region": "eu-west-1", "profile": "uploads", "scopes": "uploads:read,uploads:write"})
	if got.status != 0 || got.outputs["token"] != "tk.signed.well" {
		t.Errorf("status %d: %s", got.status, dev.Show([]byte(got.errors)))
	}
}
