//go:build samples

package docs_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/tokenmint/tokenmint/test/dev"
	"github.com/tokenmint/tokenmint/test/docs/fence"
)

// The credentials that the samples sign with.
var awsVariables = []string{
	"AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=AKIDEXAMPLE",
	"AWS_SECRET_ACCESS_KEY=wJalr/XUtn+EXAMPLE", "AWS_SESSION_TOKEN=IQoJ/b3Jp+Z2lu==",
}

// shells are how a pipeline may run a script: GitHub Actions with and without `shell: bash`,
// GitLab, a container without bash.
var shells = map[string][]string{
	"bash -eo pipefail": {"bash", "--noprofile", "--norc", "-eo", "pipefail"},
	"bash -e":           {"bash", "-e"},
	"bash -eux":         {"bash", "-eux"},
	"bash":              {"bash"},
	"sh":                {"sh"},
	"sh -eu":            {"sh", "-eu"},
}

// pipeline is the sample that a pipeline uses: the one that sets $token.
func pipeline(t *testing.T) fence.Block {
	t.Helper()
	for _, block := range blocks(t, "sh aws") {
		if strings.Contains(block.Text, "token=$(") {
			return block
		}
	}
	t.Fatal("no page has a sample for pipelines")
	return fence.Block{}
}

// outcome is that of a script: its status, its output, and what $token held at its end.
type outcome struct {
	status                int
	stdout, stderr, token string
}

// runPipeline runs the sample as printed, after lines that stand for an earlier step, and says what
// is in $token at the end.
func runPipeline(t *testing.T, shell []string, env ...string) outcome {
	t.Helper()
	at := filepath.Join(t.TempDir(), "token")
	script := "token=stale; trap 'printf %s \"$token\" >" + at + "' EXIT\n" + pipeline(t).Text +
		"echo continued\n"
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, shell[0], shell[1:]...)
	cmd.Stdin = strings.NewReader(script)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}, env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if _, isExit := errors.AsType[*exec.ExitError](err); err != nil && !isExit {
		t.Fatal(err)
	}
	token, err := os.ReadFile(at)
	if err != nil {
		t.Fatal(err)
	}
	return outcome{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String(), string(token)}
}

