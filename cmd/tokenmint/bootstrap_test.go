package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

func TestBootstrapThenRotation(t *testing.T) {
	t.Parallel()
	m := startDev(t, dev{})
	first := m.emptySecret("first")
	getenv := m.getenv("PARENT_SECRET_ID", first)
	pasted := m.issue(append(needed(t), "vision:read")...)
	value := pasted.Token.Reveal()
	var out bytes.Buffer

	dry := bootstrap{getenv: getenv, dryRun: true}
	if err := dry.run(t.Context(), strings.NewReader(value), &out, &out); err != nil ||
		!strings.Contains(out.String(), "Nothing is stored") {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if _, err := m.deployment().secrets.Get(t.Context(), first, ""); !errors.Is(err,
		secrets.ErrNotFound) {
		t.Errorf("a dry run stored something: %v", err)
	}
	b := bootstrap{getenv: getenv}
	if err := b.run(t.Context(), strings.NewReader("\n "+value+" \n"), &out, &out); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	for _, want := range []string{pasted.ID, "does not need: vision:read.", "DELETED at Mapbox",
		"tokenmint doctor"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in:\n%s", want, out.String())
		}
	}
	if got := m.stored(first); !got.Token.Equal(pasted.Token) || !got.Created.IsZero() ||
		got.ID != pasted.ID || len(got.Scopes) != len(pasted.Scopes) {
		t.Errorf("stored token %s, created %s, scopes %v", got.ID, got.Created, got.Scopes)
	}
	if err := (&rotatorCommand{action: "rotate", getenv: getenv}).run(t.Context(), &out,
		&out); err != nil || !strings.Contains(out.String(), "promote") {
		t.Errorf("the heartbeat: %v\n%s", err, out.String())
	}
	if m.stored(first).ID == pasted.ID {
		t.Error("the heartbeat did not replace the manually created token")
	}
	noToken(t, out.String(), value)
}

func TestBootstrapReplacesTokenThatFails(t *testing.T) {
	t.Parallel()
	m := startDev(t, dev{})
	first, next := m.issue(needed(t)...), m.issue(needed(t)...)
	dead := m.issue(needed(t)...)
	if err := m.deployment().mapbox.Delete(t.Context(), m.auth(), dead.ID); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		there   string
		replace bool
		want    string // of the error; "" = next is stored
	}{
		"a placeholder":      {"to be filled", false, ""},
		"a deleted token":    {dead.Token.Reveal(), false, ""},
		"one that works":     {first.Token.Reveal(), false, "--replace"},
		"one to be replaced": {first.Token.Reveal(), true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			secret := m.emptySecret(strings.ReplaceAll(name, " ", "-"))
			m.put(secret, tc.there)
			var out bytes.Buffer
			b := bootstrap{getenv: m.getenv("PARENT_SECRET_ID", secret), replace: tc.replace}
			err := b.run(t.Context(), strings.NewReader(next.Token.Reveal()), &out, &out)
			switch {
			case tc.want == "" && err != nil:
				t.Errorf("%s: %v", name, err)
			case tc.want == "" && m.stored(secret).ID != next.ID:
				t.Errorf("%s: it is not replaced", name)
			case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want) ||
				m.stored(secret).ID != first.ID):
				t.Errorf("%s: error = %v, want %q", name, err, tc.want)
			}
			noToken(t, fmt.Sprint(out.String(), err), next.Token.Reveal(), tc.there)
		})
	}
	var out bytes.Buffer
	b := bootstrap{getenv: m.getenv("PARENT_SECRET_ID", "a-placeholder"), replace: true}
	before := m.stored("a-placeholder")
	if err := b.run(t.Context(), strings.NewReader(next.Token.Reveal()), &out, &out); err != nil ||
		!strings.Contains(out.String(), "holds this token already") {
		t.Errorf("the same once more: %v\n%s", err, out.String())
	}
	if m.stored("a-placeholder").ID != before.ID {
		t.Error("the same once more changed the secret")
	}
}

