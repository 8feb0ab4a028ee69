package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

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

func TestDoctorChecksParent(t *testing.T) {
	t.Parallel()
	m := startDev(t, dev{})
	all := needed(t)
	later := func(d time.Duration) func() time.Time {
		return func() time.Time { return time.Now().Add(d) }
	}
	dead := m.issue(all...)
	m.hold("dead", dead, time.Now())
	if err := m.deployment().mapbox.Delete(t.Context(), m.auth(), dead.ID); err != nil {
		t.Fatal(err)
	}
	m.put(m.emptySecret("slip"), "oops")
	m.put(m.emptySecret("public"), m.issue("fonts:read").Token.Reveal())
	m.put(m.emptySecret("half"), m.issue(all...).Token.Reveal())
	pending := secrets.NewValue(m.issue(all...).Token.Reveal())
	if err := m.deployment().secrets.Put(t.Context(), "half", newID(), pending,
		secrets.Pending); err != nil {
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
		"no variables": {doctor{getenv: nothingSet}, true,
			[]string{"WRONG  configuration: PARENT_SECRET_ID is not set"}},
		"a broken file": {doctor{getenv: m.getenv(), config: broken}, true,
			[]string{"WRONG  configuration: ", "broken.yaml"}},
		"no secret": {doctor{getenv: m.getenv("PARENT_SECRET_ID", "none")}, true,
			[]string{"WRONG  secret: ", "deploy the stack"}},
		"no value": {doctor{getenv: m.getenv("PARENT_SECRET_ID", m.emptySecret("empty"))},
			true, []string{"WRONG  secret: ", "tokenmint bootstrap"}},
		"no token": {doctor{getenv: m.getenv("PARENT_SECRET_ID", "slip")}, true,
			[]string{"WRONG  credential: "}},
		"a public token": {doctor{getenv: m.getenv("PARENT_SECRET_ID", "public")}, true,
			[]string{"WRONG  credential: ", "public token"}},
		"a deleted token": {doctor{getenv: m.getenv("PARENT_SECRET_ID", "dead")}, true,
			[]string{"WRONG  verdict: ", "TokenRevoked"}},
		"no Mapbox": {doctor{getenv: m.getenv("TOKENS_API_URL", m.lines["MINT_URL"])}, true,
			[]string{"WRONG  verdict: ", "TOKENS_API_URL"}},
		"too few scopes": {doctor{getenv: m.hold("few", m.issue("tokens:read", "tokens:write"),
			time.Now())}, true, []string{"WRONG  scopes: the parent lacks ", "uploads:write"}},
		"no right to list": {doctor{getenv: m.hold("blind", m.issue("tokens:write", "fonts:read"),
			time.Now())}, true, []string{"WRONG  scopes: ", "tokens:read",
			"WRONG  rotation of parent: "}},
		"too many scopes": {doctor{getenv: m.hold("many", m.issue(append(all, "vision:read")...),
			time.Now())}, false,
			[]string{"note   scopes: the configuration does not need vision:read"}},
		"pasted just now": {doctor{getenv: m.hold("pasted", m.issue(all...), time.Time{})}, false,
			[]string{"note   age: the parent was stored manually", "note   last rotation: none yet",
				"note   rotation of parent: create, because the token was created manually"}},
		"pasted long ago": {doctor{getenv: m.hold("forgotten", m.issue(all...), time.Time{}),
			now: later(3 * time.Hour)}, true,
			[]string{"WRONG  age: the parent was stored manually 3h0m0s ago"}},
		"due": {doctor{getenv: m.getenv(), now: later(721 * time.Hour)}, false,
			[]string{"note   rotation of parent: create"}},
		"overdue": {doctor{getenv: m.getenv(), now: later(723 * time.Hour)}, true,
			[]string{"WRONG  age: the parent is 723h0m0s old, of 720h0m0s, and no heartbeat has " +
				"replaced it"}},
		"incomplete": {doctor{getenv: m.getenv("PARENT_SECRET_ID", "half")}, false,
			[]string{"note   pending: a rotation began", "note   rotation of parent: promote"}},
		"stuck": {doctor{getenv: m.getenv("PARENT_SECRET_ID", "half"),
			now: later(3 * time.Hour)}, true, []string{"WRONG  pending: AWSPENDING has been on"}},
		"replaced": {doctor{getenv: replaced}, false,
			[]string{"note   versions: earlier ones that are kept: 1",
				"note   rotation of parent: date"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := m.examine(tc.doctor)
			if (err != nil) != tc.wrong {
				t.Errorf("%s: error = %v, want one: %t\n%s", name, err, tc.wrong, got)
			}
			for _, want := range tc.says {
				if !strings.Contains(got, want) {
					t.Errorf("%s: no %q in:\n%s", name, want, got)
				}
			}
		})
	}
}
