//go:build release

package main_test

import (
	"archive/zip"
	"bytes"
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

// testSAMPackage: the templates lint, and `sam deploy` would upload the release's zips unchanged.
func testSAMPackage(t *testing.T, dir string) {
	endpoint := moto.Endpoint(t)
	env := []string{
		"SAM_CLI_TELEMETRY=0", "AWS_ENDPOINT_URL=" + endpoint, "AWS_DEFAULT_REGION=eu-central-1",
		"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test",
	}
	bucket, err := http.NewRequestWithContext(t.Context(), http.MethodPut, endpoint+"/release", nil)
	if err != nil {
		t.Fatal(err)
	}
	bucket.Host = "s3.amazonaws.com"
	reply, err := http.DefaultClient.Do(bucket)
	if err != nil || reply.StatusCode != http.StatusOK {
		t.Fatalf("create a bucket: %v, %v", reply, err)
	}
	_ = reply.Body.Close()
	for arch := range machines {
		template, packaged := "template-"+arch+".yaml", t.TempDir()+"/packaged.yaml"
		run(t, dir, env, "sam", "validate", "--lint", "--template-file", template)
		run(t, dir, env, "sam", "package", "--no-progressbar", "--template-file", template,
			"--s3-bucket", "release", "--output-template-file", packaged)
		testPolicyLayer(t, endpoint, dir, read(t, packaged))
		for function := range functions {
			zip := read(t, filepath.Join(dir, zipName(function, arch)))
			digest := md5.Sum([]byte(zip)) //nolint:gosec // as above
			want := fmt.Sprintf("\n      CodeUri: s3://release/%x\n", digest)
			if !strings.Contains(read(t, packaged), want) {
				t.Errorf("%s for %s is not what sam uploads", function, arch)
			}
		}
	}
}

// testPolicyLayer: what sam uploads for the layer is a zip with the release's policy, which any
// user of the function can read.
func testPolicyLayer(t *testing.T, endpoint, dir, packaged string) {
	t.Helper()
	_, uri, found := strings.Cut(packaged, "\n      ContentUri: s3://release/")
	key, _, _ := strings.Cut(uri, "\n")
	if !found {
		t.Fatal("sam uploads no layer")
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet,
		endpoint+"/release/"+key, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = "s3.amazonaws.com"
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 "+ // moto checks no signature
		"Credential=test/20260101/eu-central-1/s3/aws4_request, SignedHeaders=host, Signature=0")
	reply, err := http.DefaultClient.Do(request)
	if err != nil || reply.StatusCode != http.StatusOK {
		t.Fatalf("read the layer: %v, %v", reply, err)
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil {
		t.Fatal(err)
	}
	archive, err := zip.NewReader(bytes.NewReader(text), int64(len(text)))
	if err != nil || len(archive.File) != 1 || archive.File[0].Name != "tokenmint.yaml" ||
		archive.File[0].Mode().Perm()&0o444 != 0o444 {
		t.Fatalf("%v, and the layer is not one readable policy: %+v", err, archive)
	}
	file, err := archive.Open("tokenmint.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(file); err != nil ||
		string(got) != read(t, filepath.Join(dir, "tokenmint.yaml")) {
		t.Errorf("%v, or the layer has another policy", err)
	}
}
