package secrets_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// token returns a token in Mapbox's form. Its signature contains the sentinel.
func token(usage, payload string) string {
	return usage + "." + base64.RawURLEncoding.EncodeToString([]byte(payload)) +
		".SENTINEL_-abcdefghijkl"
}

var (
	secretToken    = token("sk", `{"u":"user","a":"cltokenid"}`)
	publicToken    = token("pk", `{"u":"user","a":"cltokenid"}`)
	temporaryToken = token("tk",
		`{"u":"user","iat":1767366000,"exp":1767369600,"scopes":["a:read"],"client":"api"}`)
)

// rotation is the id of a version of a secret.
const rotation = "11111111-1111-4111-8111-111111111111"

func TestParseCredential(t *testing.T) {
	t.Parallel()
	expires := time.Date(2026, 1, 2, 16, 0, 0, 0, time.UTC)
	bare := secrets.Credential{Token: tokens.NewToken(secretToken), Username: "user",
		ID: "cltokenid"}
	full := bare
	full.Scopes, full.Created, full.Rotation = []string{"tokens:write"}, expires, rotation
	full.Expires = time.Time{}
	for title, c := range map[string]struct {
		text string
		want secrets.Credential
	}{
		"bare":              {secretToken, bare},
		"bare, white space": {" \r\n\t" + secretToken + "\n", bare},
		"token alone":       {`{"token":"` + secretToken + `"}`, bare},
		"JSON, white space": {"\n {\"token\": \" " + secretToken + " \"}\n", bare},
		"further fields":    {`{"token":"` + secretToken + `","owner":"maps team"}`, bare},
		"everything": {`{"token":"` + secretToken +
			`","username":"user","id":"cltokenid","scopes":["tokens:write"],` +
			`"created":"2026-01-02T16:00:00Z","rotation":"` + rotation + `"}`, full},
		"temporary": {temporaryToken, secrets.Credential{Token: tokens.NewToken(temporaryToken),
			Username: "user", Scopes: []string{"a:read"}, Expires: expires}},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			got, err := secrets.ParseCredential(secrets.NewValue(c.text))
			if err != nil {
				t.Fatal(err)
			}
			if !got.Expires.Equal(c.want.Expires) {
				t.Errorf("it expires %v, want %v", got.Expires, c.want.Expires)
			}
			got.Expires = c.want.Expires // the zone may differ
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestParseCredentialRefuses(t *testing.T) {
	t.Parallel()
	for title, c := range map[string]struct{ text, want string }{
		"empty":        {"", "secret is empty"},
		"white space":  {" \n", "secret is empty"},
		"not a token":  {"SENTINEL", "secret holds no token: malformed token"},
		"quoted token": {`"` + secretToken + `"`, "secret holds no token: malformed token"},
		"two tokens":   {secretToken + "\n" + secretToken, "secret holds no token: white space"},
		"broken UTF-8": {secretToken + "\xff",
			"secret holds no token: white space or characters beyond ASCII"},
		"no user": {token("sk", `{"a":"cltokenid"}`), "secret holds no token: malformed token"},
		"public":  {publicToken, "secret holds a public token (pk), which cannot authorise"},
		"public in JSON": {`{"token":"` + publicToken + `"}`,
			"secret holds a public token (pk), which cannot authorise"},
		"no token":        {`{"username":"SENTINEL"}`, `secret: JSON without "token"`},
		"empty token":     {`{"token":" "}`, `secret: JSON without "token"`},
		"token of a type": {`{"token":["SENTINEL"]}`, `secret: JSON field "token" is not a string`},
		"half an object":  {`{"token":"SENTINEL`, "secret: malformed JSON at byte 18"},
		"two objects":     {`{"token":"SENTINEL"}{}`, "secret: malformed JSON at byte 21"},
		"created is odd": {`{"token":"` + secretToken + `","created":"SENTINEL"}`,
			"secret: JSON contains a malformed time"},
		"other user": {`{"token":"` + secretToken + `","username":"SENTINEL"}`,
			`secret: "username" is not the user of its token, "user"`},
		"other id": {`{"token":"` + secretToken + `","id":"SENTINEL"}`,
			`secret: "id" is not the id of its token, "cltokenid"`},
		"id of a temporary": {`{"token":"` + temporaryToken + `","id":"SENTINEL"}`,
			`secret: "id" is not the id of its token, ""`},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			got, err := secrets.ParseCredential(secrets.NewValue(c.text))
			text := fmt.Sprintf("%v %+v %#v", err, err, err)
			if strings.Contains(text, "SENTINEL") {
				t.Fatal("the error contains secret text")
			}
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("error is %v, want %s", err, c.want)
			}
			if !got.Token.IsZero() {
				t.Error("a token was returned with the error")
			}
		})
	}
}

