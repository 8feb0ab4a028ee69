package mapbox_test

import (
	"encoding/json"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
)

// A token can only have scopes of its account. An account can get additional scopes.
func TestScopesOfAnAccount(t *testing.T) {
	t.Parallel()
	sim, err := mapbox.New(mapbox.Config{})
	if err == nil {
		err = sim.AddAccount("alice")
	}
	if err != nil {
		t.Fatal(err)
	}
	manage := func(method, path, body string) (int, string) {
		w := httptest.NewRecorder()
		sim.Management().ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
		return w.Code, w.Body.String()
	}
	has := func(sim *mapbox.Simulator, scope string) bool {
		return slices.Contains(sim.Scopes("alice"), scope)
	}
	if has(sim, "styles:raed") || has(sim, "indoor:read") || !has(sim, "styles:read") ||
		len(sim.Scopes("bob")) > 0 {
		t.Errorf("at first: %q", sim.Scopes("alice"))
	}
	for body, want := range map[string]int{
		`{"user":"alice","scope":"indoor:read"}`: 204, `{"user":"bob","scope":"indoor:read"}`: 400,
		`{"user":"alice","scope":"Indoor"}`: 400,
		`{"user":"alice"}`:                  400, `{"user":"alice","scop":"a:b"}`: 400,
	} {
		t.Run(body, func(t *testing.T) {
			if status, text := manage("POST", "/_sim/scopes", body); status != want {
				t.Errorf("%s: status %d: %s", body, status, text)
			}
		})
	}
	var listed []string
	if _, text := manage("GET", "/_sim/scopes?user=alice", ""); json.Unmarshal([]byte(text),
		&listed) != nil || !slices.Contains(listed, "indoor:read") {
		t.Errorf("listed: %s", text)
	}
	kept, err := sim.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	after, err := mapbox.New(mapbox.Config{})
	if err == nil {
		err = after.Restore(kept)
	}
	if err != nil || !has(after, "indoor:read") {
		t.Errorf("after a restart: %v, %q", err, after.Scopes("alice"))
	}
}
