//go:build unix && (clients || moto)

package callers_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/test/dev"
)

const roleARN = "arn:aws:iam::123456789012:role/uploads-ci"

// in returns the inputs of a step: an address, a role, a region, and more names and values.
func in(url string, more ...string) map[string]string {
	inputs := map[string]string{"url": url, "role": roleARN, "region": "eu-west-1"}
	for i := 0; i < len(more); i += 2 {
		inputs[more[i]] = more[i+1]
	}
	return inputs
}

// checkToken wants a token that is masked before it is printed, and nothing else for later steps.
func checkToken(t *testing.T, got step) {
	t.Helper()
	if fault := faultOf(got); fault != "" {
		t.Fatalf("%s: status %d: %s", fault, got.status, dev.Show([]byte(got.out+got.errors)))
	}
}

// faultOf says what is wrong with a step that should have got a token, or "".
func faultOf(got step) string {
	token := got.outputs["token"]
	end, err := time.Parse(time.RFC3339, got.outputs["expires"])
	masked := strings.Split(strings.TrimSuffix(got.out, "\n"), "\n")
	isMask := func(line string) bool { return strings.HasPrefix(line, "::add-mask::") }
	switch {
	case got.status != 0 || !strings.HasPrefix(token, "tk.") || got.errors != "":
		return "no token"
	case err != nil || !end.After(time.Now()) || len(got.outputs) != 2:
		return "wrong outputs"
	case slices.ContainsFunc(masked, func(line string) bool { return !isMask(line) }) &&
		got.out != "":
		return "the log shows something"
	case !slices.Contains(masked, "::add-mask::"+token):
		return "the token is not masked"
	case got.env != "":
		return "a later step gets something"
	}
	return ""
}

func TestActionGetsATokenFromDev(t *testing.T) {
	t.Parallel()
	mint := dev.Value(dev.Start(t, root), "MINT_URL")
	env := cloud(t)
	for name, inputs := range map[string]map[string]string{
		"a role":  in(mint),
		"a route": in(mint + "/tokens"),
		"all inputs": in(mint+"/", "profile", "web-map", "scopes", "styles:read, fonts:read",
			"ttl", "15m"),
		"the public route": {"url": mint + "/public/tokens/public-map"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := runAction(t, env, inputs)
			checkToken(t, got)
			for _, secret := range []string{oidcToken, stsSecret, stsSession} {
				if inputs["role"] != "" && !strings.Contains(got.out, "::add-mask::"+secret+"\n") {
					t.Error("a secret is not masked")
				}
			}
		})
	}
	earlier := []string{"AWS_ACCESS_KEY_ID=AKID", "AWS_SECRET_ACCESS_KEY=s", "AWS_REGION=eu-west-1"}
	t.Run("credentials of an earlier step", func(t *testing.T) {
		t.Parallel()
		checkToken(t, runAction(t, earlier, map[string]string{"url": mint}))
	})
}

// A step that fails leaves no output, and its one error names the cause.
func TestActionFails(t *testing.T) {
	t.Parallel()
	lines := dev.Start(t, root)
	mint := dev.Value(lines, "MINT_URL")
	env := cloud(t)
	html := httptest.NewServer(answer(200, "<html>", "Content-Type", "text/html"))
	t.Cleanup(html.Close)
	login := httptest.NewServer(answer(302, "", "Location", "https://login.example"))
	t.Cleanup(login.Close)
	forbidden := httptest.NewServer(answer(403, `{"message":"Forbidden"}`))
	t.Cleanup(forbidden.Close)
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	half := httptest.NewServer(answer(200, `{"token":"tk.SENTINEL"`, "Content-Length", "500"))
	t.Cleanup(half.Close)
	for name, tc := range map[string]struct {
		env    []string
		inputs map[string]string
		says   string
	}{
		"a fork's pull request": {nil, in(mint),
			"id-token: write"},
		"a role that does not trust": {env, in(mint, "role", "arn:other"),
			"AWS refuses the role: AccessDenied: Not authorized: 100%25"},
		"no credentials": {nil, in(mint, "role", ""), "give the input role"},
		"no region":      {env, in(mint, "region", ""), "region"},
		"no url":         {env, in(""), "the input url is empty"},
		"plain http":     {env, in("http://mint.example"), "address of a mint"},
		"a refusal": {env, in(mint, "profile", "nope"),
			"the mint refuses: profile_not_allowed"},
		"a scope that breaks out": {env, in(mint, "scopes", `a"],"ttl":"1h`),
			"scopes has characters"},
		"an HTML page": {env, in(html.URL),
			"is the url that of a mint?"},
		"a login page": {env, in(login.URL),
			"status 302"},
		"API Gateway refuses": {env, in(forbidden.URL),
			"API Gateway refuses: Forbidden (status 403)"},
		"half a reply": {env, in(half.URL), "the mint does not answer"},
		"nothing listens": {env, in(closed.URL),
			"the mint does not answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := runAction(t, tc.env, tc.inputs)
			last := got.out[strings.LastIndex(strings.TrimSuffix(got.out, "\n"), "\n")+1:]
			if got.status != 1 || len(got.outputs) != 0 || got.env != "" || got.errors != "" ||
				!strings.HasPrefix(last, "::error title=tokenmint::") ||
				!strings.Contains(last, tc.says) || showsSentinel(got.out) {
				t.Errorf("status %d, %d outputs: %s%s", got.status, len(got.outputs), last,
					got.errors)
			}
		})
	}
}

