package mapbox_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
)

func TestVerdicts(t *testing.T) {
	t.Parallel()
	b := newTestSimulator(t, mapbox.Config{})
	revokedID, revoked := b.issue("alice", "uploads:read")
	if err := b.sim.Revoke("alice", revokedID); err != nil {
		t.Fatal(err)
	}
	public := b.create(`{"scopes":["styles:read"]}`)
	expired := b.temporary(b.all, time.Minute, "styles:read")
	b.sim.Advance(time.Minute)
	temporary := b.temporary(b.all, time.Minute, "styles:read")
	stranger, err := mapbox.New(mapbox.Config{Seed: 99})
	if err != nil {
		t.Fatal(err)
	}
	if err := stranger.AddAccount("alice"); err != nil {
		t.Fatal(err)
	}
	_, foreign, err := stranger.AddToken("alice", "n", everything)
	if err != nil {
		t.Fatal(err)
	}
	payload := func(usage, json string) string {
		return usage + "." + base64.RawURLEncoding.EncodeToString([]byte(json)) +
			".AAAAAAAAAAAAAAAAAAAAAA"
	}
	permanent := func(usage, id string) string {
		return `{"authorization":"` + id +
			`","client":null,"created":null,"expires":null,"scopes":null,"usage":"` +
			usage + `","user":"alice"}`
	}
	const times = `{"authorization":null,"client":"api","created":"2030-05-01T12:0`

	for name, tc := range map[string]struct{ token, code, shown string }{
		"secret":  {b.all, "TokenValid", permanent("sk", b.allID)},
		"public":  {public.text("token"), "TokenValid", permanent("pk", public.text("id"))},
		"revoked": {revoked, "TokenRevoked", permanent("sk", revokedID)},
		"forged":  {forge(b.all), "TokenInvalid", permanent("sk", b.allID)},
		"usage swapped": {"pk" + strings.TrimPrefix(b.all, "sk"), "TokenInvalid",
			permanent("pk", b.allID)},
		"another server's": {foreign, "TokenInvalid", ""},
		"temporary": {temporary, "TokenValid",
			times +
				`1:00.000Z","expires":"2030-05-01T12:02:00.000Z","scopes":["styles:read"],` +
				`"usage":"tk","user":"alice"}`},
		"expired": {expired, "TokenExpired",
			times +
				`0:00.000Z","expires":"2030-05-01T12:01:00.000Z","scopes":["styles:read"],` +
				`"usage":"tk","user":"alice"}`},
		"forged temporary": {forge(temporary), "TokenInvalid",
			times +
				`1:00.000Z","expires":"2030-05-01T12:02:00.000Z","scopes":["styles:read"],` +
				`"usage":"tk","user":"alice"}`},
		"one part":      {"sk", "TokenMalformed", "-"},
		"two parts":     {"sk.e30", "TokenMalformed", "-"},
		"four parts":    {b.all + ".x", "TokenMalformed", "-"},
		"not base64":    {"sk.*.x", "TokenMalformed", "-"},
		"not JSON":      {payload("sk", "u"), "TokenMalformed", "-"},
		"no user":       {payload("sk", `{"a":"c"}`), "TokenMalformed", "-"},
		"no id":         {payload("pk", `{"u":"alice"}`), "TokenMalformed", "-"},
		"no expiry":     {payload("tk", `{"u":"alice"}`), "TokenMalformed", "-"},
		"unknown usage": {payload("xk", `{"u":"alice","a":"c"}`), "TokenMalformed", "-"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := b.in(t)
			a := b.do("GET", "/tokens/v2", tc.token, "")
			if a.status != http.StatusOK || a.text("code") != tc.code {
				t.Fatalf("got %d %q, want %q", a.status, a.text("code"), tc.code)
			}
			token, present := a.object["token"].(map[string]any)
			if tc.shown == "" {
				return
			}
			got := "-"
			if present {
				got = members(token, "usage", "user", "authorization", "client", "created",
					"expires", "scopes")
			}
			if got != tc.shown {
				t.Errorf("\n got %s\nwant %s", got, tc.shown)
			}
		})
	}
	b.want(b.do("GET", "/tokens/v2", "", ""), 422, "access token is required")
}

func TestSameSeedAndCallsGiveTheSameTokens(t *testing.T) {
	t.Parallel()
	run := func(seed uint64) []string {
		b := newTestSimulator(t, mapbox.Config{Seed: seed})
		return []string{
			b.all,
			b.create(`{"scopes":["uploads:read"]}`).text("token"),
			b.create(`{"scopes":["styles:read"]}`).text("token"),
			b.temporary(b.all, time.Hour, "styles:read"),
			b.do("GET", "/tokens/v2", b.all, "").header.Get("X-Amz-Cf-Id"),
		}
	}
	first, second, other := run(1), run(1), run(2)
	for i := range first {
		if first[i] == "" || first[i] != second[i] {
			t.Errorf("value %d differs between two runs of one seed", i)
		}
		if first[i] == other[i] {
			t.Errorf("value %d is the same for two seeds", i)
		}
	}
	if first[1] == first[2] {
		t.Error("two tokens of one run are equal")
	}
}
