package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// examine runs doctor and returns what it prints.
func (m *machine) examine(d doctor) (string, error) {
	m.t.Helper()
	if d.now == nil {
		d.now = time.Now
	}
	var out bytes.Buffer
	err := d.run(m.t.Context(), &out, &out)
	noToken(m.t, out.String(), m.lines["MAPBOX_ACCESS_TOKEN"], m.stored(m.lines["PARENT_SECRET_ID"]).Token.Reveal())
	return out.String(), err
}

// hold stores a credential in a secret of its own and returns variables that name it.
func (m *machine) hold(name string, t tokens.Metadata, created time.Time) func(string) string {
	m.t.Helper()
	value, err := secrets.Credential{Token: t.Token, Scopes: t.Scopes, Created: created}.Encode()
	if err != nil {
		m.t.Fatal(err)
	}
	m.put(m.emptySecret(name), value.Reveal())
	return m.getenv("PARENT_SECRET_ID", name)
}

func TestDoctorFindsNothingInAFreshDev(t *testing.T) {
	t.Parallel()
	m := startDev(t, dev{})
	got, err := m.examine(doctor{getenv: m.getenv()})
	if err != nil || strings.Count("\n"+got, "\nok ") != 11 || strings.Contains(got, "WRONG") {
		t.Errorf("%v\n%s", err, got)
	}
	before := m.currentVersion()
	if _, err := m.examine(doctor{getenv: m.getenv()}); err != nil || m.currentVersion() != before {
		t.Errorf("a second look: %v", err)
	}
}

