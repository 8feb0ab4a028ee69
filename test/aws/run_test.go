//go:build moto

// Package aws_test drives test/aws/run against doubles of AWS and Mapbox. It needs the AWS CLI, as
// `.ci/run moto` installs it.
package aws_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/testkit/moto"
	"github.com/tokenmint/tokenmint/test/dev"
)

// policy is what the script deploys, after its step canary.
const policy = `profiles:
  signed:
    scopes: [styles:read, styles:tiles]
    reuse: 30m
    allow:
      - iam: "arn:aws:iam::123456789012:user/moto"
      - jwt: {iss: "https://login.example.com"}
  public:
    scopes: [fonts:read]
    reuse: 30m
    allow:
      - {anyone: true, origins: ["https://tokenmint-test-aws.example.com"]}
  second:
    scopes: [styles:read]
    reuse: 30m
    allow:
      - iam: "arn:aws:iam::123456789012:user/moto"
`

// lab is the doubles, and the environment of the script.
type lab struct {
	*double
	env []string
	sim string // the address of Mapbox
}

var failures = flag.Bool("aws.failures", false,
	"let Mapbox fail, too, which takes another minute")

func TestMoto(t *testing.T) { //nolint:paralleltest // all use one account
	file := filepath.Join(t.TempDir(), "tokenmint.yaml")
	if err := os.WriteFile(file, []byte(policy), 0o600); err != nil {
		t.Fatal(err)
	}
	sim := dev.Start(t, root, "--config", file, "--mapbox-rate", "0")
	d, endpoint := start(t, sim)
	l := lab{double: d, sim: dev.Value(sim, "TOKENS_API_URL")}
	l.env = append(d.env, "AWS_ENDPOINT_URL="+endpoint, "AWS_MAX_ATTEMPTS=1",
		"MAPBOX_USERNAME=dev", "MAPBOX_ACCESS_TOKEN="+dev.Value(sim, "MAPBOX_ACCESS_TOKEN"),
		"JWT_ISSUER=https://login.example.com", "JWT_AUDIENCE=maps",
		"JWT=e30.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUuY29tIn0.c2ln")
	t.Run("all steps", l.testAll)
	if t.Failed() {
		return // the others deploy the template of the first one
	}
	if *failures {
		t.Run("a failure", l.testFailure)
	}
	t.Run("an interrupt", l.testInterrupt)
}

// testAll runs all steps. The test has the list of what no double can show.
func (l lab) testAll(t *testing.T) {
	l.begin(t)
	out, status := l.run(t)
	if status != 0 {
		t.Errorf("it ends with %d", status)
	}
	want := []string{"doctor finds nothing wrong", "that took five minutes"}
	var got []string
	for _, line := range regexp.MustCompile("NOT TRIED.*: (.*)").FindAllStringSubmatch(out, -1) {
		got = append(got, line[1])
	}
	if !slices.Equal(got, want) {
		t.Errorf("not tried: %q, want %q", got, want)
	}
	l.wantNothingLeft(t)
}

// testFailure: Mapbox creates the parent token, and its answer is lost. At the end Mapbox refuses
// to list tokens. So the script names what it leaves, and the step delete deletes that.
func (l lab) testFailure(t *testing.T) {
	l.begin(t)
	l.inject(t, `{"op":"create","kind":"lost-answer"}`)
	l.inject(t, `{"op":"list","kind":"status","status":403}`)
	files := l.files(t)
	out, status := l.run(t, "--files", files)
	if left := "NOT DELETED: tokens of tokenmint-test-aws at Mapbox"; status != 1 ||
		!strings.Contains(out, "not so: bootstrap") || !strings.Contains(out, left) {
		t.Errorf("it ends with %d", status)
	}
	if out, status := l.run(t, "--files", files, "delete"); status != 0 {
		t.Errorf("delete ends with %d: %s", status, out)
	}
	l.wantNothingLeft(t)
}

