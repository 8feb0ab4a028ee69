package mapbox_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
)

func TestCreateUsageFollowsScopes(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ scopes, usage string }{
		"public scopes":      {`["styles:read","fonts:read"]`, "pk"},
		"no scopes":          {`[]`, "pk"},
		"one secret scope":   {`["styles:read","uploads:list"]`, "sk"},
		"only secret scopes": {`["tokens:write"]`, "sk"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newTestSimulator(t, mapbox.Config{})
			a := b.create(`{"note":"n","scopes":` + tc.scopes + `}`)
			if a.text("usage") != tc.usage || !strings.HasPrefix(a.text("token"), tc.usage+".") {
				t.Errorf("usage %q, want %q, in the token too", a.text("usage"), tc.usage)
			}
			if got := b.verdict(a.text("token")); got != "TokenValid" {
				t.Errorf("the new token is %s", got)
			}
		})
	}
}

func TestCreatedToken(t *testing.T) {
	t.Parallel()
	b := newTestSimulator(t, mapbox.Config{})
	a := b.create(`{"scopes":["styles:read","uploads:read"],"note":"é",
		"allowedUrls":["https://a.example"],"resources":["r"],
		"allowedApplications":[{"platform":"iOS","bundleId":"com.a"}]}`)

	got := members(a.object, "client", "usage", "default", "note", "created", "modified", "scopes",
		"allowedUrls",
		"resources", "allowedApplications")
	want := `{"allowedApplications":[{"bundleId":"com.a","platform":"iOS"}],` +
		`"allowedUrls":["https://a.example"],` +
		`"client":"api","created":"2030-05-01T12:00:00.250Z","default":false,` +
		`"modified":"2030-05-01T12:00:00.250Z",` +
		`"note":"é","resources":["r"],"scopes":["styles:read","uploads:read"],"usage":"sk"}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if !regexp.MustCompile(`^c[0-9a-z]{24}$`).MatchString(a.text("id")) {
		t.Errorf("id %q is not like a cuid", a.text("id"))
	}
	part := strings.Split(a.text("token"), ".")
	payload, err := base64.RawURLEncoding.DecodeString(part[1])
	if want := fmt.Sprintf(`{"u":"alice","a":%q}`, a.text("id")); err != nil ||
		string(payload) != want {
		t.Errorf("payload %s, want %s", payload, want)
	}
	if !regexp.MustCompile(`^[\w-]{22}$`).MatchString(part[2]) {
		t.Error("the signature has not 22 characters of base64url")
	}
	if a := b.create(`{"scopes":[]}`); a.object["note"] != nil ||
		strings.Contains(string(a.raw), "allowed") {
		t.Error("a token without note or restrictions shows some")
	}
}

// members returns the named members of an object as JSON, in alphabetical order.
func members(object map[string]any, names ...string) string {
	some := make(map[string]any)
	for _, name := range names {
		some[name] = object[name]
	}
	text, _ := json.Marshal(some)
	return string(text)
}

func TestCreateRefuses(t *testing.T) {
	t.Parallel()
	const scopesInvalid = "scopes are invalid"
	urls := func(n int) string {
		list, _ := json.Marshal(slices.Repeat([]string{"https://a.example"}, n))
		return string(list)
	}
	for name, tc := range map[string]struct {
		body    string
		status  int
		message string
	}{
		"a scope beyond the parent's": {`{"scopes":["map:write"]}`, 422, scopesInvalid},
		"an unknown scope":            {`{"scopes":["no:such"]}`, 422, scopesInvalid},
		"no scopes":                   {`{"note":"n"}`, 422, scopesInvalid},
		"scopes null":                 {`{"scopes":null}`, 422, scopesInvalid},
		"scopes a string":             {`{"scopes":"styles:read"}`, 422, scopesInvalid},
		"scopes with a number":        {`{"scopes":[1]}`, 422, scopesInvalid},
		"an empty scope":              {`{"scopes":[""]}`, 422, scopesInvalid},
		"an unknown member":           {`{"scopes":[],"ttl":"1h"}`, 422, `"ttl" is not allowed`},
		"a member in another case":    {`{"Scopes":[]}`, 422, `"Scopes" is not allowed`},
		"a note of 129 characters": {`{"scopes":[],"note":"` + strings.Repeat("é", 129) + `"}`, 422,
			"note may not have more than 128 characters"},
		"a note that is a number": {`{"scopes":[],"note":1}`, 422, "note is invalid"},
		"101 allowed URLs": {`{"scopes":[],"allowedUrls":` + urls(101) + `}`, 422,
			"allowedUrls may not be more than 100"},
		"allowed URLs not a list": {`{"scopes":[],"allowedUrls":{}}`, 422,
			"allowedUrls are invalid"},
		"no resources": {`{"scopes":[],"resources":[]}`, 422,
			"resources are invalid"},
		"resources that are no list": {`{"scopes":[],"resources":7}`, 422, "resources are invalid"},
		"applications of numbers": {`{"scopes":[],"allowedApplications":[7]}`, 422,
			"allowedApplications are invalid"},
		"not JSON":    {`scopes=a`, 400, "Bad Request"},
		"nothing":     {``, 400, "Bad Request"},
		"null":        {`null`, 400, "Bad Request"},
		"an array":    {`[]`, 400, "Bad Request"},
		"two objects": {`{"scopes":[]}{}`, 400, "Bad Request"},
		"more than it reads": {`{"scopes":[],"note":"` + strings.Repeat("n", 64<<10) + `"}`, 413,
			"Payload Too Large"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newTestSimulator(t, mapbox.Config{})
			before := len(b.sim.Tokens("alice"))
			b.want(b.do("POST", "/tokens/v2/alice", b.all, tc.body), tc.status, tc.message)
			if after := len(b.sim.Tokens("alice")); after != before {
				t.Errorf("%d tokens became %d", before, after)
			}
		})
	}

	t.Run("the largest it takes", func(t *testing.T) {
		t.Parallel()
		b := newTestSimulator(t, mapbox.Config{})
		b.create(`{"scopes":[],"note":"` + strings.Repeat("é", 128) + `","allowedUrls":` +
			urls(100) + `}`)
	})
}

func TestCreatedStatus(t *testing.T) {
	t.Parallel()
	b := newTestSimulator(t, mapbox.Config{CreatedStatus: http.StatusCreated})
	for _, body := range []string{`{"scopes":[]}`,
		`{"scopes":[],"expires":"2030-05-01T12:30:00Z"}`} {
		if a := b.do("POST", "/tokens/v2/alice", b.all, body); a.status != http.StatusCreated {
			t.Errorf("got %d, want 201", a.status)
		}
	}
}

func TestSecretValueShowsOnce(t *testing.T) {
	t.Parallel()
	b := newTestSimulator(t, mapbox.Config{})
	made := b.create(`{"note":"secret","scopes":["uploads:read"]}`)
	path := "/tokens/v2/alice/" + made.text("id")
	if a := b.do("PATCH", path, b.all, `{"note":"still secret"}`); a.status != http.StatusOK ||
		a.text("token") != "" {
		t.Errorf("update answers %d and shows a token: %t", a.status, a.text("token") != "")
	}
	for _, row := range b.do("GET", "/tokens/v2/alice", b.all, "").rows {
		_, shown := row["token"]
		if want := row["usage"] == "pk"; shown != want {
			t.Errorf("list shows a token of usage %s: %t, want %t", row["usage"], shown, want)
		}
	}
}
