package docs_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/internal/rotate"
	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/sim/aws"
	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
	"github.com/tokenmint/tokenmint/internal/telemetry"
	"github.com/tokenmint/tokenmint/internal/testkit/lambda"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// TestCostsAddUp: in each table a row is quantity times price, and the last one their sum; the
// table of examples follows from both.
func TestCostsAddUp(t *testing.T) {
	t.Parallel()
	totals := sums(t, "docs/cost.md")
	if len(totals) != 2 {
		t.Fatalf("%d tables with a sum, want 2", len(totals))
	}
	for line := range strings.Lines(read(t, "docs/cost.md")) {
		cells := cellsOf(line)
		if strings.HasSuffix(cells[0], " million") && len(cells) == 4 {
			requests := number(t, strings.TrimSuffix(cells[0], " million"))
			near(t, line, number(t, cells[1]), totals[0])
			near(t, line, number(t, cells[2]), requests*totals[1])
			near(t, line, number(t, cells[3]), totals[0]+requests*totals[1])
		}
	}
	for _, page := range []string{"README.md", "docs/deploy.md"} {
		busy := fmt.Sprintf("%.2f", totals[1])
		if text := read(t, page); !strings.Contains(text, busy) {
			t.Errorf("%s does not say that a million requests cost %s", page, busy)
		}
	}
	idle := fmt.Sprintf("[%.2f dollars a month](docs/cost.md)", totals[0])
	if !strings.Contains(read(t, "README.md"), idle) {
		t.Errorf("README.md does not say %s", idle)
	}
	if idle := totals[0]; idle >= 3 {
		t.Errorf("an idle stack costs %.2f a month, want less than 3", idle)
	}
	if busy := totals[0] + totals[1]; busy >= 6 {
		t.Errorf("a month with a million requests costs %.2f, want less than 6", busy)
	}
}

// cellsOf returns the cells of a table's row.
func cellsOf(line string) []string {
	return strings.Split(strings.Trim(strings.TrimSpace(line), "| "), " | ")
}

// sums repeats the multiplications in the tables of a page, and returns their sums.
func sums(t *testing.T, page string) (totals []float64) {
	t.Helper()
	var sum float64
	for line := range strings.Lines(read(t, page)) {
		cells := cellsOf(line)
		switch {
		case strings.HasPrefix(cells[0], "**together**"):
			want := number(t, strings.Trim(cells[len(cells)-1], "*"))
			near(t, "sum of "+strconv.Itoa(len(totals)), want, sum)
			totals, sum = append(totals, want), 0
		case strings.HasSuffix(cells[0], " million"): // a table of examples
		case len(cells) == 4 && regexp.MustCompile(`^[\d.,]+$`).MatchString(cells[1]):
			price, per, _ := strings.Cut(cells[2], " / ")
			cost := number(t, cells[3])
			near(t, line, cost, number(t, cells[1])*number(t, price)/number(t, cmp.Or(per, "1")))
			sum += cost
		}
	}
	return totals
}

