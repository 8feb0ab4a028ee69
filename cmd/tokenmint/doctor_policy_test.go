package main

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
)

// zipped returns a zip with one file.
func zipped(t *testing.T, name, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	file, err := archive.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(file, text); err != nil {
		t.Fatal(err)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// lambdaService simulates Lambda. layers are the numbers of the layer versions that the mint and
// rotate have; 0 means none. Every layer version has the same content.
func lambdaService(t *testing.T, content []byte, layers [2]int) (url string) {
	t.Helper()
	const arn = "arn:aws:lambda:eu-west-1:123456789012:layer:tokenmint-prod:%d"
	mux := http.NewServeMux()
	configuration := func(w http.ResponseWriter, layer int) {
		if layer == 0 {
			_, _ = io.WriteString(w, `{"FunctionName":"f"}`)
			return
		}
		_, _ = fmt.Fprintf(w, `{"Layers":[{"Arn":"arn:aws:lambda:eu-west-1:1:layer:other:7"},`+
			`{"Arn":"`+arn+`","CodeSize":1}]}`, layer)
	}
	const path = "GET /2015-03-31/functions/"
	mux.HandleFunc(path+"mint/configuration", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("Qualifier") != "live" { // callers get what the alias stands on
			t.Errorf("asks for %s", r.URL)
		}
		configuration(w, layers[0])
	})
	mux.HandleFunc(path+"rotate/configuration", func(w http.ResponseWriter, _ *http.Request) {
		configuration(w, layers[1])
	})
	mux.HandleFunc("GET /2018-10-31/layers", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if q.Get("find") != "LayerVersion" || q.Get("Arn") != fmt.Sprintf(arn, layers[0]) ||
			!strings.Contains(r.Header.Get("Authorization"), "/lambda/aws4_request") {
			t.Errorf("asks for %s, signed %t", r.URL, r.Header.Get("Authorization") != "")
		}
		_, _ = fmt.Fprintf(w, `{"Content":{"Location":"http://%s/zip?X-Amz-Signature=SENTINEL"}}`,
			r.Host)
	})
	mux.HandleFunc("GET /zip", func(w http.ResponseWriter, r *http.Request) {
		if content == nil || r.Header.Get("Authorization") != "" {
			w.WriteHeader(http.StatusForbidden)
		}
		_, _ = w.Write(content)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Amzn-Errortype", "ResourceNotFoundException:http://internal/")
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"Type":"User","Message":"Function not found"}`)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

func TestDoctorComparesThePolicy(t *testing.T) {
	t.Parallel()
	m := startDev(t, dev{})
	shipped, err := os.ReadFile(shippedPolicy)
	if err != nil {
		t.Fatal(err)
	}
	equal := zipped(t, "tokenmint.yaml", "# other comments\n"+string(shipped))
	other := zipped(t, "tokenmint.yaml", strings.Replace(string(shipped),
		"      - jwt: {groups: maps}\n", "", 1))
	denied := service(t, http.StatusForbidden, `{}`)
	for name, tc := range map[string]struct {
		url, mint string
		says      string
		wrong     bool
	}{
		"equal": {lambdaService(t, equal, [2]int{3, 3}), "mint",
			"ok     policy: the mint reads tokenmint-prod:3, which is equal", false},
		"another": {lambdaService(t, other, [2]int{3, 3}), "mint", "WRONG  policy: the mint " +
			"reads tokenmint-prod:3, and the local policy differs (+ profile web-map: rule jwt",
			true},
		"under way": {lambdaService(t, equal, [2]int{3, 4}), "mint", "note   policy: the mint " +
			"reads tokenmint-prod:3, and rotate reads tokenmint-prod:4: a deployment", false},
		"no layer": {lambdaService(t, equal, [2]int{0, 0}), "mint", "was compiled in", false},
		"half a layer": {lambdaService(t, equal, [2]int{0, 4}), "mint",
			"the mint reads no layer, and rotate reads tokenmint-prod:4", false},
		"another file": {lambdaService(t, zipped(t, "policy.yaml", ""), [2]int{3, 3}), "mint",
			"WRONG  policy: tokenmint-prod:3: open tokenmint.yaml", true},
		"a broken policy": {lambdaService(t, zipped(t, "tokenmint.yaml", "x: 1"), [2]int{3, 3}),
			"mint", "WRONG  policy: tokenmint-prod:3: tokenmint.yaml:1: x: unknown key", true},
		"no zip":     {lambdaService(t, []byte("x"), [2]int{3, 3}), "mint", "not a valid", true},
		"no content": {lambdaService(t, nil, [2]int{3, 3}), "mint", "cannot be downloaded", true},
		"no function": {lambdaService(t, equal, [2]int{3, 3}), "gone", "WRONG  policy: " +
			"function gone: ResourceNotFoundException: Function not found; load the output", true},
		"denied": {denied, "mint", "WRONG  policy: function mint: ", true},
		"unset":  {denied, "", "note   policy: MINT_FUNCTION or ROTATE_FUNCTION is not set", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := m.examine(doctor{getenv: m.getenv("AWS_ENDPOINT_URL_LAMBDA", tc.url,
				"MINT_FUNCTION", tc.mint, "ROTATE_FUNCTION", "rotate")})
			if !strings.Contains(got, tc.says) || (err != nil) != tc.wrong ||
				strings.Contains(got, "SENTINEL") {
				t.Errorf("no %q: %v\n%s", tc.says, err, got)
			}
		})
	}
}
