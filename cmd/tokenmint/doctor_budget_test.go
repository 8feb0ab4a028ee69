package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestDoctorChecksBudget(t *testing.T) {
	t.Parallel()
	m := startDev(t, dev{})
	config := filepath.Join(t.TempDir(), "tokenmint.yaml")
	bounded := "profiles: {web-map: {scopes: [fonts:read], mints_per_minute: 7, allow: [jwt: " +
		"{groups: maps}]}}"
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
		"nothing yet": {200, `{}`, "ok     budget: 80 mints of 80 are left in this minute\n",
			"note   budget"},
		"some": {200, `{"Item":{"total":{"N":"5"},"p#uploads":{"N":"1"},"p#web-map":{"N":"4"}}}`,
			"ok     budget: 75 mints of 80 are left in this minute (minted: web-map 4, uploads 1)",
			"note   budget"},
		"all": {200, `{"Item":{"total":{"N":"80"},"p#uploads":{"N":"80"}}}`,
			"note   budget: all 80 mints of this minute are used up (minted: uploads 80)",
			"ok     budget"},
		"all of one": {200, `{"Item":{"total":{"N":"7"},"p#web-map":{"N":"7"}}}`,
			"note   budget: profile web-map has used up its own 7 mints of this minute",
			"note   budget: all"},
		"closed": {200, fmt.Sprintf(`{"Item":{"total":{"N":"5"},"closed":{"N":"%d"}}}`,
			noon.Add(20*time.Second).UnixMilli()),
			"note   budget: closed until 2026-01-02T12:00:50Z", "ok     budget"},
		"opened again": {200, fmt.Sprintf(`{"Item":{"closed":{"N":"%d"}}}`,
			noon.Add(-time.Second).UnixMilli()), "ok     budget: 80 mints", "note   budget"},
		"garbage": {200, `{"Item":{"total":{"S":"many"}}}`,
			"WRONG  table: ledger budget#2026-01-02T12:00:00Z cannot be read", "budget: "},
		"no table": {400, `{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"}`,
			"WRONG  table: ", "budget: "},
	} {
		t.Run(name, func(t *testing.T) {
			d := doctor{config: config, getenv: m.getenv("TOKEN_TABLE", "shared",
				"AWS_ENDPOINT_URL_DYNAMODB", service(t, tc.status, tc.body))}
			d.now = func() time.Time { return noon }
			got, err := m.examine(d)
			if !strings.Contains(got, tc.says) || strings.Contains(got, tc.silent) ||
				(err != nil) != strings.HasPrefix(tc.says, "WRONG") {
				t.Errorf("%s: no %q, or %q: %v\n%s", name, tc.says, tc.silent, err, got)
			}
		})
	}
}