func TestDoctorExplainsWhatItFinds(t *testing.T) {
	t.Parallel()
	m := startDev(t, dev{})
	all := needed(t)
	later := func(d time.Duration) func() time.Time { return func() time.Time { return time.Now().Add(d) } }
	dead := m.issue(all...)
	m.hold("dead", dead, time.Now())
	if err := m.deployment().mapbox.Delete(t.Context(), m.auth(), dead.ID); err != nil {
		t.Fatal(err)
	}
	m.put(m.emptySecret("slip"), "oops")
	m.put(m.emptySecret("public"), m.issue("fonts:read").Token.Reveal())
	m.put(m.emptySecret("half"), m.issue(all...).Token.Reveal())
	pending := secrets.NewValue(m.issue(all...).Token.Reveal())
	if err := m.deployment().secrets.Put(t.Context(), "half", newID(), pending, secrets.Pending); err != nil {
		t.Fatal(err)
	}
	replaced := m.hold("replaced", m.issue(all...), time.Now())
	m.put("replaced", m.issue(all...).Token.Reveal())
	broken := filepath.Join(t.TempDir(), "broken.yaml")
	if err := os.WriteFile(broken, []byte("profiles: 1"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		doctor doctor
		wrong  bool
		says   []string
	}{
		"no variables":     {doctor{getenv: nothingSet}, true, []string{"WRONG  configuration: PARENT_SECRET_ID is not set"}},
		"a broken file":    {doctor{getenv: m.getenv(), config: broken}, true, []string{"WRONG  configuration: ", "broken.yaml"}},
		"no secret":        {doctor{getenv: m.getenv("PARENT_SECRET_ID", "none")}, true, []string{"WRONG  secret: ", "deploy the stack"}},
		"no value":         {doctor{getenv: m.getenv("PARENT_SECRET_ID", m.emptySecret("empty"))}, true, []string{"WRONG  secret: ", "tokenmint bootstrap"}},
		"no token":         {doctor{getenv: m.getenv("PARENT_SECRET_ID", "slip")}, true, []string{"WRONG  credential: "}},
		"a public token":   {doctor{getenv: m.getenv("PARENT_SECRET_ID", "public")}, true, []string{"WRONG  credential: ", "public token"}},
		"a deleted token":  {doctor{getenv: m.getenv("PARENT_SECRET_ID", "dead")}, true, []string{"WRONG  verdict: ", "TokenRevoked"}},
		"no Mapbox":        {doctor{getenv: m.getenv("TOKENS_API_URL", m.lines["MINT_URL"])}, true, []string{"WRONG  verdict: ", "TOKENS_API_URL"}},
		"too few scopes":   {doctor{getenv: m.hold("few", m.issue("tokens:read", "tokens:write"), time.Now())}, true, []string{"WRONG  scopes: the parent lacks ", "uploads:write"}},
		"no right to list": {doctor{getenv: m.hold("blind", m.issue("tokens:write", "fonts:read"), time.Now())}, true, []string{"WRONG  scopes: ", "tokens:read", "WRONG  rotation of parent: "}},
		"too many scopes":  {doctor{getenv: m.hold("many", m.issue(append(all, "vision:read")...), time.Now())}, false, []string{"note   scopes: beyond need: vision:read"}},
		"pasted just now":  {doctor{getenv: m.hold("pasted", m.issue(all...), time.Time{})}, false, []string{"note   age: a person stored", "note   last rotation: none of this parent yet", "note   rotation of parent: create, since the token was created manually"}},
		"pasted long ago":  {doctor{getenv: m.hold("forgotten", m.issue(all...), time.Time{}), now: later(3 * time.Hour)}, true, []string{"WRONG  age: a person stored the parent 3h0m0s ago"}},
		"due":              {doctor{getenv: m.getenv(), now: later(721 * time.Hour)}, false, []string{"note   rotation of parent: create"}},
		"overdue":          {doctor{getenv: m.getenv(), now: later(723 * time.Hour)}, true, []string{"WRONG  age: the parent is 723h0m0s old, of 720h0m0s, and no heartbeat has come"}},
		"half done":        {doctor{getenv: m.getenv("PARENT_SECRET_ID", "half")}, false, []string{"note   pending: a rotation began", "note   rotation of parent: promote"}},
		"stuck half done":  {doctor{getenv: m.getenv("PARENT_SECRET_ID", "half"), now: later(3 * time.Hour)}, true, []string{"WRONG  pending: AWSPENDING has been on"}},
		"replaced":         {doctor{getenv: replaced}, false, []string{"note   versions: earlier ones that are kept: 1", "note   rotation of parent: supersede"}},
	} {
		got, err := m.examine(tc.doctor)
		if (err != nil) != tc.wrong {
			t.Errorf("%s: error = %v, want one: %t\n%s", name, err, tc.wrong, got)
		}
		for _, want := range tc.says {
			if !strings.Contains(got, want) {
				t.Errorf("%s: no %q in:\n%s", name, want, got)
			}
		}
	}
}

func TestDoctorLooksForOrphans(t *testing.T) {
	t.Parallel()
	m := startDev(t, dev{})
	lost := tokens.CreateRequest{Scopes: []string{"fonts:read", "tokens:read"}, Note: "tokenmint/tokenmint/parent/" + newID()}
	if _, err := m.deployment().mapbox.Create(t.Context(), m.auth(), lost); err != nil {
		t.Fatal(err)
	}
	got, err := m.examine(doctor{getenv: m.getenv(), now: func() time.Time { return time.Now().Add(time.Hour) }})
	if err != nil || !strings.Contains(got, "note   rotation of parent: sweep") || !strings.Contains(got, "note   table: TOKEN_TABLE is not set") {
		t.Errorf("%v\n%s", err, got)
	}
}

// service is a double of a service that gives one answer.
func service(t *testing.T, status int, body string) (url string) {
	t.Helper()
	double := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(double.Close)
	return double.URL
}

func TestDoctorReadsTheLedger(t *testing.T) {
	t.Parallel()
	m := startDev(t, dev{})
	config := filepath.Join(t.TempDir(), "tokenmint.yaml")
	bounded := "profiles: {web-map: {scopes: [fonts:read], mints_per_minute: 7, allow: [jwt: {groups: maps}]}}"
	if err := os.WriteFile(config, []byte(bounded), 0o600); err != nil {
		t.Fatal(err)
	}
	noon := time.Date(2026, 1, 2, 12, 0, 30, 0, time.UTC)
	for name, tc := range map[string]struct {
		status int
		body   string
		says   string
		silent string
	}{
		"nothing yet": {200, `{}`, "ok     budget: 80 mints of 80 are left in this minute\n", "note   budget"},
		"some": {200, `{"Item":{"total":{"N":"5"},"p#uploads":{"N":"1"},"p#web-map":{"N":"4"}}}`,
			"ok     budget: 75 mints of 80 are left in this minute (minted: web-map 4, uploads 1)", "note   budget"},
		"all": {200, `{"Item":{"total":{"N":"80"},"p#uploads":{"N":"80"}}}`, "note   budget: all 80 mints of this minute are spent (minted: uploads 80)", "ok     budget"},
		"all of one": {200, `{"Item":{"total":{"N":"7"},"p#web-map":{"N":"7"}}}`,
			"note   budget: profile web-map has spent its own 7 of this minute", "note   budget: all"},
		"closed": {200, fmt.Sprintf(`{"Item":{"total":{"N":"5"},"closed":{"N":"%d"}}}`, noon.Add(20*time.Second).UnixMilli()),
			"note   budget: closed until 2026-01-02T12:00:50Z", "ok     budget"},
		"opened again": {200, fmt.Sprintf(`{"Item":{"closed":{"N":"%d"}}}`, noon.Add(-time.Second).UnixMilli()), "ok     budget: 80 mints", "note   budget"},
		"garbage":      {200, `{"Item":{"total":{"S":"many"}}}`, "WRONG  table: ledger budget#2026-01-02T12:00:00Z cannot be read", "budget: "},
		"no table":     {400, `{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"}`, "WRONG  table: ", "budget: "},
	} {
		d := doctor{config: config, getenv: m.getenv("TOKEN_TABLE", "shared", "AWS_ENDPOINT_URL_DYNAMODB", service(t, tc.status, tc.body))}
		d.now = func() time.Time { return noon }
		got, err := m.examine(d)
		if !strings.Contains(got, tc.says) || strings.Contains(got, tc.silent) || (err != nil) != strings.HasPrefix(tc.says, "WRONG") {
			t.Errorf("%s: no %q, or %q: %v\n%s", name, tc.says, tc.silent, err, got)
		}
	}
}

func TestDoctorLooksAtTheSchedule(t *testing.T) {
	t.Parallel()
	m := startDev(t, dev{})
	later := func(d time.Duration) func() time.Time { return func() time.Time { return time.Now().Add(d) } }
	pasted := m.hold("pasted", m.issue(needed(t)...), time.Time{})
	for name, tc := range map[string]struct {
		status int
		body   string
		now    func() time.Time
		says   []string
		wrong  bool
	}{
		"hourly": {200, `{"State":"ENABLED","ScheduleExpression":"rate(1 hour)"}`, time.Now, []string{"ok     schedule: heartbeat is enabled and beats by rate(1 hour)"}, false},
		"missed": {200, `{"State":"ENABLED","ScheduleExpression":"rate(1 hour)"}`, later(3 * time.Hour), []string{"WRONG  age: a person stored the parent 3h0m0s ago, and no heartbeat has come"}, true},
		"slower": {200, `{"State":"ENABLED","ScheduleExpression":"rate(12 hours)"}`, later(24 * time.Hour), []string{"note   age: a person stored the parent 24h0m0s ago"}, false},
		"quick":  {200, `{"State":"ENABLED","ScheduleExpression":"rate(10 minutes)"}`, later(31 * time.Minute), []string{"WRONG  age: a person stored the parent 31m0s ago"}, true},
		"cron":   {200, `{"State":"ENABLED","ScheduleExpression":"cron(0 4 * * ? *)"}`, later(48 * time.Hour), []string{"ok     schedule: ", "note   age: "}, false},
		"rarely": {200, `{"State":"ENABLED","ScheduleExpression":"rate(16 days)"}`, time.Now, []string{"WRONG  schedule: heartbeat beats by rate(16 days), too seldom for a parent that is replaced after 720h0m0s"}, true},
		"off":    {200, `{"State":"DISABLED","ScheduleExpression":"rate(1 hour)"}`, time.Now, []string{"WRONG  schedule: heartbeat is DISABLED, so no heartbeat comes"}, true},
		"over":   {200, `{"State":"ENABLED","ScheduleExpression":"rate(1 hour)","EndDate":1767225600}`, time.Now, []string{"WRONG  schedule: heartbeat has ended at 2026-01-01T00:00:00Z"}, true},
		"gone":   {404, `{"__type":"ResourceNotFoundException","Message":"Schedule heartbeat does not exist."}`, time.Now, []string{"WRONG  schedule: ResourceNotFoundException: Schedule heartbeat does not exist.; deploy the stack"}, true},
		"denied": {403, `{"__type":"AccessDeniedException","Message":"no"}`, time.Now, []string{"WRONG  schedule: AccessDeniedException: no; allow these credentials scheduler:GetSchedule"}, true},
		"barred": {403, `{"__type":"UnrecognizedClientException","Message":"no"}`, time.Now, []string{"WRONG  schedule: ", "are region and credentials right?"}, true},
		"no AWS": {200, `<html>`, time.Now, []string{"WRONG  schedule: ", "are region, endpoint and credentials right?"}, true},
	} {
		address := service(t, tc.status, tc.body)
		getenv := func(name string) string {
			return cmp.Or(map[string]string{"SCHEDULE_NAME": "heartbeat", "AWS_ENDPOINT_URL_SCHEDULER": address}[name], pasted(name))
		}
		got, err := m.examine(doctor{getenv: getenv, now: tc.now})
		for _, want := range tc.says {
			if !strings.Contains(got, want) || (err != nil) != tc.wrong {
				t.Errorf("%s: no %q: %v\n%s", name, want, err, got)
			}
		}
	}
	if got, _ := m.examine(doctor{getenv: pasted}); !strings.Contains(got, "note   schedule: SCHEDULE_NAME is not set") {
		t.Errorf("without a name:\n%s", got)
	}
}

func TestDoctorLocal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	says := func(text string) string { return "#!/bin/sh\necho '" + text + "'\n" }
	good := map[string]string{
		"git": says("git version 2.47.3"), "go": says("go version go1.26.8 linux/amd64"), "curl": says("curl 8.5.0 (x86_64)"), "sam": says("SAM CLI, version 1.150.0"),
		"aws": `#!/bin/sh
[ "$1" = sts ] && echo arn:aws:iam::123456789012:user/ann || echo aws-cli/2.31.0
`,
	}
	for name, tc := range map[string]struct {
		changed map[string]string // "" = it is not there
		wrong   bool
		says    string
	}{
		"all there":  {nil, false, "note   docker is not installed"},
		"no sam":     {map[string]string{"sam": ""}, true, "WRONG  sam is not installed; it builds and deploys the stack"},
		"old go":     {map[string]string{"go": says("go version go1.9.7 linux/amd64")}, true, "WRONG  go is of version 1.9.7, and should be 1.26 or later"},
		"new go":     {map[string]string{"go": says("go version go2.0 linux/amd64")}, false, "ok     go 2.0"},
		"old curl":   {map[string]string{"curl": says("curl 7.84.0 (x86_64)")}, true, "WRONG  curl is of version 7.84.0, and should be 7.88 or later"},
		"odd curl":   {map[string]string{"curl": says("what?")}, true, "WRONG  curl is of version unknown"},
		"broken aws": {map[string]string{"aws": "#!/bin/sh\nexit 3\n"}, true, "WRONG  aws does not say its version"},
		"known":      {nil, false, "ok     credentials: of arn:aws:iam::123456789012:user/ann"},
		"unknown":    {map[string]string{"aws": "#!/bin/sh\n[ $1 = --version ] && echo aws-cli/2.31.0\n"}, true, "WRONG  credentials: AWS does not take"},
		"no git":     {map[string]string{"git": ""}, false, "note   git is not installed"},
		"scopes":     {nil, false, "note   mapbox token: make one with datasets:read, "},
		"docker":     {map[string]string{"docker": says("Docker version 28.2.2, build 1")}, false, "ok     docker 28.2.2"},
	} {
		files := maps.Clone(good)
		maps.Copy(files, tc.changed)
		lookPath := func(tool string) (string, error) {
			if files[tool] == "" {
				return "", errors.New("not there")
			}
			path := filepath.Join(dir, strings.ReplaceAll(name, " ", "-")+"-"+tool)
			return path, os.WriteFile(path, []byte(files[tool]), 0o700) //nolint:gosec // G306: it is to be run
		}
		var out bytes.Buffer
		err := doctor{local: true, lookPath: lookPath}.run(t.Context(), &out, &out)
		if (err != nil) != tc.wrong || !strings.Contains(out.String(), tc.says) {
			t.Errorf("%s: %v, no %q in:\n%s", name, err, tc.says, out.String())
		}
	}
}

// TestDeployNamesThePrerequisites: who has followed the page's list has what doctor looks for, and the other way round.
func TestDeployNamesThePrerequisites(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/deploy.md")
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, tool := range tools {
		row := tool.name + " " + cmp.Or(tool.least, "any")
		if tool.optional {
			row += " optional"
		}
		want = append(want, row)
	}
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(line, " | ")
		if name, ok := strings.CutPrefix(cells[0], "| `"); ok && len(cells) == 4 && cells[3] == "`doctor --local`: its version |\n" {
			got = append(got, strings.TrimSuffix(name, "`")+" "+cells[1])
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("docs/deploy.md lists %q, doctor --local looks for %q", got, want)
	}
}
