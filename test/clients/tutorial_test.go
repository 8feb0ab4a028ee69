//go:build clients

// Package clients_test runs programs of others against dev: curl, Mapbox's JavaScript SDK, and a
// fuzzer.
package clients_test

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/test/dev"
)

// tutorial is a reader of a cURL tutorial for the Tokens API.
type tutorial struct {
	t       *testing.T
	verdict string // the address that tells what a token is
}

// reply has the members of a reply that later requests use.
type reply struct{ ID, Token, Message string }

// The tutorial's own examples.
const (
	parentScopes = `["uploads:read", "uploads:list", "uploads:write", "tokens:write"]`
	uploadScopes = `["styles:tiles", "styles:read", "fonts:read", "datasets:read",
		"uploads:read", "uploads:write", "uploads:list"]`
)

// curl makes a request and checks the reply. A pattern that begins with ! must not match.
func (u tutorial) curl(name string, status int, pattern string, args ...string) reply {
	u.t.Helper()
	var got reply
	u.t.Run(name, func(t *testing.T) {
		args := append([]string{"-sS", "--max-time", "10", "-w", "\n%{http_code}"}, args...)
		out, err := exec.CommandContext(t.Context(), "curl", args...).Output()
		if err != nil {
			t.Fatal(err)
		}
		end := strings.LastIndex(string(out), "\n")
		_ = json.Unmarshal(out[:end], &got) // lists and empty bodies have no such members
		wanted, isUnwanted := strings.CutPrefix(pattern, "!")
		if regexp.MustCompile(wanted).Match(out[:end]) == isUnwanted ||
			string(out[end+1:]) != fmt.Sprint(status) {
			t.Errorf("status %s %s, want %d and %s", out[end+1:], got.Message, status, pattern)
		}
	})
	return got
}

// post sends JSON, with the header that says so.
func (u tutorial) post(name string, status int, pattern, url, body string) reply {
	u.t.Helper()
	return u.curl(name, status, pattern,
		"-X", "POST", url, "-H", "Content-Type: application/json", "-d", body)
}

// until is the body that asks for a temporary token, which ends so many minutes from now.
func until(minutes int, scopes string) string {
	expires := time.Now().Add(time.Duration(minutes) * time.Minute).UTC().Format(time.RFC3339)
	return fmt.Sprintf(`{"note": "Uploads temp token", "expires": %q, "scopes": %s}`,
		expires, scopes)
}

// TestTutorial makes every request of the tutorial, as its reader types it, to the simulator. It
// makes the requests for temporary tokens to the mint, too. It deletes what it creates.
func TestTutorial(t *testing.T) {
	t.Parallel()
	lines := dev.Start(t, root, "--mapbox-rate", "0")
	mapbox, user := dev.Value(lines, "TOKENS_API_URL"), dev.Value(lines, "MAPBOX_USERNAME")
	own := dev.Value(lines, "MAPBOX_ACCESS_TOKEN")
	api := mapbox + "/tokens/v2/" + user
	with := func(token string) string { return api + "?access_token=" + token }
	u := tutorial{t, mapbox + "/tokens/v2?access_token="}

	u.curl("list scopes", 200, `"id":"styles:read","public":true`,
		mapbox+"/scopes/v1/"+user+"?access_token="+own)

	public := u.post("public token", 200, `"usage":"pk".*"token":"pk\.`, with(own),
		`{"note": "Map token", "scopes": ["styles:tiles", "styles:read", "fonts:read"]}`)
	u.post("a public token cannot create one", 404, "Not Found",
		with(public.Token), until(30, `["styles:read"]`))

	uploads := `{"note": "Uploads token", "scopes": ` + uploadScopes + `}`
	secret := u.post("secret token", 200,
		`"note":"Uploads token","usage":"sk".*"default":false.*"token":"sk\.`, with(own), uploads)
	u.curl("retrieve it", 200, `"code":"TokenValid".*"usage":"sk"`, u.verdict+secret.Token)
	u.curl("list, which has it", 200, `"id":"`+secret.ID+`"`, with(own))
	u.curl("list, which has no secret value", 200, `!"token":"sk\.`, with(own))

	parent := u.post("token that can create tokens", 200, `"usage":"sk"`, with(own),
		`{"note": "Parent token", "scopes": `+parentScopes+`}`)
	u.post("not with scopes that it lacks", 422, "scopes are invalid", with(parent.Token), uploads)
	temporary := u.post("temporary token from it", 200, `"token":"tk\.`,
		with(parent.Token), until(30, parentScopes))
	u.post("temporary from temporary", 200, `"token":"tk\.`,
		with(temporary.Token), until(20, `["uploads:read"]`))
	u.post("not later than its own end", 422, "expiration of the authorizing token",
		with(temporary.Token), until(50, `["uploads:read"]`))

	u.temporaryTokens("simulator", with(own))
	u.curl("no temporary token in the list", 200, `!"usage":"tk"`, with(own))
	u.temporaryTokens("mint", dev.Value(lines, "MINT_URL")+"/tokens/v2/"+user+"?access_token="+own)

	for _, id := range []string{public.ID, secret.ID, parent.ID} {
		u.curl("delete a token", 204, "^$", "-X", "DELETE", api+"/"+id+"?access_token="+own)
	}
	u.curl("the deleted token is revoked", 200, `"code":"TokenRevoked"`, u.verdict+secret.Token)
}

// temporaryTokens makes the requests that simulator and mint both answer.
func (u tutorial) temporaryTokens(where, url string) {
	u.t.Helper()
	const temporary = `"token":"tk\..*"issued_at":"[^"]+Z".*"expires":"[^"]+Z".*"expires_in":[0-9]+`
	const valid = `"code":"TokenValid".*"usage":"tk"`
	got := u.post(where+": temporary token", 200, temporary, url, until(30, uploadScopes))
	u.curl(where+": it is valid", 200, valid, u.verdict+got.Token)
	got = u.curl(where+": temporary token, no Content-Type", 200, temporary,
		"-X", "POST", url, "-d", until(30, uploadScopes))
	u.curl(where+": it is valid, too", 200, valid, u.verdict+got.Token)
	u.post(where+": expires in the past", 422, "expires is in the past",
		url, until(-1, uploadScopes))
	u.post(where+": expires beyond an hour", 422, "expires is more than one hour in the future",
		url, until(90, uploadScopes))
}
