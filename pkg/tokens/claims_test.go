package tokens_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

func TestDecode(t *testing.T) {
	t.Parallel()
	long := make([]string, 500)
	for i := range long {
		long[i] = fmt.Sprintf("scope-%d:read", i)
	}
	longJSON, _ := json.Marshal(long)
	padded := func(payload string) tokens.Token {
		return tokens.NewToken("pk." + base64.URLEncoding.EncodeToString([]byte(payload)) + ".s")
	}
	tests := []struct {
		name  string
		token tokens.Token
		want  tokens.Claims
	}{
		{"secret", makeToken("sk", `{"u":"jane","a":"ck1"}`),
			tokens.Claims{Usage: "sk", User: "jane", ID: "ck1"}},
		{"public, padded", padded(`{"u":"jane","a":"c"}`),
			tokens.Claims{Usage: "pk", User: "jane", ID: "c"}},
		{"unknown fields", makeToken("pk", `{"u":"jane","a":"c","ll":[1],"v":{"u":"eve"}}`),
			tokens.Claims{Usage: "pk", User: "jane", ID: "c"}},
		{"temporary", makeToken("tk", `{"u":"jane","iat":1700000000,"exp":1700003600,`+
			`"scopes":["a:b"],"client":"api"}`),
			tokens.Claims{Usage: "tk", User: "jane", Client: "api", Scopes: []string{"a:b"},
				IssuedAt: time.Unix(1700000000, 0).UTC(), Expires: time.Unix(1700003600, 0).UTC()}},
		{"temporary without times", makeToken("tk", `{"u":"jane","iat":null}`),
			tokens.Claims{Usage: "tk", User: "jane"}},
		{"fraction", makeToken("tk", `{"u":"jane","exp":1700003600.5}`),
			tokens.Claims{Usage: "tk", User: "jane", Expires: time.Unix(1700003600, 5e8).UTC()}},
		{"long", makeToken("tk", `{"u":"jane","scopes":`+string(longJSON)+`}`),
			tokens.Claims{Usage: "tk", User: "jane", Scopes: long}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := test.token.Decode()
			if err != nil || !reflect.DeepEqual(got, test.want) {
				t.Errorf("%+v, error %v; want %+v", got, err, test.want)
			}
		})
	}
}

func TestDecodeMalformed(t *testing.T) {
	t.Parallel()
	good := parent.Reveal()
	payload, _, _ := strings.Cut(good[3:], ".")
	values := map[string]string{
		"empty":            "",
		"prefix only":      "sk",
		"no payload":       "sk..",
		"two parts":        strings.TrimSuffix(good, "."+signature),
		"no signature":     strings.TrimSuffix(good, signature),
		"four parts":       good + ".x",
		"other prefix":     "rk" + good[2:],
		"space before":     " " + good,
		"not base64":       "sk.!" + signature + "!." + signature,
		"a byte short":     "sk." + payload[:len(payload)-1] + "." + signature,
		"not JSON":         makeToken("sk", signature).Reveal(),
		"an array":         makeToken("sk", `["`+signature+`"]`).Reveal(),
		"null":             makeToken("sk", `null`).Reveal(),
		"two objects":      makeToken("sk", `{"u":"jane"}{}`).Reveal(),
		"no user":          makeToken("sk", `{"a":"ck1"}`).Reveal(),
		"user a number":    makeToken("sk", `{"u":5}`).Reveal(),
		"expiry a string":  makeToken("tk", `{"u":"jane","exp":"`+signature+`"}`).Reveal(),
		"expiry too late":  makeToken("tk", `{"u":"jane","exp":1e300}`).Reveal(),
		"expiry negative":  makeToken("tk", `{"u":"jane","exp":-1}`).Reveal(),
		"scopes a string":  makeToken("tk", `{"u":"jane","scopes":"a:b"}`).Reveal(),
		"just a sentence":  "sk. is not a token",
		"HTML, of a proxy": "<html>sk.</html>",
	}
	for name, value := range values {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			claims, err := tokens.NewToken(value).Decode()
			if !errors.Is(err, tokens.ErrMalformed) {
				t.Errorf("%+v, error %v; want ErrMalformed", claims, err)
			}
			checkSilent(t, "error", fmt.Sprintf("%v %+v %#v", err, err, err))
		})
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		parent.Reveal(),
		makeToken("tk",
			`{"u":"j","iat":1.5,"exp":253402300799,"scopes":[""],"client":"api"}`).Reveal(),
		makeToken("tk", `{"u":"j","exp":253402300800}`).Reveal(),
		"pk.e30=.x", "sk..", "sk", "", "tk.bnVsbA.x", "\x00.\xff.", "pk.eyJ1IjoiaiJ9.s\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		claims, err := tokens.NewToken(value).Decode()
		if err != nil {
			if !errors.Is(err, tokens.ErrMalformed) || !reflect.DeepEqual(claims, tokens.Claims{}) {
				t.Fatalf("%+v, error %v", claims, err)
			}
			return
		}
		if claims.User == "" || !strings.HasPrefix(value, string(claims.Usage)+".") {
			t.Errorf("%q: claims %+v", value, claims)
		}
		// JSON can write and read again everything that was decoded, including the times.
		again, err := json.Marshal(claims)
		var back tokens.Claims
		if err != nil || json.Unmarshal(again, &back) != nil {
			t.Fatalf("%q: claims %+v have no JSON: %v", value, claims, err)
		}
		if !back.Expires.Equal(claims.Expires) || !slices.Equal(back.Scopes, claims.Scopes) {
			t.Errorf("%q: claims %+v, back %+v", value, claims, back)
		}
	})
}
