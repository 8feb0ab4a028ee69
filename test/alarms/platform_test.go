// Package alarms_test plays the events that the alarms of template.yaml are for. The handlers are
// the real ones. It writes down what they log, and what AWS itself would count.
// test/template/test_alarms.py reads that as CloudWatch does, and looks which alarms ring.
package alarms_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/internal/rotate"
	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/setup"
	"github.com/tokenmint/tokenmint/internal/sim/aws"
	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
	"github.com/tokenmint/tokenmint/internal/telemetry"
	"github.com/tokenmint/tokenmint/internal/testkit/log"
)

const (
	user   = "acme"
	parent = "tokenmint/parent"
	other  = "tokenmint/prod/other"
)

// count is one value that AWS writes itself.
type count struct {
	Namespace  string            `json:"namespace"`
	Name       string            `json:"name"`
	Dimensions map[string]string `json:"dimensions"`
	Value      float64           `json:"value"`
	At         int64             `json:"at"` // milliseconds since 1970
}

// platform is the part of AWS around the handlers. It counts like API Gateway, Lambda and SQS.
type platform struct {
	t      *testing.T
	config *config.Config
	sim    *mapbox.Simulator // its clock is everybody's
	store  *aws.Memory
	env    map[string]string
	log    log.Buffer

	mints     []mint // the versions behind the alias, in turn
	rotator   *rotate.Handler
	slow      time.Duration // that Mapbox takes for a call
	throttled bool          // Lambda has no instance for a request
	served    int           // requests
	undone    int           // messages in the queue
	counts    []count
	start     time.Time // CloudWatch looks from here on
}

// mint is one version of the function: status 0 means that it died.
type mint struct {
	version string
	invoke  func(ctx context.Context, event []byte) (status int)
}

func newPlatform(t *testing.T, policy, level string) *platform {
	t.Helper()
	p := &platform{t: t}
	var err error
	p.config, err = config.Parse("tokenmint.yaml", []byte(policy))
	p.must(err)
	begin := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	p.sim, err = mapbox.New(mapbox.Config{Seed: 3, Now: func() time.Time { return begin }})
	p.must(err)
	p.must(p.sim.AddAccount(user))
	p.store = aws.NewMemory(p.sim.Now)
	manager := httptest.NewServer(aws.New(p.store))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.sim.Advance(p.slow)
		p.sim.ServeHTTP(w, r)
	}))
	t.Cleanup(manager.Close)
	t.Cleanup(server.Close)
	p.env = map[string]string{
		"PARENT_SECRET_ID": parent, "TOKENS_API_URL": server.URL, "STAGE": "prod",
		"AWS_ENDPOINT_URL_SECRETS_MANAGER": manager.URL, "LOG_LEVEL": level,
	}
	p.must(p.store.Create(t.Context(), parent, "", secrets.Value{}))
	p.must(p.store.Create(t.Context(), other, "", secrets.Value{}))
	p.rotator, err = setup.Rotate(p.parts(""))
	p.must(err)
	p.mints, p.start = []mint{p.deploy("1")}, p.sim.Now()
	return p
}

func (p *platform) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// parts are those of a function of some version.
func (p *platform) parts(version string) setup.Parts {
	p.t.Helper()
	settings, err := setup.Read(func(name string) string { return p.env[name] })
	p.must(err)
	return setup.Parts{
		Settings: settings, Config: p.config, Now: p.sim.Now,
		Logger:  telemetry.NewLogger(&p.log, settings.LogLevel),
		Metrics: &telemetry.Metrics{Stage: settings.Stage, Version: version},
	}
}

// bootstrap stores a first parent, and waits until rotation has replaced and retired it.
func (p *platform) bootstrap(scopes ...string) {
	p.t.Helper()
	_, value, err := p.sim.AddToken(user, "Made manually", scopes)
	p.must(err)
	id := strings.Repeat("b", 32)
	p.must(p.store.Put(p.t.Context(), parent, id, secrets.NewValue(value), secrets.Current))
	p.heartbeat()
	p.sim.Advance(4 * time.Hour)
	p.heartbeat()
	p.start = p.sim.Now()
}

// tally counts one value of a metric that AWS writes. dimensions are names and values.
func (p *platform) tally(namespace, name string, value float64, dimensions ...string) {
	c := count{namespace, name, map[string]string{}, value, p.sim.Now().UnixMilli()}
	for i := 0; i < len(dimensions); i += 2 {
		c.Dimensions[dimensions[i]] = dimensions[i+1]
	}
	p.counts = append(p.counts, c)
}

// request sends an event to the API. The caller must get this status.
func (p *platform) request(want int, event string) {
	p.t.Helper()
	before, status := p.sim.Now(), p.forward(event)
	if status != want {
		p.t.Fatalf("status %d, want %d", status, want)
	}
	p.tally("AWS/ApiGateway", "Count", 1, "ApiId", "Api")
	if status >= 500 {
		p.tally("AWS/ApiGateway", "5xx", 1, "ApiId", "Api")
	}
	latency := float64(p.sim.Now().Sub(before).Milliseconds())
	p.tally("AWS/ApiGateway", "Latency", latency, "ApiId", "Api")
}

// forward invokes one of the versions behind the alias.
func (p *platform) forward(event string) int {
	const function = "MintFunction"
	if p.throttled {
		p.tally("AWS/Lambda", "Throttles", 1, "FunctionName", function)
		return http.StatusServiceUnavailable
	}
	chosen := p.mints[p.served%len(p.mints)]
	p.served++
	ctx, cancel := p.invocation()
	defer cancel()
	status := chosen.invoke(ctx, []byte(event))
	names := []string{"Invocations"}
	if status == 0 {
		names = append(names, "Errors")
		status = http.StatusInternalServerError
	}
	for _, name := range names {
		p.tally("AWS/Lambda", name, 1, "FunctionName", function)
		if len(p.mints) > 1 { // Lambda tells versions apart only then
			p.tally("AWS/Lambda", name, 1, "FunctionName", function,
				"Resource", function+":live", "ExecutedVersion", chosen.version)
		}
	}
	return status
}

// heartbeat invokes the rotator as the schedule does: asynchronously, with two retries.
func (p *platform) heartbeat() {
	p.t.Helper()
	event := fmt.Sprintf(`{"action":"rotate","id":%q}`, p.sim.Now().Format(time.RFC3339))
	for range 3 {
		ctx, cancel := p.invocation()
		_, err := p.rotator.Handle(ctx, json.RawMessage(event))
		cancel()
		p.tally("AWS/Lambda", "Invocations", 1, "FunctionName", "RotateFunction")
		if err == nil {
			return
		}
		p.tally("AWS/Lambda", "Errors", 1, "FunctionName", "RotateFunction")
		p.sim.Advance(time.Minute)
	}
	p.undone++
}

func (p *platform) invocation() (context.Context, context.CancelFunc) {
	ctx := lambdacontext.NewContext(p.t.Context(), &lambdacontext.LambdaContext{
		AwsRequestID: fmt.Sprintf("00000000-0000-4000-8000-%012d", len(p.counts)),
	})
	return context.WithTimeout(ctx, time.Minute)
}

// pass lets time pass. SQS counts the messages that wait.
func (p *platform) pass(d time.Duration) {
	p.sim.Advance(d)
	p.tally("AWS/SQS", "ApproximateNumberOfMessagesVisible", float64(p.undone),
		"QueueName", "Undone")
}
