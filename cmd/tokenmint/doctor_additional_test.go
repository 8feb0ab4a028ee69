package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
)

// TestDoctorLooksAtEveryToken: doctor checks the secret, the token and the age of each additional
// token.
func TestDoctorLooksAtEveryToken(t *testing.T) {
	t.Parallel()
	m := startDev(t, dev{})
	file := filepath.Join(t.TempDir(), "tokenmint.yaml")
	text := "profiles: {web-map: {scopes: [fonts:read], allow: [jwt: {groups: maps}]}}\ntokens:\n"
	for _, name := range []string{"none", "empty", "slip", "good", "dead", "pasted", "half"} {
		text += fmt.Sprintf("  %s: {secret: %s, scopes: [fonts:read, uploads:read], "+
			"rotate_every: 24h, retire_after: 4h}\n", name, name)
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
	// a wrong date in a manually stored value
	m.hold("half", m.issue(scopes...), time.Now().AddDate(100, 0, 0))
	pending := secrets.NewValue(m.issue(scopes...).Token.Reveal())
	if err := m.deployment().secrets.Put(t.Context(), "half", newID(), pending,
		secrets.Pending); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		after time.Duration
		says  []string
	}{
		{0, []string{
			"WRONG  token none: ", "make its secret: aws secretsmanager create-secret --name none",
			"note   token empty: its secret holds no permanent token yet; the next heartbeat " +
				"makes one, or: tokenmint rotate --name empty",
			"note   token slip: its secret holds no permanent token yet",
			"ok     token good: works; it is 0s old, of 24h0m0s",
			"WRONG  token dead: the token does not work: Mapbox calls it TokenRevoked; replace " +
				"it now: tokenmint rotate --name dead --force",
			"note   token pasted: works; it was stored manually 0s ago, and the next heartbeat " +
				"replaces it",
			"note   token half: a rotation began 0s ago",
		}},
		{24 * time.Hour, []string{
			"note   token good: works; it is due: 24h0m0s old, of 24h0m0s",
			"WRONG  token pasted: works; it was stored manually 24h0m0s ago, and no heartbeat " +
				"has replaced it",
			"WRONG  token half: AWSPENDING has been on version",
		}},
		{27 * time.Hour, []string{
			"WRONG  token good: works; it is overdue: 27h0m0s old, of 24h0m0s",
			"WRONG  token half: works; it is overdue: 27h0m0s old",
		}},
	} {
		t.Run("after "+tc.after.String(), func(t *testing.T) {
			now := func() time.Time { return time.Now().Add(tc.after) }
			got, err := m.examine(doctor{getenv: m.getenv(), config: file, now: now})
			for _, want := range tc.says {
				if err == nil || !strings.Contains(got, want) {
					t.Errorf("after %s: no %q: %v\n%s", tc.after, want, err, got)
				}
			}
		})
	}
}
