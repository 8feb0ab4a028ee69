package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
)

// TestDoctorProbesTheRoutes: API Gateway refuses a caller without credentials. Every other answer is a fault, and no probe can get a token.
func TestDoctorProbesTheRoutes(t *testing.T) {
	t.Parallel()
	m := startDev(t, dev{})
	for name, tc := range map[string]struct {
		status int
		body   string
		says   string
	}{
		"IAM":                {403, `{"message":"Forbidden"}`, "ok     route /tokens: refuses a caller without credentials (403)"},
		"JWT":                {401, `{"message":"Unauthorized"}`, "ok     route /tokens/v2/doctor: refuses a caller without credentials (401)"},
		"gone":               {404, `{"message":"Not Found"}`, "WRONG  route /tokens: is gone (404); deploy again"},
		"both gone":          {404, `{"message":"Not Found"}`, "WRONG  route /tokens/v2/doctor: is gone (404)"},
		"no authorizer":      {403, `{"message":"…","code":"no_authorizer"}`, "WRONG  route /tokens: API Gateway has no authorizer for it"},
		"open":               {200, `{"token":"…"}`, "WRONG  route /tokens: answered 200 to a request without credentials"},
		"throttled":          {429, `{"message":"Too Many Requests"}`, "note   route /tokens: is throttled now (429)"},
		"broken":             {500, `{"message":"Internal Server Error"}`, "WRONG  route /tokens: answered 500"},
		"moved":              {301, ``, "WRONG  route /tokens: answered 301"},
		"something else":     {405, `<html>`, "WRONG  route /tokens: answered 405"},
		"dev":                {400, `{"message":"…","code":"malformed"}`, "ok     route /tokens: answers; on this machine dev says who calls"},
		"another gateway":    {403, `<html>`, "ok     route /tokens: refuses a caller without credentials (403)"},
		"code of other kind": {403, `{"code":7}`, "ok     route /tokens: refuses a caller without credentials (403)"},
	} {
		got, err := m.examine(doctor{getenv: m.getenv("MINT_URL", service(t, tc.status, tc.body))})
		if !strings.Contains(got, tc.says) || (err != nil) != strings.HasPrefix(tc.says, "WRONG") {
			t.Errorf("%s: no %q: %v\n%s", name, tc.says, err, got)
		}
	}
	for _, tc := range []struct{ address, says string }{
		{"", "note   routes: MINT_URL is not set"},
		{"maps.example.com", "WRONG  routes: MINT_URL is not an http or https address"},
		{"http://127.0.0.1:1", "WRONG  route /tokens: "},
	} {
		got, _ := m.examine(doctor{getenv: m.getenv("MINT_URL", tc.address)})
		if !strings.Contains(got, tc.says) {
			t.Errorf("%s: no %q in\n%s", tc.address, tc.says, got)
		}
	}
}

func TestProbesCarryNoCredentials(t *testing.T) {
	t.Parallel()
	m := startDev(t, dev{})
	double := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get("Authorization") != "" || r.Header.Get("Cookie") != "" || string(body) != "{" || r.Method != http.MethodPost {
			t.Errorf("%s %s with %v, %q: %v", r.Method, r.URL, r.Header, body, err)
		}
		http.Redirect(w, r, "https://example.com/", http.StatusFound)
	}))
	t.Cleanup(double.Close)
	if got, err := m.examine(doctor{getenv: m.getenv("MINT_URL", double.URL)}); err == nil {
		t.Errorf("a redirect is no refusal:\n%s", got)
	}
}

func TestDoctorLooksAtTheQueue(t *testing.T) {
	t.Parallel()
	m := startDev(t, dev{})
	const queue = "https://sqs.us-east-1.amazonaws.com/123456789012/undone"
	for name, tc := range map[string]struct {
		status int
		body   string
		says   string
	}{
		"empty":   {200, `{"Attributes":{"ApproximateNumberOfMessages":"0"}}`, "ok     queue: no failed run waits"},
		"three":   {200, `{"Attributes":{"ApproximateNumberOfMessages":"3"}}`, "WRONG  queue: messages that wait: 3. "},
		"unsaid":  {200, `{"Attributes":{}}`, "WRONG  queue: SQS does not say"},
		"gone":    {400, `{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"no such queue"}`, "WRONG  queue: "},
		"denied":  {403, `{"__type":"com.amazonaws.sqs#AccessDenied","message":"no"}`, "allow these credentials sqs:GetQueueAttributes on it"},
		"garbage": {200, `<html>`, "WRONG  queue: "},
	} {
		getenv := m.getenv("UNDONE_QUEUE_URL", queue, "AWS_ENDPOINT_URL_SQS", service(t, tc.status, tc.body))
		got, err := m.examine(doctor{getenv: getenv})
		if !strings.Contains(got, tc.says) || (err == nil) != strings.HasPrefix(tc.says, "ok") {
			t.Errorf("%s: no %q: %v\n%s", name, tc.says, err, got)
		}
	}
	if got, _ := m.examine(doctor{getenv: m.getenv()}); !strings.Contains(got, "note   queue: UNDONE_QUEUE_URL is not set") {
		t.Errorf("without a queue:\n%s", got)
	}
}