// testInterrupt interrupts the script, as Ctrl-C does, while it deploys the stack.
func (l lab) testInterrupt(t *testing.T) {
	l.begin(t)
	cmd, cancel := l.script(t, "--files", l.files(t))
	defer cancel()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	l.executes = func() {
		if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT); err != nil {
			t.Error(err)
		}
	}
	_ = cmd.Run() // the state says it all
	t.Logf("%s", dev.Show(out.Bytes()))
	if status := cmd.ProcessState.ExitCode(); status != 130 ||
		!strings.Contains(out.String(), "deleted: stack") {
		t.Errorf("it ends with %d", status)
	}
	l.wantNothingLeft(t)
}

func (l lab) script(t *testing.T, args ...string) (*exec.Cmd, context.CancelFunc) {
	t.Helper()
	bin, err := filepath.Abs(root + "/.cache/awscli/bin")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(bin + "/aws"); err != nil {
		t.Fatal("the AWS CLI is not installed: run `.ci/run moto` once")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	cmd := exec.CommandContext(ctx, "./run", append([]string{"--yes"}, args...)...)
	cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"))
	cmd.Env = append(cmd.Env, l.env...)
	return cmd, cancel
}

// run runs the script. Its output has no token.
func (l lab) run(t *testing.T, args ...string) (out string, status int) {
	t.Helper()
	cmd, cancel := l.script(t, args...)
	defer cancel()
	text, _ := cmd.CombinedOutput() // the state says how it ended
	shown := dev.Show(text)
	t.Logf("%s", shown)
	if shown != string(text) {
		t.Error("the output has a token")
	}
	return shown, cmd.ProcessState.ExitCode()
}

// files makes a folder as a release has it. moto does not look into the zips.
func (l lab) files(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string][]byte{"stack-arm64.yaml": l.template, "SHA256SUMS": nil,
		"tokenmint-mint-arm64.zip": nil, "tokenmint-rotate-arm64.zip": nil} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func (l lab) inject(t *testing.T, fault string) {
	t.Helper()
	//nolint:noctx // loopback
	reply, err := http.Post(l.sim+"/_sim/faults", "application/json", strings.NewReader(fault))
	if err != nil || reply.StatusCode != http.StatusNoContent {
		t.Fatal(reply, err)
	}
	_ = reply.Body.Close()
}

// wantNothingLeft asks moto and the simulator what is there.
func (l lab) wantNothingLeft(t *testing.T) {
	t.Helper()
	for _, ask := range []struct{ service, method, path, target, body string }{
		{"cloudformation", "POST", "/", "", "Action=DescribeStacks&Version=2010-05-15"},
		{"secretsmanager", "POST", "/", "secretsmanager.ListSecrets", "{}"},
		{"lambda", "GET", "/2018-10-31/layers/" + name + "/versions", "", ""},
		{"s3", "GET", "/", "", ""},
		{"mapbox", "GET", l.sim + "/_sim/tokens?user=dev", "", ""},
	} {
		address := moto.Endpoint(t) + ask.path
		if ask.service == "mapbox" {
			address = ask.path
		}
		r, err := http.NewRequestWithContext(t.Context(), ask.method, address,
			strings.NewReader(ask.body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", authorization(ask.service))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if ask.target != "" {
			r.Header.Set("Content-Type", "application/x-amz-json-1.1")
			r.Header.Set("X-Amz-Target", ask.target)
		}
		reply, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(reply.Body)
		_ = reply.Body.Close()
		if err != nil || reply.StatusCode >= 500 ||
			regexp.MustCompile(name+"|TestMoto|tokenmint/tokenmint-").Match(text) {
			t.Errorf("%s has: %s %s, %v", ask.service, reply.Status, text, err)
		}
	}
}

// authorization is what moto wants: it reads the service, and checks no signature.
func authorization(service string) string {
	return fmt.Sprintf("AWS4-HMAC-SHA256 Credential=test/1/us-east-1/%s/aws4_request, "+
		"SignedHeaders=host, Signature=unchecked", service)
}
