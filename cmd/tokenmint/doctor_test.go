package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// examine runs doctor and returns its output.
func (m *machine) examine(d doctor) (string, error) {
	m.t.Helper()
	if d.now == nil {
		d.now = time.Now
	}
	var out bytes.Buffer
	err := d.run(m.t.Context(), &out, &out)
	noToken(m.t, out.String(), m.lines["MAPBOX_ACCESS_TOKEN"],
		m.stored(m.lines["PARENT_SECRET_ID"]).Token.Reveal())
	return out.String(), err
}

func TestDoctorOnNewDev(t *testing.T) {
	t.Parallel()
	m := startDev(t, dev{})
	got, err := m.examine(doctor{getenv: m.getenv()})
	if err != nil || strings.Count("\n"+got, "\nok ") != 16 || strings.Contains(got, "WRONG") {
		t.Errorf("%v\n%s", err, got)
	}
	before := m.currentVersion()
	if _, err := m.examine(doctor{getenv: m.getenv()}); err != nil || m.currentVersion() != before {
		t.Errorf("a second look: %v", err)
	}
}

// service simulates a service that always gives the same reply.
func service(t *testing.T, status int, body string) (url string) {
	t.Helper()
	double := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(double.Close)
	return double.URL
}

// TestDeployNamesThePrerequisites: who has followed the page's list has what doctor looks for, and
// the other way round.
func TestDeployNamesThePrerequisites(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/deploy.md")
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, tool := range tools {
		row := tool.name + " " + cmp.Or(tool.least, "any")
		if tool.optional {
			row += " optional"
		}
		want = append(want, row)
	}
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(line, " | ")
		if name, ok := strings.CutPrefix(cells[0], "| `"); ok && len(cells) == 4 &&
			cells[3] == "`doctor --local`: its version |\n" {
			got = append(got, strings.TrimSuffix(name, "`")+" "+cells[1])
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("docs/deploy.md lists %q, doctor --local looks for %q", got, want)
	}
}

func TestCountsProblems(t *testing.T) {
	t.Parallel()
	for wrongs, want := range map[int]string{1: "1 problem found", 2: "2 problems found"} {
		t.Run(want, func(t *testing.T) {
			f := &findings{out: io.Discard}
			for range wrongs {
				f.wrong("x")
			}
			if err := f.end(); err == nil || err.Error() != want {
				t.Errorf("%v, want %q", err, want)
			}
		})
	}
	var out bytes.Buffer
	f := &findings{out: &out, format: formatJSON}
	f.ok("schedule: %s", "fine")
	f.wrong("secret: gone")
	var report struct {
		Findings []finding
		Problems int
	}
	if err := f.end(); err == nil || json.Unmarshal(out.Bytes(), &report) != nil ||
		report.Problems != 1 || len(report.Findings) != 2 ||
		report.Findings[1] != (finding{"wrong", "secret: gone"}) {
		t.Errorf("%v\n%s", err, out.String())
	}
}