// showsSentinel reports whether a line shows a secret that is not masked there.
func showsSentinel(out string) bool {
	for line := range strings.Lines(out) {
		if strings.Contains(line, "SENTINEL") && !strings.HasPrefix(line, "::add-mask::") {
			return true
		}
	}
	return false
}

// spyMint is a mint that reads the list of processes while it is asked.
func spyMint(t *testing.T) (address string, seen chan string) {
	t.Helper()
	seen = make(chan string, 1)
	mint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var list []byte
		files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
		for _, file := range files {
			text, _ := os.ReadFile(file)
			list = append(list, text...)
		}
		seen <- string(list)
		answer(200, `{"token":"tk.a.b","expires":"2999-01-01T00:00:00Z","expires_in":900}`)(w, r)
	}))
	t.Cleanup(mint.Close)
	return mint.URL, seen
}

func showsSecret(list string) bool {
	return slices.ContainsFunc([]string{requestToken, oidcToken, stsSecret, stsSession},
		func(secret string) bool { return strings.Contains(list, secret) })
}

// While the step waits for the mint, the list of processes shows no secret.
func TestActionShowsNoSecretInTheProcessList(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/cmdline"); err != nil {
		t.Skip("there is no /proc")
	}
	address, seen := spyMint(t)
	checkToken(t, runAction(t, cloud(t), in(address)))
	if list := <-seen; showsSecret(list) || !strings.Contains(list, "token.sh") {
		t.Error("the list of processes shows a secret, or was not read while the step ran")
	}
}

// Without its guard, each promise of the Action is broken, and the checks see it.
func TestActionGuards(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile(filepath.Join(root, "clients/action/token.sh"))
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ text, without, want string }{
		"the mask": {`[[ -z $token ]] || mask "$token"`, ":", "the token is not masked"},
		"no credentials for later steps": {"ask_mint\ntoken=",
			"ask_mint\necho \"AWS_SECRET_ACCESS_KEY=$secret\" >>\"$GITHUB_ENV\"\ntoken=",
			"a later step gets something"},
		"a silent log": {"ask_mint\ntoken=", "ask_mint\necho \"$reply\"\ntoken=",
			"the log shows something"},
		"no secret in arguments": {"--config - \\\n", "--config - --header \"x: ${secret:-}\" \\\n",
			"the list shows a secret"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			home := t.TempDir()
			if strings.Count(string(source), tc.text) != 1 {
				t.Fatalf("the script does not have %q once", tc.text)
			}
			edited := strings.Replace(string(source), tc.text, tc.without, 1)
			err := os.WriteFile(filepath.Join(home, "token.sh"), []byte(edited), 0o600)
			if err != nil {
				t.Fatal(err)
			}
			address, seen := spyMint(t)
			fault := faultOf(runActionIn(t, home, cloud(t), in(address)))
			if list := <-seen; fault == "" && showsSecret(list) {
				fault = "the list shows a secret"
			}
			if fault != tc.want {
				t.Errorf("%q, want %q", fault, tc.want)
			}
		})
	}
}

// The inputs and outputs are those of the contract, and the outputs are what the step writes.
func TestActionHasTheInputsOfTheContract(t *testing.T) {
	t.Parallel()
	a := readAction(t)
	var inputs, outputs []string
	for name := range a.Inputs {
		inputs = append(inputs, name)
	}
	for name, output := range a.Outputs {
		outputs = append(outputs, name)
		if output.Value != "${{ steps."+a.Runs.Steps[0].ID+".outputs."+name+" }}" {
			t.Errorf("%s is %s", name, output.Value)
		}
	}
	slices.Sort(inputs)
	slices.Sort(outputs)
	if !slices.Equal(inputs, []string{"profile", "region", "role", "scopes", "ttl", "url"}) ||
		!slices.Equal(outputs, []string{"expires", "token"}) || a.Runs.Using != "composite" {
		t.Errorf("inputs %v, outputs %v", inputs, outputs)
	}
}

// A mint that is busy is asked again, and the answers are not mixed.
func TestActionWaitsForAMintThatIsBusy(t *testing.T) {
	t.Parallel()
	var requests atomic.Int32
	mint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1) == 1 {
			answer(503, `{"message":"later","code":"upstream_slow"}`)(w, r)
			return
		}
		answer(200, `{"token":"tk.a.b","expires":"2999-01-01T00:00:00Z","expires_in":900}`)(w, r)
	}))
	t.Cleanup(mint.Close)
	checkToken(t, runAction(t, cloud(t), in(mint.URL)))
}
