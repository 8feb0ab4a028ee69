//go:build release

package main_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/sim/aws"
	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
	"github.com/tokenmint/tokenmint/internal/testkit/lambda"
)

// testPolicyChange changes the policy of a released stack, as docs/policy.md says for people
// without Go: they edit a file in the folder of the release and deploy. On AWS, Lambda unpacks the
// layer below /opt. Here the test unpacks what sam has uploaded, and starts the released programs.
func testPolicyChange(t *testing.T, repo, release string) {
	dir := filepath.Join(t.TempDir(), "release")
	run(t, "", nil, "cp", "-r", release, dir)
	s := newStack(t, dir)
	file := filepath.Join(dir, "tokenmint.yaml")
	kept := read(t, file)
	event := read(t, filepath.Join(repo, "events", "mint-iam.json")) // of the role web-app

	first := s.deploy(t)
	old := lambda.Start(t, s.program, s.variables(first)...)
	expect(t, old, event, 200, `"profile":"web-map"`)

	const rule = "      - iam: \"arn:*:iam::*:role/web-*\"\n"
	if strings.Count(kept, rule) != 1 {
		t.Fatal("the shipped policy has no such rule")
	}
	write(t, file, strings.Replace(kept, rule, "", 1))
	second := s.deploy(t)
	if first.uri == second.uri || s.deploy(t).uri != second.uri {
		t.Error("the layer is not named by its content")
	}
	changed := lambda.Start(t, s.program, s.variables(second)...)
	// The table has a token for this caller. A policy is asked before any cache.
	expect(t, changed, event, 403, `"code":"caller_not_allowed"`)
	expect(t, old, event, 200, `"profile":"web-map"`) // what a canary serves meanwhile

	write(t, file, kept)
	if s.deploy(t).uri != first.uri {
		t.Error("the kept file does not go back to the old layer")
	}

	write(t, file, strings.Replace(kept, "    lifetime: 60m\n", "    lifetyme: 60m\n", 1))
	fails(t, s.program, s.variables(s.deploy(t)), "/tokenmint.yaml:", "profiles.web-map.lifetyme")
	write(t, file, kept+strings.Repeat("# comment\n", 30_000))
	fails(t, s.program, s.variables(s.deploy(t)), "the file is larger than 256 KiB")
	fails(t, s.program, s.variables(layer{opt: t.TempDir()}), "CONFIG_FILE: ", "no such file")
}

// stack is what the released mint needs besides its policy.
type stack struct {
	account
	dir, program string
	env          []string
}

func newStack(t *testing.T, dir string) *stack {
	t.Helper()
	sim, err := mapbox.New(mapbox.Config{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := sim.AddAccount("acme"); err != nil {
		t.Fatal(err)
	}
	_, parent, err := sim.AddToken("acme", "Made manually",
		[]string{"fonts:read", "styles:read", "styles:tiles", "tokens:write"})
	if err != nil {
		t.Fatal(err)
	}
	manager := aws.NewMemory(time.Now)
	if err := manager.Create(t.Context(), "tokenmint/parent", strings.Repeat("a", 32),
		secrets.NewValue(parent)); err != nil {
		t.Fatal(err)
	}
	api, store := httptest.NewServer(sim), httptest.NewServer(aws.New(manager))
	t.Cleanup(api.Close)
	t.Cleanup(store.Close)
	s := &stack{account: newAccount(t), dir: dir, program: filepath.Join(t.TempDir(), "bootstrap")}
	_, program := open(t, dir, "mint", thisMachine)
	if err := os.WriteFile(s.program, program, 0o700); err != nil { //nolint:gosec // it is run
		t.Fatal(err)
	}
	s.env = []string{
		"PARENT_SECRET_ID=tokenmint/parent", "TOKENS_API_URL=" + api.URL,
		"AWS_ENDPOINT_URL_SECRETS_MANAGER=" + store.URL,
		"AWS_ENDPOINT_URL_DYNAMODB=" + s.endpoint, "TOKEN_TABLE=" + s.newTable(t),
	}
	return s
}

// newTable creates a table with sam's own Python, which has the SDK.
func (s *stack) newTable(t *testing.T) string {
	t.Helper()
	python := `"$(dirname "$(type -P sam)")"/python -c "$1"`
	run(t, s.dir, s.account.env, "bash", "-euc", python, "-", `import boto3
boto3.client("dynamodb").create_table(TableName="policy", BillingMode="PAY_PER_REQUEST",
    AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
    KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}])`)
	return "policy"
}

// layer is a version of the layer.
type layer struct {
	uri string // of the zip
	opt string // the folder with what is in it, which is /opt on Lambda
}

// deploy uploads what is in the folder of the release, and unpacks the layer. It checks that every
// user of the function could read it.
func (s *stack) deploy(t *testing.T) layer {
	t.Helper()
	_, uri, found := strings.Cut(s.upload(t, s.dir, thisMachine), "\n      ContentUri: s3:/")
	uri, _, _ = strings.Cut(uri, "\n")
	if !found {
		t.Fatal("sam uploads no layer")
	}
	packed := s.call(t, "GET", uri)
	archive, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil || len(archive.File) != 1 || archive.File[0].Name != "tokenmint.yaml" ||
		archive.File[0].Mode().Perm()&0o444 != 0o444 {
		t.Fatalf("%v, and the layer is not one readable policy: %+v", err, archive)
	}
	file, err := archive.Open("tokenmint.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(file)
	if err != nil {
		t.Fatal(err)
	}
	opt := t.TempDir()
	write(t, filepath.Join(opt, "tokenmint.yaml"), string(text))
	return layer{uri, opt}
}

// variables returns the environment of the mint with a layer.
func (s *stack) variables(l layer) []string {
	return append([]string{"CONFIG_FILE=" + l.opt + "/tokenmint.yaml", "AWS_REGION=eu-central-1",
		"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test"}, s.env...)
}

func expect(t *testing.T, instance *lambda.Instance, event string, status int, says string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	reply, err := instance.Invoke(ctx, []byte(event))
	var got struct {
		StatusCode int
		Body       string
	}
	if err != nil || json.Unmarshal(reply.Payload, &got) != nil || got.StatusCode != status ||
		!strings.Contains(got.Body, says) {
		t.Errorf("status %d, want %d and %s; %v", got.StatusCode, status, says, err)
	}
}

// fails starts a mint that must not start.
func fails(t *testing.T, program string, env []string, says ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	instance := lambda.Start(t, program, env...)
	if _, err := instance.StartUp(ctx); err == nil {
		t.Errorf("it starts, and should say %q", says)
	}
	for _, want := range says {
		if !strings.Contains(instance.Log(), want) {
			t.Errorf("no %q in %q", want, instance.Log())
		}
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
