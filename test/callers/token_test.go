package callers_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/test/dev"
)

// jwt is a token of no one, with the group that the shipped policy names. dev does not verify it.
const jwt = "e30.eyJncm91cHMiOlsibWFwcyJdLCJzdWIiOiJhbm4ifQ.c2ln"

func TestTokenFromDev(t *testing.T) {
	t.Parallel()
	lines := dev.Start(t, root)
	mint := dev.Value(lines, "MINT_URL")
	env := []string{"MINT_URL=" + mint, "JWT=" + jwt, "PREFIXED=Bearer " + jwt}
	public := mint + "/public/tokens/public-map"
	//nolint:gosec // G101: the words are flags
	for name, args := range map[string]string{
		"alone":                "token",
		"a profile":            "token --profile web-map",
		"scopes and a life":    "token --scopes styles:read,fonts:read --ttl 15m",
		"another mint":         "token --url " + mint + "/",
		"a complete route":     "token --url " + mint + "/tokens",
		"a bearer":             "token --bearer-env JWT",
		"a bearer with a word": "token --bearer-env PREFIXED",
		"a bearer's route":     "token --bearer-env JWT --url " + mint + "/jwt/tokens",
		"the public route":     "token --url " + public,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := tokenmint(t, env, strings.Fields(args)...)
			if got.status != 0 || !isToken(got.out) || got.errors != "" {
				t.Errorf("status %d, %d bytes: %s", got.status, len(got.out), got.errors)
			}
		})
	}
	for name, tc := range map[string]struct {
		args   string
		status int
		says   string
	}{
		"a profile that is not there": {"token --profile nope", 1, "profile_not_allowed"},
		"a scope that is too much":    {"token --scopes tokens:write", 1, "scopes_not_allowed"},
		"a life that is too long":     {"token --ttl 2h", 1, "expires_too_far"},
		"a life that is too short":    {"token --ttl 1s", 1, "expires_too_soon"},
		"a route that is not there":   {"token --url " + mint + "/v9/tokens", 1, "404"},
		"a public profile": {"token --url " + mint + "/public/tokens/x",
			1, "no_such_profile"},
		"a profile for a public route": {"token --profile a --url " + public, 2,
			"its address names the profile"},
		"a bearer's route without one": {"token --url " + mint + "/jwt/tokens", 2, "--bearer-env"},
		"a variable that is not set":   {"token --bearer-env NOTHING", 1, "NOTHING is not set"},
		"a negative life":              {"token --ttl -5m", 2, "--ttl is negative"},
		"a life that is none":          {"token --ttl soon", 2, "--ttl"},
		"an argument":                  {"token web-map", 2, "takes flags only"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkRefused(t, tokenmint(t, env, strings.Fields(tc.args)...), tc.status, tc.says)
		})
	}
}

// answer is a handler that always answers the same. header holds names and values.
func answer(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

// What is not a mint, or has no token, gets one clear error at once: no token, and no loop.
func TestTokenFromSomethingElse(t *testing.T) {
	t.Parallel()
	at := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }
	const forbidden, sent = `{"message":"Forbidden"}`, `{"token":"tk.a.b","expires_in":%s}`
	for name, tc := range map[string]struct {
		handler http.HandlerFunc
		says    []string
	}{
		"an HTML page": {answer(200, "<!doctype html>", "Content-Type", "text/html"),
			[]string{"MINT_URL", "not the address of a mint", "an HTML page"}},
		"a login page": {answer(302, "", "Location", "https://login.example/?token=x"),
			[]string{"MINT_URL", "not the address of a mint", "redirect"}},
		"an empty reply": {answer(200, ""), []string{"not the address of a mint"}},
		"no token":       {answer(200, `{"ok":true}`), []string{"the reply has no token"}},
		"a secret token": {answer(200, `{"token":"sk.a.b","expires_in":9}`),
			[]string{"not the address"}},
		"expires_in 0":  {answer(200, fmt.Sprintf(sent, "0")), []string{"expires_in"}},
		"expires_in -9": {answer(200, fmt.Sprintf(sent, "-9")), []string{"expires_in"}},
		"expires_in text": {answer(200, fmt.Sprintf(sent, `"900"`)),
			[]string{"expires_in", "string"}},
		"40 days":   {answer(200, fmt.Sprintf(sent, "3456000")), []string{"expires_in"}},
		"not found": {answer(404, `{"message":"Not Found"}`), []string{"404", "MINT_URL"}},
		"forbidden": {answer(403, forbidden, "Apigw-Requestid", "r1"),
			[]string{"API Gateway", "Forbidden", "r1", "expired", "execute-api:Invoke"}},
		"a clock that is behind": {answer(403, forbidden, "Date", at(90*time.Minute)),
			[]string{"Forbidden", "the clock of this machine is 1h", "behind"}},
		"a clock that is ahead": {answer(403, forbidden, "Date", at(-90*time.Minute)),
			[]string{"the clock of this machine is 1h", "ahead"}},
		"expired credentials": {answer(403,
			`{"message":"The security token included in the request is expired"}`),
			[]string{"is expired", "get new AWS credentials"}},
		"busy for long": {answer(429, `{"message":"later","code":"budget_spent"}`,
			"Retry-After", "900"),
			[]string{"budget_spent", "later"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var requests atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(
				func(w http.ResponseWriter, r *http.Request) {
					requests.Add(1)
					tc.handler(w, r)
				}))
			t.Cleanup(server.Close)
			got := tokenmint(t, []string{"MINT_URL=" + server.URL}, "token")
			checkRefused(t, got, 1, tc.says...)
			if strings.Count(got.errors, "\n") != 1 || requests.Load() != 1 {
				t.Errorf("%d requests: %s", requests.Load(), got.errors)
			}
		})
	}
}

