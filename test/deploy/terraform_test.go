//go:build deploy

package deploy_test

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestTerraformApplies(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.run("init", "-no-color")
	l.run("validate", "-no-color")
	l.run("fmt", "-check", "-diff", "-recursive", "-no-color")
	given := l.apply()
	want := map[string]any{
		"Architecture": "arm64", "CodeBucket": "my-bucket",
		"MintCodeKey":    l.key("tokenmint-mint-arm64.zip"),
		"RotateCodeKey":  l.key("tokenmint-rotate-arm64.zip"),
		"PolicyLayerArn": layer(1),
	}
	if got := stack(t, given); !maps.Equal(got, want) {
		t.Errorf("the stack has the parameters\n%v, want\n%v", got, want)
	}
	made := map[string]map[string]any{}
	for _, o := range given {
		made[o.String()+" "+filepath.Base(fmt.Sprint(o.Given["key"]))] = o.Given
	}
	for _, file := range []string{"tokenmint-mint-arm64.zip", "tokenmint-rotate-arm64.zip",
		"stack-arm64.yaml"} {
		if object := made["create aws_s3_object "+file]; object["key"] != l.key(file) ||
			object["source"] != "v0.1.0/"+file || object["bucket"] != "my-bucket" {
			t.Errorf("%s is the object %v", file, object)
		}
	}
	template := made["create aws_cloudformation_stack <nil>"]
	if address := "https://my-bucket.s3.eu-central-1.amazonaws.com/" + l.key("stack-arm64.yaml"); //
	template["template_url"] != address || fmt.Sprint(template["capabilities"]) !=
		"[CAPABILITY_IAM CAPABILITY_AUTO_EXPAND]" || len(made) != 5 {
		t.Errorf("the stack is %v of %d", template, len(made))
	}
	checkPolicy(t, l, made["create aws_lambda_layer_version <nil>"])

	if out, status := l.tofu("plan", "-detailed-exitcode", "-no-color"); status != 0 {
		t.Errorf("a second plan has changes:\n%s", out)
	}
	if again := l.apply(); len(again) != 0 {
		t.Errorf("a second apply makes %v", again)
	}
	var outputs map[string]struct{ Value string }
	if err := json.Unmarshal([]byte(l.run("output", "-json")), &outputs); err != nil ||
		outputs["variables"].Value != "export MINT_URL=https://mint.example.com" {
		t.Errorf("outputs %v, error %v", outputs, err)
	}
}

// key is that of a file of the release: it has the digest.
func (l *lab) key(file string) string {
	l.Helper()
	return fmt.Sprintf("tokenmint/%x/%s", sha256.Sum256([]byte(l.read("v0.1.0/"+file))), file)
}

func layer(version int) string {
	return fmt.Sprintf("arn:aws:lambda:eu-central-1:123456789012:layer:tokenmint-prod:%d", version)
}

// checkPolicy: the layer is a zip of the policy that all may read, and stays when it is replaced.
func checkPolicy(t *testing.T, l *lab, layer map[string]any) {
	t.Helper()
	archive, err := zip.OpenReader(filepath.Join(l.dir, fmt.Sprint(layer["filename"])))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = archive.Close() })
	file := archive.File[0]
	content, err := file.Open()
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(content)
	if err != nil || string(text) != l.read("tokenmint.yaml") || len(archive.File) != 1 ||
		file.Name != "tokenmint.yaml" || file.Mode() != 0o644 || layer["skip_destroy"] != true {
		t.Errorf("%s with %v, %d bytes, %v, of %v", file.Name, file.Mode(), len(text), err, layer)
	}
}

// TestTerraformPolicy: another policy is another layer, another parameter, and another version of
// the mint.
func TestTerraformPolicy(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.run("init", "-no-color")
	before := stack(t, l.apply())
	l.write("tokenmint.yaml", l.read("tokenmint.yaml")+"# another rule\n")
	given := l.apply()
	if got := fmt.Sprint(given); got != "[delete aws_lambda_layer_version "+
		"create aws_lambda_layer_version update aws_cloudformation_stack]" {
		t.Errorf("another policy makes %s", got)
	}
	after := stack(t, given)
	if before["PolicyLayerArn"] == after["PolicyLayerArn"] {
		t.Errorf("another policy has the layer %v as before", after["PolicyLayerArn"])
	}
	template := filepath.Join(l.dir, "v0.1.0/stack-arm64.yaml")
	var old, now []string
	deployers(t, &old, before, "version", template)
	deployers(t, &now, after, "version", template)
	if slices.Equal(old, now) {
		t.Errorf("another policy has the version %v as before", now)
	}
	after["PolicyLayerArn"] = before["PolicyLayerArn"]
	if !maps.Equal(before, after) {
		t.Errorf("another policy changes %v to %v", before, after)
	}
}

// TestTerraformKeepsOldCode: CloudFormation needs the old code until the update has succeeded.
func TestTerraformKeepsOldCode(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.run("init", "-no-color")
	l.apply()
	const file = "tokenmint-mint-arm64.zip"
	sum := func() string { return fmt.Sprintf("%x", sha256.Sum256([]byte(l.read("v0.1.0/"+file)))) }
	old := sum()
	l.write("v0.1.0/"+file, "another version")
	l.edit("v0.1.0/SHA256SUMS", old, sum())

	failing := *l
	failing.env = append(slices.Clone(l.env), "STUB_FAIL=update aws_cloudformation_stack")
	failing.refuses("as STUB_FAIL asks", "apply", "-auto-approve", "-no-color")
	if got := fmt.Sprint(l.recorded()); got != "[create aws_s3_object]" {
		t.Errorf("a failed update made %s", got)
	}
	given := l.apply()
	if got := fmt.Sprint(given); got != "[update aws_cloudformation_stack delete aws_s3_object]" {
		t.Errorf("the next update made %s", got)
	}
	if stack(t, given)["MintCodeKey"] != l.key(file) || !strings.Contains(
		fmt.Sprint(given[1].Given["key"]), old) {
		t.Errorf("other code makes %v", given)
	}
}
