//go:build unix && (clients || moto)

package callers_test

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/test/dev"
)

// upload runs docs/examples/upload.sh against dev. Mapbox works on the upload for two hours, and
// the clock of dev moves ahead all the time. So each token ends long before the upload is complete.
// Two requests fail. It returns what the script printed, and the statuses that the simulator gave.
func upload(t *testing.T, tokenmint string) (ended, map[int]int) {
	t.Helper()
	lines := dev.Start(t, root, "--mapbox-rate", "0")
	sim := dev.Value(lines, "TOKENS_API_URL")
	simulate(t, sim+"/_sim/uploads", `{"takes":"2h"}`)
	simulate(t, sim+"/_sim/faults",
		`{"op":"upload-status","skip":1,"hits":2,"kind":"status","status":503}`)
	ctx, stop := context.WithCancel(t.Context())
	moved := make(chan struct{})
	go func() {
		defer close(moved)
		for ctx.Err() == nil {
			time.Sleep(200 * time.Millisecond)
			simulate(t, sim+"/_sim/clock", `{"advance":"2m"}`)
		}
	}()
	defer func() { stop(); <-moved }()
	dir := t.TempDir()
	file := filepath.Join(dir, "cities.geojson")
	if err := os.WriteFile(file, []byte(`{"type":"FeatureCollection"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	script := exec.CommandContext(t.Context(), "bash",
		filepath.Join(root, "docs/examples/upload.sh"), file,
		dev.Value(lines, "MAPBOX_USERNAME")+".cities")
	script.Env = append(lines, "PATH="+tokenmint+":"+os.Getenv("PATH"), "HOME="+dir,
		"UPLOAD_PAUSE=0.3", "AWS_EC2_METADATA_DISABLED=true")
	got := finish(t, script)
	return got, statuses(t, sim)
}

func simulate(t *testing.T, address, body string) {
	t.Helper()
	reply, err := http.Post(address, "", strings.NewReader(body)) //nolint:noctx,gosec // to dev
	if err != nil {
		t.Error(err)
		return
	}
	reply.Body.Close()
	if reply.StatusCode >= 300 {
		t.Errorf("%s: status %d", address, reply.StatusCode)
	}
}

// statuses counts the statuses of the Uploads API in the simulator's log of calls.
func statuses(t *testing.T, sim string) map[int]int {
	t.Helper()
	reply, err := http.Get(sim + "/_sim/calls") //nolint:noctx // to dev
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	var calls []struct {
		Op     string
		Status int
	}
	if err := json.NewDecoder(reply.Body).Decode(&calls); err != nil {
		t.Fatal(err)
	}
	counts := map[int]int{}
	for _, call := range calls {
		if strings.HasPrefix(call.Op, "upload-") {
			counts[call.Status]++
		}
	}
	return counts
}

func TestUploadTakesLongerThanATokenLives(t *testing.T) {
	t.Parallel()
	if err := build(); err != nil {
		t.Fatal(err)
	}
	got, counts := upload(t, bin)
	if got.status != 0 || !strings.Contains(got.out, "is complete") || counts[503] != 2 ||
		counts[401] != 0 || counts[200] < 5 || counts[201] != 1 {
		t.Errorf("status %d, %v: %s", got.status, counts, dev.Show([]byte(got.out+got.errors)))
	}
}

// With one token for all requests, the same upload fails. So the test above shows something.
func TestUploadWithOneTokenFails(t *testing.T) {
	t.Parallel()
	if err := build(); err != nil {
		t.Fatal(err)
	}
	once := t.TempDir()
	script := "#!/bin/sh\ntest -s $0.token || " + bin + "/tokenmint \"$@\" >$0.token\n" +
		"cat $0.token\n"
	//nolint:gosec // it is run
	if err := os.WriteFile(filepath.Join(once, "tokenmint"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	got, counts := upload(t, once)
	if got.status == 0 || counts[401] == 0 || !strings.Contains(got.errors, "401") {
		t.Errorf("status %d, %v: %s", got.status, counts, dev.Show([]byte(got.out+got.errors)))
	}
}