func TestEncode(t *testing.T) {
	t.Parallel()
	c := secrets.Credential{
		Token: tokens.NewToken(secretToken), Username: "user", ID: "cltokenid",
		Scopes:  []string{"tokens:read", "tokens:write"},
		Created: time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC), Rotation: rotation,
	}
	v, err := c.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid([]byte(v.Reveal())) {
		t.Error("it is not JSON")
	}
	want := `{"token":"[token]","username":"user","id":"cltokenid","scopes":["tokens:read",` +
		`"tokens:write"],` +
		`"created":"2026-01-02T15:04:05Z","rotation":"` + rotation + `"}`
	if v.Reveal() != strings.ReplaceAll(want, "[token]", secretToken) {
		t.Errorf("got %s, want %s", strings.ReplaceAll(v.Reveal(), secretToken, "[token]"), want)
	}
	if again, err := secrets.ParseCredential(v); err != nil || !reflect.DeepEqual(again, c) {
		t.Errorf("read back: %+v, %v, want %+v", again, err, c)
	}

	sparse := secrets.Credential{Token: c.Token}
	v, err = sparse.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if v.Reveal() != `{"token":"`+secretToken+`"}` {
		t.Error("the JSON contains unknown facts")
	}
	if _, err := (secrets.Credential{Username: "user"}).Encode(); err == nil {
		t.Error("a credential without a token was encoded")
	}
}

func FuzzParseCredential(f *testing.F) {
	f.Add(secretToken)
	f.Add(temporaryToken)
	f.Add(`{"token":"` + secretToken + `","id":"cltokenid","created":"2026-01-02T15:04:05.678Z"}`)
	f.Add(`{"token":"sk..","scopes":[""]}`)
	f.Add("{")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := secrets.ParseCredential(secrets.NewValue(text))
		if err != nil {
			return
		}
		if c.Username == "" || c.Token.Usage() == tokens.UsagePublic {
			t.Fatalf("accepted without a user, or a public token: %+v", c)
		}
		v, err := c.Encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := secrets.ParseCredential(v)
		if err != nil || again.Token != c.Token || again.Username != c.Username ||
			again.ID != c.ID {
			t.Fatalf("written and read back: %+v, %v, want %+v", again, err, c)
		}
	})
}

func TestMatchAndListed(t *testing.T) {
	t.Parallel()
	c := secrets.Credential{ID: "ck1", Username: "acme"}
	for name, tc := range map[string]struct {
		got  tokens.Retrieved
		want string
	}{
		"the same": {tokens.Retrieved{Verdict: tokens.VerdictValid, ID: "ck1",
			User: "acme"}, ""},
		"does not work": {tokens.Retrieved{Verdict: tokens.VerdictRevoked},
			"Mapbox calls it TokenRevoked"},
		"another token": {tokens.Retrieved{Verdict: tokens.VerdictValid, ID: "ck2",
			User: "acme"}, "ck2"},
		"another's": {tokens.Retrieved{Verdict: tokens.VerdictValid, ID: "ck1",
			User: "eve"}, "of eve"},
		"nothing at all": {tokens.Retrieved{}, "Mapbox calls it"},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.Match(tc.got)
			if (err == nil) != (tc.want == "") ||
				err != nil && !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error = %v, want %q", err, tc.want)
			}
		})
	}
	live := []tokens.Metadata{{ID: ""}, {ID: "ck2"}, {ID: "ck1", Note: "ours"}}
	if got := c.Listed(live); got == nil || got.Note != "ours" {
		t.Errorf("listed: %v", got)
	}
	if got := (secrets.Credential{}).Listed(live); got != nil {
		t.Errorf("a credential without an id is listed: %v", got)
	}
}
