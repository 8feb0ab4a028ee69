package mapbox_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
)

func TestUpdate(t *testing.T) {
	t.Parallel()
	const full = `{"note":"old","scopes":["styles:read"],"allowedUrls":["https://a.example"],` +
		`"resources":["r"],` +
		`"allowedApplications":[{"platform":"iOS","bundleId":"com.a"}]}`
	for name, tc := range map[string]struct{ before, update, want string }{
		"nothing": {full, `{}`,
			`{"allowedUrls":["https://a.example"],"note":"old","resources":["r"],` +
				`"scopes":["styles:read"],"usage":"pk"}`},
		"the note": {full, `{"note":"new"}`,
			`{"allowedUrls":["https://a.example"],"note":"new","resources":["r"],` +
				`"scopes":["styles:read"],"usage":"pk"}`},
		"scopes and URLs": {full, `{"scopes":["fonts:read"],"allowedUrls":["https://b.example"]}`,
			`{"allowedUrls":["https://b.example"],"note":"old","resources":["r"],` +
				`"scopes":["fonts:read"],"usage":"pk"}`},
		"null removes": {full,
			`{"note":null,"allowedUrls":null,"resources":null,` +
				`"allowedApplications":null}`, `{"allowedUrls":null,"note":null,` +
				`"resources":null,"scopes":["styles:read"],"usage":"pk"}`},
		"unknown members": {full, `{"colour":"red"}`,
			`{"allowedUrls":["https://a.example"],"note":"old","resources":["r"],` +
				`"scopes":["styles:read"],"usage":"pk"}`},
		"secret to secret": {`{"scopes":["uploads:read"]}`, `{"scopes":["uploads:list"]}`,
			`{"allowedUrls":null,"note":null,"resources":null,"scopes":["uploads:list"],` +
				`"usage":"sk"}`},
		"secret to public": {`{"scopes":["uploads:read"]}`, `{"scopes":["styles:read"]}`,
			`{"allowedUrls":null,"note":null,"resources":null,"scopes":["styles:read"],` +
				`"usage":"sk"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newTestSimulator(t, mapbox.Config{})
			made := b.create(tc.before)
			b.sim.Advance(time.Minute)
			a := b.do("PATCH", "/tokens/v2/alice/"+made.text("id"), b.all, tc.update)
			b.want(a, http.StatusOK, "")
			if got := members(a.object, "note", "scopes", "allowedUrls", "resources",
				"usage"); got != tc.want {
				t.Errorf("\n got %s\nwant %s", got, tc.want)
			}
			if a.text("created") != "2030-05-01T12:00:00.250Z" ||
				a.text("modified") != "2030-05-01T12:01:00.250Z" {
				t.Errorf("created %s, modified %s", a.text("created"), a.text("modified"))
			}
			if b.verdict(made.text("token")) != "TokenValid" {
				t.Error("the token's value changed")
			}
		})
	}
}

func TestUpdateRefuses(t *testing.T) {
	t.Parallel()
	const scopesInvalid = "scopes are invalid"
	for name, tc := range map[string]struct {
		before, update string
		status         int
		message        string
	}{
		"a secret scope for a public token": {`["styles:read"]`, `{"scopes":["uploads:read"]}`, 422,
			scopesInvalid},
		"any scope for a token without": {`[]`, `{"scopes":["styles:read"]}`, 422, scopesInvalid},
		"a scope that the caller lacks": {`["uploads:read"]`, `{"scopes":["map:write"]}`, 422,
			scopesInvalid},
		"scopes null": {`["styles:read"]`, `{"scopes":null}`, 422, scopesInvalid},
		"a right member and then a wrong": {`["styles:read"]`,
			`{"allowedUrls":["https://b.example"],"note":7}`, 422, "note is invalid"},
		"a right member and an empty string": {`["styles:read"]`,
			`{"note":"new","allowedUrls":[""]}`, 422, "allowedUrls are invalid"},
		"no body": {`["styles:read"]`, ``, 400, "Bad Request"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newTestSimulator(t, mapbox.Config{})
			b.create(`{"note":"old","scopes":` + tc.before + `}`)
			list := func() string { return string(b.do("GET", "/tokens/v2/alice", b.all, "").raw) }
			before, id := list(), b.sim.Tokens("alice")[2].ID
			b.want(b.do("PATCH", "/tokens/v2/alice/"+id, b.all, tc.update), tc.status, tc.message)
			if list() != before {
				t.Error("something changed")
			}
		})
	}
}

func TestWrongID(t *testing.T) {
	t.Parallel()
	b := newTestSimulator(t, mapbox.Config{})
	_, bobs := b.issue("bob", everything...)
	bobsID, _ := b.issue("bob", everything...)
	for _, method := range []string{"PATCH", "DELETE"} {
		b.want(b.do(method, "/tokens/v2/alice/cnosuchtoken", b.all, `{}`), 404, "Not Found")
		b.want(b.do(method, "/tokens/v2/alice/"+bobsID, b.all, `{}`), 404, "Not Found")
		b.want(b.do(method, "/tokens/v2/bob/"+b.allID, bobs, `{}`), 404, "Not Found")
		b.want(b.do(method, "/tokens/v2/alice/"+b.all, b.all, `{}`), 400, "Bad Request")
		temporary := b.temporary(b.all, time.Minute, "styles:read")
		b.want(b.do(method, "/tokens/v2/alice/"+temporary, b.all, `{}`), 400, "Bad Request")
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	b := newTestSimulator(t, mapbox.Config{})
	made := b.create(`{"scopes":["styles:read"]}`)
	path := "/tokens/v2/alice/" + made.text("id")
	if a := b.do("DELETE", path, b.all, ""); a.status != http.StatusNoContent || len(a.raw) != 0 {
		t.Errorf("got %d with %d bytes, want 204 with none", a.status, len(a.raw))
	}
	if got := b.verdict(made.text("token")); got != "TokenRevoked" {
		t.Errorf("the deleted token is %s", got)
	}
	b.want(b.do("DELETE", path, b.all, ""), 404, "Not Found")
}