func TestTokenWaitsForAMintThatIsBusy(t *testing.T) {
	t.Parallel()
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1) == 1 {
			answer(503, `{"message":"later","code":"upstream_slow"}`)(w, r)
			return
		}
		answer(200, `{"token":"tk.a.b","expires_in":900}`)(w, r)
	}))
	t.Cleanup(server.Close)
	got := tokenmint(t, []string{"MINT_URL=" + server.URL}, "token")
	if got.status != 0 || got.out != "tk.a.b\n" ||
		!strings.Contains(got.errors, "upstream_slow") || requests.Load() != 2 {
		t.Errorf("%d requests, %+v", requests.Load(), got)
	}
}

func TestTokenWithoutAMint(t *testing.T) {
	t.Parallel()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	keys := []string{"AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=SENTINEL",
		"AWS_REGION=eu-west-1", "MINT_URL=https://mint.invalid"}
	for name, tc := range map[string]struct {
		env  []string
		says []string
	}{
		"no MINT_URL": {nil, []string{"MINT_URL is not set", "--url"}},
		"no address": {[]string{"MINT_URL=mint.example.com"},
			[]string{"MINT_URL", "complete"}},
		"plain http": {[]string{"MINT_URL=http://mint.example.com"},
			[]string{"MINT_URL", "https"}},
		"a password": {[]string{"MINT_URL=https://a:SENTINEL@mint.invalid"},
			[]string{"no query, user"}},
		"nothing listens":  {[]string{"MINT_URL=" + closed.URL}, []string{"refused", "MINT_URL"}},
		"no region":        {[]string{"MINT_URL=https://mint.invalid"}, []string{"AWS_REGION"}},
		"no credentials":   {keys[2:], []string{"no AWS credentials", "AWS_PROFILE"}},
		"half credentials": {keys[1:], []string{"AWS"}},
		"no such profile": {append(keys[2:], "AWS_PROFILE=nobody"),
			[]string{"no profile \"nobody\""}},
		"a broken proxy": {append(keys,
			"HTTPS_PROXY=http://me:SENTINEL@"+closed.Listener.Addr().String()),
			[]string{closed.Listener.Addr().String(), "HTTPS_PROXY"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := tokenmint(t, tc.env, "token")
			checkRefused(t, got, 1, tc.says...)
			if strings.Contains(got.errors, "SENTINEL") {
				t.Error("the error shows a secret")
			}
		})
	}
}

// A variable of a pipeline that is not set must not widen the request.
func TestTokenWithEmptyFlags(t *testing.T) {
	t.Parallel()
	for _, flag := range []string{"--profile=", "--scopes=", "--url=", "--bearer-env=", "--ttl=0"} {
		for status, command := range map[int][]string{
			2: {"token", flag}, 125: {"exec", flag, "--", "true"},
		} {
			got := tokenmint(t, []string{"MINT_URL=https://mint.invalid"}, command...)
			name, _, _ := strings.Cut(flag, "=")
			checkRefused(t, got, status, name+" is ")
		}
	}
}
