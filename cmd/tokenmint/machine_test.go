package main

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/testkit/log"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// machine is a running dev process.
type machine struct {
	t     *testing.T
	lines map[string]string
	stop  func() error
	log   *log.Buffer
}

// startDev runs dev on free ports until the test ends or stop is called.
func startDev(t *testing.T, d dev) *machine {
	t.Helper()
	d.mint, d.mapbox, d.aws = "127.0.0.1:0", "127.0.0.1:0", ":0"
	d.envFile = filepath.Join(t.TempDir(), "env")
	d.backend.user = cmp.Or(d.backend.user, "dev")
	if d.getenv == nil {
		d.getenv = nothingSet
	}
	ctx, cancel := context.WithCancel(t.Context())
	m := &machine{t: t, log: &log.Buffer{}, lines: map[string]string{}}
	out, printed := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := d.run(ctx, printed, m.log)
		printed.CloseWithError(io.EOF)
		done <- err
	}()
	m.stop = sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() { _ = m.stop() })

	text := make([]byte, 4096)
	n, err := out.Read(text) // dev prints all lines in one write
	if err != nil {
		t.Fatalf("dev ended: %v\n%s", m.stop(), m.log.String())
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	for line := range strings.Lines(string(text[:n])) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		m.lines[name] = value
	}
	file, err := os.ReadFile(d.envFile)
	if err != nil || string(file) != string(text[:n]) {
		t.Errorf("--env-file holds other lines than were printed, or none: %v", err)
	}
	return m
}

// do sends a request and returns the status and the body of the reply.
func (m *machine) do(method, url, body string, header ...string) (int, string) {
	m.t.Helper()
	r, err := http.NewRequestWithContext(m.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		m.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Set(header[i], header[i+1])
	}
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		m.t.Fatal(err)
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil {
		m.t.Fatal(err)
	}
	return reply.StatusCode, string(text)
}

// mint requests a token and returns the verdict of the simulator.
func (m *machine) mint() tokens.Verdict {
	m.t.Helper()
	status, body := m.do("POST", m.lines["MINT_URL"]+"/tokens", "{}")
	var reply struct{ Token tokens.Token }
	if err := json.Unmarshal([]byte(body), &reply); status != 200 || err != nil {
		m.t.Fatalf("status %d: %v", status, err)
	}
	client, err := tokens.New(tokens.Config{BaseURL: m.lines["TOKENS_API_URL"]})
	if err != nil {
		m.t.Fatal(err)
	}
	got, err := client.Retrieve(m.t.Context(), reply.Token)
	if err != nil {
		m.t.Fatal(err)
	}
	return got.Verdict
}

// currentVersion returns the version id from the Secrets Manager endpoint.
func (m *machine) currentVersion() string {
	m.t.Helper()
	status, body := m.do("POST", m.lines["AWS_ENDPOINT_URL_SECRETS_MANAGER"],
		`{"SecretId":"`+m.lines["PARENT_SECRET_ID"]+`"}`,
		"X-Amz-Target", "secretsmanager.GetSecretValue", "Content-Type",
		"application/x-amz-json-1.1")
	var reply struct{ VersionID string }
	if err := json.Unmarshal([]byte(body), &reply); status != 200 || err != nil ||
		reply.VersionID == "" {
		m.t.Fatalf("status %d: %v", status, err)
	}
	return reply.VersionID
}

// getenv reads the lines that dev printed. set holds names and values that override them.
func (m *machine) getenv(set ...string) func(string) string {
	return func(name string) string {
		if i := slices.Index(set, name); i >= 0 {
			return set[i+1]
		}
		return m.lines[name]
	}
}

// deployment describes dev as if it were a deployed stack.
func (m *machine) deployment() deployment {
	m.t.Helper()
	d, err := openDeployment(m.t.Context(), m.getenv(), "", time.Now)
	if err != nil {
		m.t.Fatal(err)
	}
	return d
}

// auth returns the dev token with its user name.
func (m *machine) auth() tokens.Auth {
	return tokens.Auth{Token: tokens.NewToken(m.lines["MAPBOX_ACCESS_TOKEN"]), Username: "dev"}
}

// issue creates a permanent token with the dev token.
func (m *machine) issue(scopes ...string) tokens.Metadata {
	m.t.Helper()
	got, err := m.deployment().mapbox.Create(m.t.Context(), m.auth(),
		tokens.CreateRequest{Scopes: scopes})
	if err != nil {
		m.t.Fatal(err)
	}
	return got
}

// emptySecret creates a secret without a value, as the template does.
func (m *machine) emptySecret(name string) string {
	m.t.Helper()
	status, body := m.do("POST", m.lines["AWS_ENDPOINT_URL_SECRETS_MANAGER"], `{"Name":"`+name+`"}`,
		"X-Amz-Target", "secretsmanager.CreateSecret", "Content-Type", "application/x-amz-json-1.1")
	if status != 200 {
		m.t.Fatalf("status %d: %s", status, body)
	}
	return name
}

// put stores text, as a manual edit in the console does.
func (m *machine) put(secret, text string) {
	m.t.Helper()
	if err := m.deployment().secrets.Put(m.t.Context(), secret, newID(), secrets.NewValue(text),
		secrets.Current); err != nil {
		m.t.Fatal(err)
	}
}

// stored returns the credential in a secret.
func (m *machine) stored(secret string) secrets.Credential {
	m.t.Helper()
	version, err := m.deployment().secrets.Get(m.t.Context(), secret, "")
	if err != nil {
		m.t.Fatal(err)
	}
	credential, err := secrets.ParseCredential(version.Value)
	if err != nil {
		m.t.Fatal(err)
	}
	return credential
}

// needed are the scopes that the shipped configuration needs.
func needed(t *testing.T) []string {
	t.Helper()
	cfg, err := config.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	return cfg.ParentScopes()
}

// noToken fails if a text contains one of the token values, or any other token.
func noToken(t *testing.T, text string, values ...string) {
	t.Helper()
	if strings.Contains(text, ".eyJ") { // the beginning of every payload
		t.Error("a token shows in the output")
	}
	for _, value := range values {
		if signature := value[strings.LastIndex(value, ".")+1:]; signature != "" &&
			strings.Contains(text, signature) {
			t.Error("a token shows in the output")
		}
	}
}