func TestBootstrapRefuses(t *testing.T) {
	t.Parallel()
	m := startDev(t, dev{})
	client := m.deployment().mapbox
	devToken := tokens.NewToken(m.lines["MAPBOX_ACCESS_TOKEN"])
	temporary, err := client.CreateTemporary(t.Context(), tokens.Auth{Token: devToken,
		Username: "dev"}, tokens.TemporaryRequest{Scopes: []string{"fonts:read"},
		Expires: time.Now().Add(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	all := needed(t)
	unlisted := m.issue(slices.DeleteFunc(slices.Clone(all), func(s string) bool {
		return s == "tokens:read"
	})...)
	narrow := m.issue(slices.DeleteFunc(slices.Clone(all), func(s string) bool {
		return s == "uploads:write" || s == "fonts:read"
	})...)
	good := m.issue(all...)
	forged := good.Token.Reveal()[:len(good.Token.Reveal())-4] + "AAAA"
	elsewhere := httptest.NewServer(http.NotFoundHandler())
	defer elsewhere.Close()
	secret := m.emptySecret("parent")
	for name, tc := range map[string]struct {
		given string
		set   []string
		want  string
	}{
		"nothing":           {" \n", nil, "empty"},
		"no token":          {"hunter2-hunter2", nil, "cannot be the parent"},
		"two lines":         {good.Token.Reveal() + "\nsk.", nil, "cannot be the parent"},
		"a quoted token":    {`"` + good.Token.Reveal() + `"`, nil, "quoted"},
		"a token in ticks":  {" '" + good.Token.Reveal() + "'\n", nil, "quoted"},
		"a public token":    {m.issue("fonts:read").Token.Reveal(), nil, "public token (pk)"},
		"a temporary token": {temporary.Token.Reveal(), nil, "temporary token (tk)"},
		"a forged token":    {forged, nil, "TokenInvalid"},
		"too few scopes":    {narrow.Token.Reveal(), nil, "lacks fonts:read, uploads:write"},
		"no right to list":  {unlisted.Token.Reveal(), nil, "tokens:read"},
		"too much":          {strings.Repeat("x", maxInput), nil, "too long"},
		"another Mapbox": {good.Token.Reveal(),
			[]string{"TOKENS_API_URL", elsewhere.URL}, "404"},
		"no such secret": {good.Token.Reveal(), []string{"PARENT_SECRET_ID", "none"},
			"must name the secret"},
		"no variables": {good.Token.Reveal(), []string{"PARENT_SECRET_ID", ""},
			"PARENT_SECRET_ID is not set"},
		"another configuration": {good.Token.Reveal(), []string{"config", "none.yaml"},
			"none.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			set := append(slices.Clone(tc.set), "PARENT_SECRET_ID", secret)
			b := bootstrap{getenv: m.getenv(set...)}
			if tc.set != nil && tc.set[0] == "config" {
				b.config = tc.set[1]
			}
			var out bytes.Buffer
			err := b.run(t.Context(), strings.NewReader(tc.given), &out, &out)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%s: no %q in the error", name, tc.want)
			}
			noToken(t, fmt.Sprint(out.String(), err), strings.TrimSpace(tc.given),
				good.Token.Reveal(),
				devToken.Reveal())
		})
	}
	if _, err := m.deployment().secrets.Get(t.Context(), secret, ""); !errors.Is(err,
		secrets.ErrNotFound) {
		t.Errorf("something was stored: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	b := bootstrap{getenv: m.getenv("PARENT_SECRET_ID", secret)}
	if err := b.run(ctx, strings.NewReader(good.Token.Reveal()), &bytes.Buffer{},
		&bytes.Buffer{}); !errors.Is(err, context.Canceled) {
		t.Errorf("after Ctrl-C: %v", err)
	}
}
