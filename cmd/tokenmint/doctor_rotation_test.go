package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

func TestDoctorFindsOrphans(t *testing.T) {
	t.Parallel()
	m := startDev(t, dev{})
	lost := tokens.CreateRequest{Scopes: []string{"fonts:read", "tokens:read"},
		Note: "tokenmint/tokenmint/parent/" + newID()}
	if _, err := m.deployment().mapbox.Create(t.Context(), m.auth(), lost); err != nil {
		t.Fatal(err)
	}
	got, err := m.examine(doctor{getenv: m.getenv(), now: func() time.Time {
		return time.Now().Add(time.Hour)
	}})
	if err != nil || !strings.Contains(got, "note   rotation of parent: sweep") ||
		!strings.Contains(got, "note   table: TOKEN_TABLE is not set") {
		t.Errorf("%v\n%s", err, got)
	}
}

// TestDoctorShowsWhatTheRotatorCannotRepair: a run succeeds although it cannot read an old version.
// So only doctor reports the version.
func TestDoctorShowsWhatTheRotatorCannotRepair(t *testing.T) {
	t.Parallel()
	m := startDev(t, dev{})
	old := m.currentVersion()
	m.put(m.lines["PARENT_SECRET_ID"], m.issue(needed(t)...).Token.Reveal())
	service, err := url.Parse(m.lines["AWS_ENDPOINT_URL_SECRETS_MANAGER"])
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(service)
	double := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		isRead := strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".GetSecretValue")
		if isRead && bytes.Contains(body, []byte(old)) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"__type":"DecryptionFailure","message":"the key is gone"}`)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(double.Close)
	got, err := m.examine(doctor{getenv: m.getenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", double.URL)})
	for _, want := range []string{
		"WRONG  rotation of parent: version " + old + " cannot be read, so its token ",
		"make the version readable",
		"note   rotation of parent: date",
	} {
		if err == nil || !strings.Contains(got, want) {
			t.Errorf("no %q: %v\n%s", want, err, got)
		}
	}
}
