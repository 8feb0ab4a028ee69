//go:build browser

// Package browser_test runs maps in a real Chromium. `.ci/run browser` installs what it needs.
package browser_test

import (
	"encoding/base64"
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
)

var (
	long = flag.Bool("browser.long", false, "take the times of docs/clients.md")
	only = flag.String("browser.only", "", "run the scenarios whose name contains this text")
	shot = flag.String("browser.shots", "", "keep pictures of the page in this folder")
)

// accounts are the ways to use a token, side by side in one page. Each has an account and a
// simulator of its own, so that nothing of one is counted for another.
var accounts = []string{"sample", "attach", "gate"}

// scopes are those of a token that draws maps, and of one that creates such tokens.
var scopes = []string{"styles:read", "styles:tiles", "fonts:read", "tokens:read", "tokens:write"}

// TestMaps draws maps on short tokens, with the sample that docs/deploy.md had and with the client,
// through sleep, faults of the mint and wrong clocks. It prints a table.
func TestMaps(t *testing.T) { //nolint:paralleltest // one browser at a time
	args := []string{"maps.mjs"}
	if *long {
		args = append(args, "--long")
	}
	run(t, append(args, "--only="+*only, "--shots="+*shot)...)
}

// run starts the stand-in for Mapbox, then Node with a script of this folder.
func run(t *testing.T, args ...string) {
	t.Helper()
	env := os.Environ()
	sims := map[string]*mapbox.Simulator{}
	mux := http.NewServeMux()
	for _, name := range accounts {
		sim, master := simulator(t, name)
		sims[name] = sim
		api := http.StripPrefix("/"+name, manage(sim))
		mux.Handle("/"+name+"/", api)
		env = append(env, "MASTER_"+strings.ToUpper(name)+"="+master)
	}
	management := httptest.NewServer(mux)
	t.Cleanup(management.Close)
	tls := httptest.NewTLSServer(front(sims))
	t.Cleanup(tls.Close)
	node := exec.CommandContext(t.Context(), "node", args...)
	node.Env = append(env, "MAPBOX="+management.URL, "MAPBOX_TLS="+tls.Listener.Addr().String())
	node.Stdout, node.Stderr = os.Stdout, os.Stderr
	if err := node.Run(); err != nil {
		t.Error(err)
	}
}

// manage serves the Tokens API and the management of a simulator without TLS, for the script.
func manage(sim *mapbox.Simulator) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/_sim/", sim.Management())
	mux.Handle("/", sim)
	return mux
}

// simulator returns a simulator with one account and a token that creates others.
func simulator(t *testing.T, name string) (*mapbox.Simulator, string) {
	t.Helper()
	sim, err := mapbox.New(mapbox.Config{TemporaryDiesWithParent: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := sim.AddAccount(name); err != nil {
		t.Fatal(err)
	}
	_, master, err := sim.AddToken(name, "creates the parents", scopes)
	if err != nil {
		t.Fatal(err)
	}
	return sim, master
}

// front stands for all names of mapbox.com. A request goes to the simulator of the account that its
// token names.
func front(sims map[string]*mapbox.Simulator) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sim := sims[user(r.URL.Query())]
		if sim == nil { // an unreadable token is refused anywhere
			sim = sims[accounts[0]]
		}
		sim.ServeHTTP(w, r)
	})
}

// user is the account in the payload of the request's token.
func user(query url.Values) string {
	part := strings.Split(query.Get("access_token"), ".")
	if len(part) != 3 {
		return ""
	}
	payload, _ := base64.RawURLEncoding.DecodeString(part[1])
	var claims struct {
		User string `json:"u"`
	}
	_ = json.Unmarshal(payload, &claims)
	return claims.User
}

// TestRecipes runs the blocks of docs/recipes.md.
func TestRecipes(t *testing.T) { //nolint:paralleltest // one browser at a time
	run(t, "recipes.mjs", "--only="+*only)
}
