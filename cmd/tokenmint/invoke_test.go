package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

var update = flag.Bool("update", false, "write the replies to the fixtures to events/replies")

// TestFixtures: each file in events has the form of its event type and gets the reply in
// events/replies.
func TestFixtures(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../events/*.json")
	if err != nil || len(files) < 9 {
		t.Fatalf("%d fixtures: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			function := "rotate"
			if strings.HasPrefix(filepath.Base(file), "mint-") {
				function = "mint"
			}
			decodeFixture(t, file)
			var out, log bytes.Buffer
			err := invoke{event: file, getenv: nothingSet}.run(t.Context(), function, nil,
				&out, &log)
			if err != nil {
				t.Fatalf("%v\n%s", err, log.String())
			}
			compare(t, filepath.Join("../../events/replies", filepath.Base(file)),
				steady(out.String()))
		})
	}
}

func nothingSet(string) string { return "" }

// decodeFixture fails if the event has an unknown field. The handler would ignore a misspelt field.
func decodeFixture(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var into any = new(map[string]any)
	switch name := filepath.Base(file); {
	case strings.HasPrefix(name, "mint-"):
		into = new(events.APIGatewayV2HTTPRequest)
	case strings.HasPrefix(name, "rotation-"):
		into = new(events.SecretsManagerSecretRotationEvent)
	}
	in := json.NewDecoder(bytes.NewReader(text))
	in.DisallowUnknownFields()
	if err := in.Decode(into); err != nil {
		t.Errorf("%s: %v", file, err)
	}
}

// steady replaces the values that differ in each run.
func steady(reply string) string {
	for _, r := range []struct{ pattern, with string }{
		{`tk\.[\w-]+\.[\w-]{22}`, "TOKEN"},
		{`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`, "TIME"},
		{`(\\"expires_in\\":)\d+`, "${1}SECONDS"},
		{`cm[0-9a-z]{23}`, "ID"},
	} {
		reply = regexp.MustCompile(r.pattern).ReplaceAllString(reply, r.with)
	}
	return reply
}

func compare(t *testing.T, golden, got string) {
	t.Helper()
	if *update {
		//nolint:gosec // G306: all may read a file of the repository
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("reply:\n%s\nwant, from %s:\n%s", got, golden, want)
	}
}

func TestInvokeWithTheVariablesThatDevPrints(t *testing.T) {
	t.Parallel()
	m := startDev(t, dev{})
	before := m.currentVersion()
	i := invoke{event: "-", getenv: func(name string) string { return m.lines[name] }}
	var out bytes.Buffer
	if err := i.run(t.Context(), "rotate", strings.NewReader(`{"action":"rotate","force":true}`),
		&out, io.Discard); err != nil {
		t.Fatal(err)
	}
	if m.currentVersion() == before {
		t.Error("the secret that dev serves was not rotated")
	}
}
