package mint_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
)

// metricsOf returns the names of the metrics in a line of the log, sorted.
func metricsOf(t *testing.T, line string) []string {
	t.Helper()
	var header struct {
		AWS struct {
			CloudWatchMetrics []struct{ Metrics []struct{ Name string } }
		} `json:"_aws"`
	}
	if err := json.Unmarshal([]byte(line), &header); err != nil {
		t.Fatalf("%v: %q", err, line)
	}
	var names []string
	for _, directive := range header.AWS.CloudWatchMetrics {
		for _, metric := range directive.Metrics {
			names = append(names, metric.Name)
		}
	}
	slices.Sort(names)
	return names
}

// lines are requests and the metrics in their lines.
func lines() map[string]requestLine {
	asGet := post("/tokens", webCaller, "{}")
	asGet.RequestContext.HTTP.Method = http.MethodGet
	return map[string]requestLine{
		"a token":        {post("/tokens", webCaller, "{}"), mapbox.Fault{}, ""},
		"malformed":      {post("/tokens", webCaller, "{"), mapbox.Fault{}, ""},
		"no such route":  {post("/token", webCaller, "{}"), mapbox.Fault{}, ""},
		"another method": {asGet, mapbox.Fault{}, ""},
		"too large": {post("/tokens", webCaller, strings.Repeat("x", 9000)), mapbox.Fault{},
			""},
		"too many scopes": {post("/tokens", webCaller, `{"scopes":["uploads:write"]}`),
			mapbox.Fault{}, "Denials"},
		"a stranger": {post("/tokens", "arn:aws:iam::1:user/eve", "{}"), mapbox.Fault{},
			"Denials"},
		"a page": {get(pagePath, page), mapbox.Fault{}, ""},
		"a stranger's page": {get(pagePath, "https://elsewhere.example"),
			mapbox.Fault{}, ""},
		"Mapbox limits": {post("/tokens", webCaller, "{}"),
			mapbox.Fault{Kind: mapbox.Status, Status: 429, Hits: -1}, "Throttled"},
		"Mapbox fails": {post("/tokens", webCaller, "{}"),
			mapbox.Fault{Kind: mapbox.Status, Status: 500, Hits: -1}, "Errors"},
		"Mapbox forgets the parent": {post("/tokens", webCaller, "{}"),
			mapbox.Fault{Kind: mapbox.Status, Status: 401, Hits: -1}, "Errors ParentUnusable"},
	}
}

type requestLine struct {
	event   events.APIGatewayV2HTTPRequest
	fault   mapbox.Fault // at Mapbox
	metrics string
}

// TestOneLineForEachRequest: the line has the metrics of what went wrong. It is written at every
// level if it has metrics, and a plain success has none.
func TestOneLineForEachRequest(t *testing.T) {
	t.Parallel()
	for name, tc := range lines() {
		for _, level := range []slog.Level{slog.LevelInfo, slog.LevelError + 1} {
			t.Run(name+" at "+level.String(), func(t *testing.T) {
				t.Parallel()
				b := newTestMint(t)
				b.yaml, b.level = guarded, level
				b.handler = b.newHandler(b.mapbox)
				b.withParent()
				if tc.fault.Kind != "" {
					b.sim.Inject(tc.fault)
				}
				b.send(t.Context(), tc.event)
				lines := slices.Collect(strings.Lines(b.log.String()))
				if level > slog.LevelError && tc.metrics == "" {
					if len(lines) != 0 {
						t.Errorf("lines: %s", lines)
					}
					return
				}
				if len(lines) != 1 {
					t.Fatalf("%d lines, want 1: %s", len(lines), lines)
				}
				if got := strings.Join(metricsOf(t, lines[0]), " "); got != tc.metrics {
					t.Errorf("metrics %q, want %q", got, tc.metrics)
				}
			})
		}
	}
}
