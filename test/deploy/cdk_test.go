//go:build deploy

package deploy_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// synthesized is the part of a template that says what the nested stack gets.
type synthesized struct {
	Resources map[string]struct {
		Type       string
		Properties struct{ Parameters map[string]any }
	}
}

// synth runs `cdk synth` in a copy of the example, with a release. npm test has compiled the app.
func synth(t *testing.T, release string) (stack synthesized) {
	t.Helper()
	example, err := filepath.Abs(filepath.Join(root, "deploy/cdk"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for to, from := range map[string]string{
		"v0.1.0": release, "build": example + "/build", "node_modules": example + "/node_modules",
	} {
		if err := os.Symlink(from, filepath.Join(dir, to)); err != nil {
			t.Fatal(err)
		}
	}
	policy := []byte(read(t, "config/tokenmint.yaml"))
	if err := os.WriteFile(filepath.Join(dir, "tokenmint.yaml"), policy, 0o600); err != nil {
		t.Fatal(err)
	}
	cdk := exec.CommandContext(t.Context(), "node_modules/.bin/cdk", "synth", "--quiet",
		"--app", "node build/bin/app.js", "--no-notices", "--no-version-reporting")
	cdk.Dir = dir
	if out, err := cdk.CombinedOutput(); err != nil {
		t.Fatalf("after npm ci and npm test in deploy/cdk, %v\n%s", err, out)
	}
	text, err := os.ReadFile(filepath.Join(dir, "cdk.out/tokenmint.template.json"))
	if err == nil {
		err = json.Unmarshal(text, &stack)
	}
	if err != nil {
		t.Fatal(err)
	}
	return stack
}

// TestCDKSynth: the app of docs/cdk.md gives parameters that the template of a release takes.
// Another version of its layer is another version of the mint. npm test shows that another policy
// is another version of the layer.
func TestCDKSynth(t *testing.T) {
	t.Parallel()
	if err := shared(); err != nil {
		t.Fatal(err)
	}
	stack := synth(t, filepath.Join(common, "release"))
	var parameters map[string]any
	for _, resource := range stack.Resources {
		if resource.Type == "AWS::CloudFormation::Stack" {
			parameters = resource.Properties.Parameters
		}
	}
	reference, _ := parameters["PolicyLayerArn"].(map[string]any)
	name, _ := reference["Ref"].(string)
	if stack.Resources[name].Type != "AWS::Lambda::LayerVersion" {
		t.Fatalf("the nested stack has %v", parameters)
	}
	// CloudFormation resolves the references.
	parameters["CodeBucket"] = "assets"
	var versions [][]string
	for number := range 2 {
		var version []string
		parameters["PolicyLayerArn"] = layer(number + 1)
		deployers(t, &version, parameters, "version",
			filepath.Join(common, "release/stack-arm64.yaml"))
		versions = append(versions, version)
	}
	if slices.Equal(versions[0], versions[1]) {
		t.Errorf("another layer has the version %v as before", versions[0])
	}
}