// reply is a handler that always says the same.
func reply(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// reset ends the connection before a reply.
func reset(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// half promises more than it sends.
func half(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	_, _ = io.WriteString(w, `{"token":"tk.half","expires":"2026-01-02T15:04:05Z"}`)
}

const mintJSON = "application/json"

func TestSamplePipelineFailsLoudly(t *testing.T) {
	t.Parallel()
	refusal := func(code string) string {
		return `{"message":"no","code":"` + code +
			`","request_id":"1"}`
	}
	for name, handler := range map[string]http.HandlerFunc{
		"400":             reply(400, mintJSON, refusal("malformed")),
		"401":             reply(401, mintJSON, `{"message":"Unauthorized"}`),
		"403":             reply(403, mintJSON, refusal("caller_not_allowed")),
		"403 of AWS":      reply(403, mintJSON, `{"message":"Forbidden"}`),
		"404":             reply(404, mintJSON, `{"message":"Not Found"}`),
		"422":             reply(422, mintJSON, refusal("scopes_invalid")),
		"429":             reply(429, mintJSON, refusal("budget_spent")),
		"500":             reply(500, mintJSON, refusal("internal")),
		"503":             reply(503, mintJSON, refusal("parent_unusable")),
		"502 in HTML":     reply(502, "text/html", "<html>Bad Gateway</html>"),
		"200 in HTML":     reply(200, "text/html", "<html>{\"token\":\"tk.no\"}</html>"),
		"redirect":        reply(302, "text/html", "see elsewhere"),
		"empty":           reply(200, mintJSON, ""),
		"no content":      reply(204, "", ""),
		"empty object":    reply(200, mintJSON, "{}"),
		"null":            reply(200, mintJSON, "null"),
		"array":           reply(200, mintJSON, `[{"token":"tk.no"}]`),
		"no token":        reply(200, mintJSON, `{"message":"no"}`),
		"empty token":     reply(200, mintJSON, `{"token":"","expires_in":3599}`),
		"token null":      reply(200, mintJSON, `{"token":null,"expires_in":3599}`),
		"token a number":  reply(200, mintJSON, `{"token":7,"expires_in":3599}`),
		"token a command": reply(200, mintJSON, `{"token":"$(id) \"x","expires_in":3599}`),
		"cut off":         reply(200, mintJSON, `{"token":"tk.no","issued_at":"2026-`),
		"half":            half,
		"reset":           reset,
	} {
		server := httptest.NewServer(handler)
		t.Cleanup(server.Close)
		for shell, command := range shells {
			t.Run(name+" in "+shell, func(t *testing.T) {
				t.Parallel()
				wantLoud(t, runPipeline(t, command,
					append([]string{"MINT_URL=" + server.URL}, awsVariables...)...))
			})
		}
	}
}

func wantLoud(t *testing.T, got outcome) {
	t.Helper()
	if got.status == 0 || got.token != "" || got.stdout != "" ||
		!strings.Contains(got.stderr, "no token: ") {
		t.Errorf("got %+v, want a failure that standard error explains, and no token", got)
	}
}

func TestSamplePipelineWithoutAMint(t *testing.T) {
	t.Parallel()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	for name, env := range map[string][]string{
		"closed port":    append([]string{"MINT_URL=" + closed.URL}, awsVariables...),
		"unknown host":   append([]string{"MINT_URL=http://mint.invalid"}, awsVariables...),
		"no MINT_URL":    awsVariables,
		"no credentials": {"MINT_URL=" + closed.URL, "AWS_REGION=eu-west-1"},
		"no region":      append([]string{"MINT_URL=" + closed.URL}, awsVariables[1:]...),
	} {
		for shell, command := range shells {
			t.Run(name+" in "+shell, func(t *testing.T) {
				t.Parallel()
				wantLoud(t, runPipeline(t, command, env...))
			})
		}
	}
}

// TestSamplePipelineSigns compares the signature of curl with that of AWS's own SDK, with and
// without a session token.
func TestSamplePipelineSigns(t *testing.T) {
	t.Parallel()
	for name, variables := range map[string][]string{"session": awsVariables,
		"user": awsVariables[:3]} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(
				http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					checkSignature(t, r, len(variables) == len(awsVariables))
					reply(200, mintJSON, `{"token": "tk.eyJ1.sig_-n", "expires_in": 3599}`)(w, r)
				}))
			t.Cleanup(server.Close)
			got := runPipeline(t, shells["bash -eo pipefail"],
				append([]string{"MINT_URL=" + server.URL}, variables...)...)
			if got.status != 0 || got.token != "tk.eyJ1.sig_-n" {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func checkSignature(t *testing.T, r *http.Request, hasSession bool) {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	header := r.Header.Get("Authorization")
	session := r.Header.Get("X-Amz-Security-Token")
	if hasSession != (session != "") ||
		hasSession != strings.Contains(header, "x-amz-security-token") {
		t.Errorf("the session token is not signed: %s", header)
	}
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil {
		t.Error(err)
		return
	}
	url := "http://" + r.Host + r.URL.Path
	//nolint:gosec // is not sent
	again, err := http.NewRequestWithContext(t.Context(), r.Method, url, bytes.NewReader(body))
	if err != nil {
		t.Error(err)
		return
	}
	again.ContentLength = -1 // curl does not sign the length
	again.Header.Set("Content-Type", r.Header.Get("Content-Type"))
	if !strings.Contains(header, "content-type") {
		again.Header.Del("Content-Type")
	}
	sum := sha256.Sum256(body)
	credentials := aws.Credentials{ //nolint:gosec // an example
		AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "wJalr/XUtn+EXAMPLE", SessionToken: session,
	}
	err = v4.NewSigner().SignHTTP(t.Context(), credentials, again, hex.EncodeToString(sum[:]),
		"execute-api", "eu-west-1", at)
	if err != nil {
		t.Error(err)
	}
	signature := func(header string) string { return header[strings.LastIndex(header, "=")+1:] }
	if want := again.Header.Get("Authorization"); signature(want) != signature(header) {
		t.Errorf("curl signs\n%s\nthe SDK signs\n%s", header, want)
	}
}

// TestSamplePipelineGetsATokenFromDev: the token works, GitHub masks it, and no other log shows it.
func TestSamplePipelineGetsATokenFromDev(t *testing.T) {
	t.Parallel()
	env := slices.Concat(dev.Start(t, root), awsVariables)
	for shell, command := range shells {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			got := runPipeline(t, command, env...)
			if got.status != 0 || !strings.HasPrefix(got.token, "tk.") ||
				strings.Contains(got.stdout+got.stderr, got.token) {
				t.Errorf("status %d, %d bytes of token", got.status, len(got.token))
			}
			got = runPipeline(t, command, slices.Concat(env, []string{"GITHUB_ACTIONS=true"})...)
			if mask := "::add-mask::" + got.token + "\n"; got.status != 0 ||
				got.stdout != mask+"continued\n" {
				t.Errorf("status %d: the token is not masked on GitHub", got.status)
			}
		})
	}
}
