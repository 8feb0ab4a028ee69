package main

import (
	"encoding/json"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestDevWritesVariablesForSAM(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "env.json")
	m := startDev(t, dev{samEnvFile: path})
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var file map[string]map[string]string
	if err := json.Unmarshal(text, &file); err != nil || len(file) != 1 {
		t.Fatalf("%v: %s", err, text)
	}
	inContainer := func(name string) string {
		return strings.Replace(m.lines[name], "127.0.0.1", "host.docker.internal", 1)
	}
	want := map[string]string{
		"PARENT_SECRET_ID":                 m.lines["PARENT_SECRET_ID"],
		"TOKENS_API_URL":                   inContainer("TOKENS_API_URL"),
		"AWS_ENDPOINT_URL_SECRETS_MANAGER": inContainer("AWS_ENDPOINT_URL_SECRETS_MANAGER"),
		"STACK":                            "tokenmint", "TOKEN_TABLE": "",
	}
	if got := file["Parameters"]; !maps.Equal(got, want) {
		t.Errorf("variables %v, want %v", got, want)
	}
	template, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	// sam local passes over any other
	for _, name := range slices.Sorted(maps.Keys(file["Parameters"])) {
		if !strings.Contains(string(template), "\n        "+name+":") &&
			!strings.Contains(string(template), "\n          "+name+":") {
			t.Errorf("template.yaml has no variable %s", name)
		}
	}
}

type addressed struct {
	net.Listener
	address net.TCPAddr
}

func (a addressed) Addr() net.Addr { return &a.address }

func TestAddressesForContainers(t *testing.T) {
	t.Parallel()
	for ip, want := range map[string]string{
		"127.0.0.1":  "http://host.docker.internal:8788",
		"::1":        "http://host.docker.internal:8788",
		"0.0.0.0":    "http://host.docker.internal:8788",
		"::":         "http://host.docker.internal:8788",
		"172.17.0.1": "http://172.17.0.1:8788",
	} {
		t.Run(ip, func(t *testing.T) {
			l := listener{addressed{address: net.TCPAddr{IP: net.ParseIP(ip), Port: 8788}}}
			if got := l.containerURL(); got != want {
				t.Errorf("%s: %s, want %s", ip, got, want)
			}
		})
	}
}
