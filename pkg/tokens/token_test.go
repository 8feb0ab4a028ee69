package tokens_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

const verbs = "vsdqxXTpbcoOUeEfFgGtw"

// printed returns value as fmt writes it with every verb and flag, as slog does, and as JSON.
func printed(t *testing.T, value any) string {
	t.Helper()
	var b bytes.Buffer
	for _, verb := range verbs {
		for _, flag := range []string{"", "+", "#", "-", " ", "0", "100", ".2", "+#"} {
			_, _ = fmt.Fprintf(&b, "%"+flag+string(verb)+"\n", value)
		}
	}
	_, _ = fmt.Fprintln(&b, value)
	slog.New(slog.NewTextHandler(&b, nil)).Info("text", "value", value)
	slog.New(slog.NewJSONHandler(&b, nil)).Info("json", "value", value)
	if data, err := json.Marshal(value); err == nil {
		b.Write(data)
	}
	return b.String()
}

// checkSilent fails when text contains a token of the tests, or a part of one.
func checkSilent(t *testing.T, what, text string) {
	t.Helper()
	_, payload, _ := strings.Cut(parent.Reveal(), ".")
	payload, _, _ = strings.Cut(payload, ".")
	hexed := fmt.Sprintf("%x", signature)
	for _, secret := range []string{signature, payload, hexed, strings.ToUpper(hexed)} {
		if strings.Contains(text, secret) {
			t.Errorf("%s shows a token", what)
		}
	}
}

func TestTokenRedactsItself(t *testing.T) {
	t.Parallel()
	type outer struct {
		Exported tokens.Token
		hidden   tokens.Token // fmt reads it by reflection and calls no method
		pointer  *tokens.Token
	}
	values := map[string]any{
		"token":       parent,
		"pointer":     &parent,
		"fields":      outer{parent, parent, &parent},
		"field's ptr": &outer{parent, parent, &parent},
		"slice":       []tokens.Token{parent},
		"map":         map[string]tokens.Token{"k": parent},
		"key":         map[tokens.Token]int{parent: 1},
		"any":         []any{parent, outer{hidden: parent}},
		"metadata":    tokens.Metadata{Token: parent},
		"temporary":   tokens.Temporary{Token: parent},
		"auth":        jane,
		"auth's ptr":  &jane,
		"error":       fmt.Errorf("wrapped: %v", parent),
	}
	for name, value := range values {
		checkSilent(t, name, printed(t, value))
	}
}

func TestTokenForms(t *testing.T) {
	t.Parallel()
	tests := []struct {
		value, usage, hash, redacted string
	}{
		{"", "", "", ""},
		// printf '%s' sk.abc.def | sha256sum | cut -c1-12
		{"sk.abc.def", "sk", "605646dae2a9", "sk.[redacted 605646dae2a9]"},
		{"abc", "", "ba7816bf8f01", "[redacted ba7816bf8f01]"}, // FIPS 180-2, appendix B.1
		{"xk.abc.def", "", "c81aadb50ce6", "[redacted c81aadb50ce6]"},
		{"sk", "", "32b56ed53348", "[redacted 32b56ed53348]"},
	}
	for _, test := range tests {
		token := tokens.NewToken(test.value)
		if token.Reveal() != test.value || token.IsZero() != (test.value == "") {
			t.Errorf("%q is not stored as it is", test.value)
		}
		if got := token.Usage(); string(got) != test.usage {
			t.Errorf("%q: usage %q, want %q", test.value, got, test.usage)
		}
		if got := token.Hash(); got != test.hash {
			t.Errorf("%q: hash %q, want %q", test.value, got, test.hash)
		}
		text, _ := token.MarshalText()
		object, _ := json.Marshal(token)
		for _, got := range []string{
			fmt.Sprint(token), fmt.Sprintf("%#v", token), token.String(), token.GoString(),
			token.LogValue().String(), string(text), strings.Trim(string(object), `"`),
		} {
			if got != test.redacted {
				t.Errorf("%q: shown as %q, want %q", test.value, got, test.redacted)
			}
		}
	}
}

func TestTokenEqual(t *testing.T) {
	t.Parallel()
	a, b := tokens.NewToken("sk."+"a"), tokens.NewToken("sk.a")
	other, none := tokens.NewToken("sk.b"), tokens.Token{}
	if !a.Equal(b) || a != b || a.Equal(other) || a.Equal(none) ||
		!none.Equal(tokens.NewToken("")) {
		t.Error("tokens are not equal by value")
	}
}

func TestTokenUnmarshal(t *testing.T) {
	t.Parallel()
	tests := []struct {
		data string
		want tokens.Token
		ok   bool
	}{
		{`{"t":"sk.a.b"}`, tokens.NewToken("sk.a.b"), true},
		{`{"t":"sk.\u0061.b"}`, tokens.NewToken("sk.a.b"), true},
		{`{"t":""}`, tokens.Token{}, true},
		{`{"t":null}`, tokens.Token{}, true},
		{`{}`, tokens.Token{}, true},
		{`{"t":5}`, tokens.Token{}, false},
		{`{"t":{"sk":"` + signature + `"}}`, tokens.Token{}, false},
		{`{"t":["` + signature + `"]}`, tokens.Token{}, false},
	}
	for _, test := range tests {
		var got struct{ T tokens.Token }
		err := json.Unmarshal([]byte(test.data), &got)
		if (err == nil) != test.ok || got.T != test.want {
			t.Errorf("%s: %v, error %v", test.data, got.T, err)
		}
		checkSilent(t, "error", fmt.Sprint(err))
	}
}
