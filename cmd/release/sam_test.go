//go:build release

package main_test

import (
	"crypto/md5" //nolint:gosec // the name that sam gives to an upload
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tokenmint/tokenmint/internal/testkit/moto"
)

// testSAMBuild: `sam build`, as docs/deploy.md has it, makes the same programs of the same tree.
func testSAMBuild(t *testing.T, repo, dir string) {
	built := t.TempDir()
	run(t, repo, []string{
		"SAM_CLI_TELEMETRY=0", "CGO_ENABLED=0",
		`GOFLAGS=-tags=lambda.norpc -trimpath -buildvcs=false "-ldflags=-s -w"`,
		"GOTOOLCHAIN=" + sed(t, repo, "s/^toolchain //p", "go.mod"),
	}, "sam", "build", "--build-dir", built)
	for function, logical := range functions {
		_, program := open(t, dir, function, "arm64")
		if string(program) != read(t, filepath.Join(built, logical, "bootstrap")) {
			t.Errorf("sam build makes another %s", function)
		}
	}
}

// account simulates an AWS account with a bucket, to which sam uploads.
type account struct {
	endpoint string
	env      []string
}

func newAccount(t *testing.T) account {
	t.Helper()
	endpoint := moto.Endpoint(t)
	a := account{endpoint, []string{
		"SAM_CLI_TELEMETRY=0", "AWS_ENDPOINT_URL=" + endpoint, "AWS_DEFAULT_REGION=eu-central-1",
		"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test",
	}}
	a.call(t, http.MethodPut, "/release")
	return a
}

// call sends a request to S3 and returns the body of the reply.
func (a account) call(t *testing.T, method, path string) []byte {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, a.endpoint+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = "s3.amazonaws.com"
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 "+ // moto checks no signature
		"Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0")
	reply, err := http.DefaultClient.Do(request)
	if err != nil || reply.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %v, %v", method, path, reply, err)
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// upload packages the template in the folder of a release, as `sam deploy` does. It returns the
// text of the packaged template.
func (a account) upload(t *testing.T, dir, arch string) string {
	t.Helper()
	packaged := filepath.Join(t.TempDir(), "packaged.yaml")
	run(t, dir, a.env, "sam", "package", "--no-progressbar", "--template-file",
		"template-"+arch+".yaml", "--s3-bucket", "release", "--output-template-file", packaged)
	return read(t, packaged)
}

// testSAMPackage: the templates lint, and `sam deploy` would upload the release's zips unchanged.
func testSAMPackage(t *testing.T, dir string) {
	a := newAccount(t)
	for arch := range machines {
		run(t, dir, a.env, "sam", "validate", "--lint", "--template-file",
			"template-"+arch+".yaml")
		packaged := a.upload(t, dir, arch)
		for function := range functions {
			zip := read(t, filepath.Join(dir, zipName(function, arch)))
			digest := md5.Sum([]byte(zip)) //nolint:gosec // as above
			want := fmt.Sprintf("\n      CodeUri: s3://release/%x\n", digest)
			if !strings.Contains(packaged, want) {
				t.Errorf("%s for %s is not what sam uploads", function, arch)
			}
		}
	}
}

// testStack: stack-*.yaml is sound for CloudFormation and holds the promises of template.yaml. It
// has no folder of this machine, and it is too large for a command line.
func testStack(t *testing.T, dir string) {
	for arch := range machines {
		file := filepath.Join(dir, "stack-"+arch+".yaml")
		run(t, dir, []string{"SAM_CLI_TELEMETRY=0", "AWS_DEFAULT_REGION=eu-central-1"},
			"sam", "validate", "--lint", "--template-file", file)
		if size := len(read(t, file)); size < 51_200 || size > 1<<20 {
			t.Errorf("%d bytes: docs/install.md says that a template is too large without a bucket",
				size)
		}
		run(t, "../../test/template", []string{"PYTHONDONTWRITEBYTECODE=1",
			"AWS_DEFAULT_REGION=eu-central-1"},
			"../../.cache/moto/bin/python", "released.py", file)
	}
}
