package mapbox_test

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
)

func TestTemporaryToken(t *testing.T) {
	t.Parallel()
	b := newTestSimulator(t, mapbox.Config{})
	// This is the tutorial's body. The note has no effect.
	a := b.do("POST", "/tokens/v2/alice", b.all,
		`{"note":"Uploads temp token","expires":"2030-05-01T12:45:00Z",`+
			`"scopes":["uploads:read","styles:read"]}`)
	got := members(a.object, "issued_at", "expires", "expires_in", "note")
	if want := `{"expires":"2030-05-01T12:45:00.000Z","expires_in":2700,` +
		`"issued_at":"2030-05-01T12:00:00.000Z","note":null}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	part := strings.Split(a.text("token"), ".")
	payload, err := base64.RawURLEncoding.DecodeString(part[1])
	want := `{"u":"alice","exp":1903869900,"iat":1903867200,"scopes":["uploads:read",` +
		`"styles:read"],"client":"api"}`
	if err != nil || part[0] != "tk" || string(payload) != want || len(part[2]) != 22 {
		t.Errorf("payload of usage %s\n got %s\nwant %s", part[0], payload, want)
	}
}

func TestExpires(t *testing.T) {
	t.Parallel()
	const (
		past    = "expires is in the past"
		hour    = "expires is more than one hour in the future"
		invalid = "expires is invalid"
	)
	for name, tc := range map[string]struct {
		expires string // JSON
		message string // empty = accepted
		want    string
	}{
		"Z":                       {`"2030-05-01T12:30:00Z"`, "", "2030-05-01T12:30:00.000Z"},
		"milliseconds":            {`"2030-05-01T12:30:00.999Z"`, "", "2030-05-01T12:30:00.000Z"},
		"offset":                  {`"2030-05-01T14:30:00+02:00"`, "", "2030-05-01T12:30:00.000Z"},
		"offset without colon":    {`"2030-05-01T07:30:00-0500"`, "", "2030-05-01T12:30:00.000Z"},
		"no zone, microseconds":   {`"2030-05-01T12:30:00.123456"`, "", "2030-05-01T12:30:00.000Z"},
		"an hour to the ms":       {`"2030-05-01T13:00:00.250Z"`, "", "2030-05-01T13:00:00.000Z"},
		"a ms above an hour":      {`"2030-05-01T13:00:00.251Z"`, hour, ""},
		"a day ahead":             {`"2030-05-02T12:00:00Z"`, hour, ""},
		"now":                     {`"2030-05-01T12:00:00.250Z"`, past, ""},
		"a year ago":              {`"2029-05-01T12:00:00Z"`, past, ""},
		"a date":                  {`"2030-05-01"`, invalid, ""},
		"a number":                {`1903869900`, invalid, ""},
		"null":                    {`null`, invalid, ""},
		"empty":                   {`""`, invalid, ""},
		"in words":                {`"in an hour"`, invalid, ""},
		"the hour in local time+": {`"2030-05-01T12:30:00+00:00"`, "", "2030-05-01T12:30:00.000Z"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newTestSimulator(t, mapbox.Config{})
			a := b.do("POST", "/tokens/v2/alice", b.all,
				`{"scopes":["styles:read"],"expires":`+tc.expires+`}`)
			status := http.StatusOK
			if tc.message != "" {
				status = http.StatusUnprocessableEntity
			}
			b.want(a, status, tc.message)
			if a.text("expires") != tc.want {
				t.Errorf("expires %q, want %q", a.text("expires"), tc.want)
			}
		})
	}
}

func TestTemporaryRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ rest, message string }{
		"a scope beyond the parent's": {`"scopes":["map:write"]`, "scopes are invalid"},
		"no scopes":                   {`"note":"n"`, "scopes are invalid"},
		"scopes null":                 {`"scopes":null`, "scopes are invalid"},
		"allowed URLs": {`"scopes":[],"allowedUrls":[]`,
			`"allowedUrls" is not allowed`},
		"an unknown member": {`"scopes":[],"profile":"p"`, `"profile" is not allowed`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newTestSimulator(t, mapbox.Config{})
			b.want(b.do("POST", "/tokens/v2/alice", b.all,
				`{"expires":"2030-05-01T12:30:00Z",`+tc.rest+`}`), 422, tc.message)
		})
	}
}

func TestTemporaryFromTemporary(t *testing.T) {
	t.Parallel()
	b := newTestSimulator(t, mapbox.Config{})
	parent := b.temporary(b.all, 30*time.Minute, "tokens:write", "styles:read")
	for name, tc := range map[string]struct {
		expires string
		scopes  []string
		status  int
		message string
	}{
		"as long": {"2030-05-01T12:30:00Z", []string{"styles:read"}, 200, ""},
		"longer": {"2030-05-01T12:30:01Z", []string{"styles:read"}, 422,
			"expires may not be greater than the expiration of the authorizing token"},
		"beyond the hour": {"2030-05-01T14:00:00Z", []string{"styles:read"}, 422,
			"expires is more than one hour in the future"},
		"with more scopes": {"2030-05-01T12:10:00Z", []string{"fonts:read"}, 422,
			"scopes are invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			b := b.in(t)
			b.want(b.do("POST", "/tokens/v2/alice", parent, temporaryBody(tc.expires, tc.scopes)),
				tc.status, tc.message)
		})
	}
	childless := b.temporary(b.all, 30*time.Minute, "styles:read")
	b.want(b.do("POST", "/tokens/v2/alice", childless,
		temporaryBody("2030-05-01T12:10:00Z", []string{"styles:read"})), 404, "Not Found")
}

func TestTemporaryIsNeverListed(t *testing.T) {
	t.Parallel()
	b := newTestSimulator(t, mapbox.Config{})
	before := b.do("GET", "/tokens/v2/alice", b.all, "").column("id")
	temporary := b.temporary(b.all, time.Hour, everything...)
	if after := b.do("GET", "/tokens/v2/alice", temporary, "").column("id"); !slices.Equal(before,
		after) {
		t.Errorf("the list went from %q to %q", before, after)
	}
}

func TestTemporaryAndItsParentsEnd(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		dies bool
		want string
	}{
		"outlives it by default": {false, "TokenValid"},
		"dies with it":           {true, "TokenRevoked"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newTestSimulator(t, mapbox.Config{TemporaryDiesWithParent: tc.dies})
			parentID, parent := b.issue("alice", "tokens:write", "styles:read")
			child := b.temporary(parent, 50*time.Minute, "tokens:write", "styles:read")
			grandchild := b.temporary(child, 40*time.Minute, "styles:read")
			other := b.temporary(b.all, 50*time.Minute, "fonts:read")

			b.sim.Advance(30 * time.Minute)
			// Only expired tokens are removed.
			b.temporary(b.all, time.Minute, "styles:tiles")
			if err := b.sim.Revoke("alice", parentID); err != nil {
				t.Fatal(err)
			}
			for name, token := range map[string]string{"child": child, "grandchild": grandchild} {
				t.Run(name, func(t *testing.T) {
					if got := b.verdict(token); got != tc.want {
						t.Errorf("%s is %s, want %s", name, got, tc.want)
					}
				})
			}
			if got := b.verdict(other); got != "TokenValid" {
				t.Errorf("another parent's child is %s", got)
			}
		})
	}
}

func TestExpiredTemporariesAreForgotten(t *testing.T) {
	t.Parallel()
	b := newTestSimulator(t, mapbox.Config{TemporaryDiesWithParent: true})
	size := func() int {
		snapshot, err := b.sim.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		return strings.Count(string(snapshot), `"tk.`)
	}
	for range 5 {
		b.temporary(b.all, time.Minute, "styles:read")
		b.sim.Advance(10 * time.Second)
	}
	if size() != 5 {
		t.Fatalf("%d are remembered while they live, want 5", size())
	}
	b.sim.Advance(2 * time.Minute)
	b.temporary(b.all, time.Minute, "styles:read")
	if size() != 1 {
		t.Errorf("%d are remembered, want 1", size())
	}
}