// TestDoctorLooksAtEveryToken: each token besides the parent has a secret, works, and is renewed in time, or doctor says so.
func TestDoctorLooksAtEveryToken(t *testing.T) {
	t.Parallel()
	m := startDev(t, dev{})
	file := filepath.Join(t.TempDir(), "tokenmint.yaml")
	text := "profiles: {web-map: {scopes: [fonts:read], allow: [jwt: {groups: maps}]}}\ntokens:\n"
	for _, name := range []string{"none", "empty", "slip", "good", "dead", "pasted", "half"} {
		text += fmt.Sprintf("  %s: {secret: %s, scopes: [fonts:read, uploads:read], rotate_every: 24h, retire_after: 4h}\n", name, name)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	scopes := []string{"fonts:read", "uploads:read"}
	m.emptySecret("empty")
	m.put(m.emptySecret("slip"), "to be done")
	m.hold("good", m.issue(scopes...), time.Now())
	dead := m.issue(scopes...)
	m.hold("dead", dead, time.Now())
	if err := m.deployment().mapbox.Delete(t.Context(), m.auth(), dead.ID); err != nil {
		t.Fatal(err)
	}
	m.hold("pasted", m.issue(scopes...), time.Time{})
	m.hold("half", m.issue(scopes...), time.Now().AddDate(100, 0, 0)) // a date that a person pasted
	pending := secrets.NewValue(m.issue(scopes...).Token.Reveal())
	if err := m.deployment().secrets.Put(t.Context(), "half", newID(), pending, secrets.Pending); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		after time.Duration
		says  []string
	}{
		{0, []string{
			"WRONG  token none: ", "make its secret: aws secretsmanager create-secret --name none",
			"note   token empty: its secret holds no permanent token yet; the next heartbeat makes one, or: tokenmint rotate --name empty",
			"note   token slip: its secret holds no permanent token yet",
			"ok     token good: works; it is 0s old, of 24h0m0s",
			"WRONG  token dead: the token does not work: Mapbox calls it TokenRevoked; replace it now: tokenmint rotate --name dead --force",
			"note   token pasted: works; a person stored it 0s ago, and the next heartbeat replaces it",
			"note   token half: a rotation began 0s ago",
		}},
		{24 * time.Hour, []string{
			"note   token good: works; it is due: 24h0m0s old, of 24h0m0s",
			"WRONG  token pasted: works; a person stored it 24h0m0s ago, and no heartbeat has replaced it",
			"WRONG  token half: AWSPENDING has been on version",
		}},
		{27 * time.Hour, []string{
			"WRONG  token good: works; it is overdue: 27h0m0s old, of 24h0m0s",
			"WRONG  token half: works; it is overdue: 27h0m0s old",
		}},
	} {
		now := func() time.Time { return time.Now().Add(tc.after) }
		got, err := m.examine(doctor{getenv: m.getenv(), config: file, now: now})
		for _, want := range tc.says {
			if err == nil || !strings.Contains(got, want) {
				t.Errorf("after %s: no %q: %v\n%s", tc.after, want, err, got)
			}
		}
	}
}

// TestDoctorShowsWhatTheRotatorCannotRepair: a run succeeds beside an old version that cannot be read, so only doctor tells.
func TestDoctorShowsWhatTheRotatorCannotRepair(t *testing.T) {
	t.Parallel()
	m := startDev(t, dev{})
	old := m.currentVersion()
	m.put(m.lines["PARENT_SECRET_ID"], m.issue(needed(t)...).Token.Reveal())
	service, err := url.Parse(m.lines["AWS_ENDPOINT_URL_SECRETS_MANAGER"])
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(service)
	double := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".GetSecretValue") && bytes.Contains(body, []byte(old)) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"__type":"DecryptionFailure","message":"the key is gone"}`)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(double.Close)
	got, err := m.examine(doctor{getenv: m.getenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", double.URL)})
	for _, want := range []string{
		"WRONG  rotation of parent: version " + old + " cannot be read, so its token ", "make the version readable",
		"note   rotation of parent: supersede",
	} {
		if err == nil || !strings.Contains(got, want) {
			t.Errorf("no %q: %v\n%s", want, err, got)
		}
	}
}