func number(t *testing.T, text string) float64 {
	t.Helper()
	n, err := strconv.ParseFloat(strings.ReplaceAll(strings.TrimSpace(text), ",", ""), 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// near allows for the rounding to cents.
func near(t *testing.T, what string, says, is float64) {
	t.Helper()
	if math.Abs(says-is) > 0.0051 {
		t.Errorf("%s: %.2f, but it is %.4f", strings.TrimSpace(what), says, is)
	}
}

// TestCostsAreOfWhatIsMeasured runs both functions as they are built, and counts.
func TestCostsAreOfWhatIsMeasured(t *testing.T) {
	t.Parallel()
	page, s := read(t, "docs/cost.md"), newBilled(t)
	rotator := s.start("rotate")
	s.invoke(rotator, `{"action":"rotate"}`)
	calls := s.calls.Load()
	rotator.Kill() // only then all that it wrote is certain to be there
	line, reply := s.request()
	idle, alarms := float64(len(metrics(t, rotator.Log()))), float64(alarmMetrics(t))
	failing := float64(len(metrics(t, failures(t))))
	for what, is := range map[string]float64{
		"bytes of the log line of a request":                         float64(len(line)),
		"bytes of a reply's body":                                    float64(len(reply)),
		"custom metrics of an idle stack":                            idle,
		"custom metrics that appear when requests fail":              failing,
		"metrics that alarms look at":                                alarms,
		"calls of Secrets Manager in a heartbeat with nothing to do": float64(calls),
		// in the tables that add up
		"custom metrics": idle,
		"alarm metrics":  alarms,
		"GB of the mint's log, of one line a request": float64(len(line)) / 1000,
	} {
		match := regexp.MustCompile(`\| ` + regexp.QuoteMeta(what) +
			` \| ([\d,.]+) \|`).FindStringSubmatch(page)
		if match == nil {
			t.Errorf("the page does not tell the %s", what)
			continue
		}
		// Times in a line have more or fewer digits.
		if says := number(t, match[1]); math.Abs(says-is) > 0.03*says {
			t.Errorf("%s: %g, the page says %s", what, is, match[1])
		}
	}
}

// request returns the line and the body of a warm request. The mint writes one line for each
// request. An audit record and a line of metrics had 1,160 bytes for the same request.
func (s *billed) request() (line, reply string) {
	s.t.Helper()
	mint, event := s.start("mint"), read(s.t, "events/mint-iam.json")
	s.invoke(mint, strings.ReplaceAll(event, "assumed-role/web-app", "assumed-role/uploads-ci"))
	s.invoke(mint, event)
	reply = s.invoke(mint, event)
	mint.Kill()
	lines := strings.SplitAfter(mint.Log(), "\n") // the last one is empty
	if len(lines) != 3+1 || len(lines[2]) > 1160/2 {
		s.t.Fatalf("three requests, and these lines:\n%s", mint.Log())
	}
	return lines[2], reply
}

// alarmMetrics counts the metrics that alarms look at: those of expressions, and one of each other
// alarm.
func alarmMetrics(t *testing.T) int {
	t.Helper()
	template := read(t, "template.yaml")
	count := func(text string) int { return strings.Count(template, text) }
	plain := count("Type: AWS::CloudWatch::Alarm") - count("\n      Metrics:\n")
	return plain + count("MetricStat:")
}

// failures are the lines of a function for all that an alarm must know of.
func failures(t *testing.T) string {
	t.Helper()
	var out strings.Builder
	written := &telemetry.Metrics{Stage: "prod", Version: "7"}
	for _, audit := range []telemetry.Audit{
		{Status: http.StatusForbidden}, {Status: http.StatusTooManyRequests, Code: "budget_spent"},
		{Status: http.StatusInternalServerError},
		{Status: http.StatusServiceUnavailable, Code: "parent_unusable"},
	} {
		audit.Log(t.Context(), telemetry.NewLogger(&out, nil), written, time.Now())
	}
	return out.String()
}

// metrics are the custom metrics in a log: each name with each set of its dimensions' values is
// one.
func metrics(t *testing.T, log string) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for line := range strings.Lines(log) {
		var embedded struct {
			AWS struct {
				CloudWatchMetrics []struct {
					Dimensions [][]string
					Metrics    []struct{ Name string }
				}
			} `json:"_aws"`
		}
		var values map[string]any
		if json.Unmarshal([]byte(line), &embedded) != nil ||
			json.Unmarshal([]byte(line), &values) != nil {
			continue
		}
		for _, directive := range embedded.AWS.CloudWatchMetrics {
			for _, dimensions := range directive.Dimensions {
				key := ""
				for _, dimension := range dimensions {
					key += fmt.Sprintf(" %s=%v", dimension, values[dimension])
				}
				for _, metric := range directive.Metrics {
					all[metric.Name+key] = true
				}
			}
		}
	}
	return all
}

// billed has the services that both functions use. Their requests are counted for the cost table.
type billed struct {
	t     *testing.T
	env   []string
	calls atomic.Int64 // of Secrets Manager
}

func newBilled(t *testing.T) *billed {
	t.Helper()
	s := &billed{t: t}
	sim, err := mapbox.New(mapbox.Config{Seed: 5, RateLimit: 100})
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	if err := sim.AddAccount("acme"); err != nil {
		t.Fatal(err)
	}
	version := strings.Repeat("a", 32)
	_, value, err := sim.AddToken("acme", rotate.Note("tokenmint", "parent", version),
		cfg.ParentScopes())
	if err != nil {
		t.Fatal(err)
	}
	day := time.Now().Add(-24 * time.Hour)
	parent, err := secrets.Credential{Token: tokens.NewToken(value), Scopes: cfg.ParentScopes(),
		Created: day}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	store := aws.NewMemory(time.Now)
	if err := store.Create(t.Context(), "tokenmint/parent", version, parent); err != nil {
		t.Fatal(err)
	}
	service := aws.New(store)
	manager := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.calls.Add(1)
		service.ServeHTTP(w, r)
	}))
	mapbox := httptest.NewServer(sim)
	t.Cleanup(mapbox.Close)
	t.Cleanup(manager.Close)
	s.env = []string{
		"PARENT_SECRET_ID=tokenmint/parent", "TOKENS_API_URL=" + mapbox.URL,
		"AWS_ENDPOINT_URL_SECRETS_MANAGER=" + manager.URL, "STAGE=prod",
	}
	return s
}

func (s *billed) start(function string) *lambda.Instance {
	s.t.Helper()
	return lambda.Start(s.t, lambda.Build(s.t, root, "./functions/"+function), s.env...)
}

// invoke returns the body of the reply, or the reply itself if it has none.
func (s *billed) invoke(function *lambda.Instance, event string) string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	reply, err := function.Invoke(ctx, []byte(event))
	var http struct{ Body string }
	if err != nil || reply.Failed || json.Unmarshal(reply.Payload, &http) != nil {
		s.t.Fatalf("failed: %t, error: %v", reply.Failed, err)
	}
	return http.Body
}
