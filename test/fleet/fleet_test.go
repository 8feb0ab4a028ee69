//go:build moto

// Package fleet_test runs many processes of the built mint over one table. They are under load, and
// some are killed.
package fleet_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenmint/tokenmint/internal/secrets"
	simaws "github.com/tokenmint/tokenmint/internal/sim/aws"
	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
	"github.com/tokenmint/tokenmint/internal/testkit/lambda"
	"github.com/tokenmint/tokenmint/internal/testkit/moto"
)

var (
	instances = flag.Int("fleet.instances", 64, "processes of the mint")
	duration  = flag.Duration("fleet.duration", time.Minute, "how long the load lasts")
)

// profiles have windows that are short enough for several to pass.
var profiles = []struct {
	name  string
	reuse time.Duration
}{{"often", 10 * time.Second}, {"now-and-then", 20 * time.Second}, {"seldom", 30 * time.Second}}

const caller = "arn:aws:iam::000000000000:user/dev"

func TestFleet(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.report(f.run(*instances, *duration))
}

// run lets some instances at a time have requests for a while, and returns how long that took.
func (f *fleet) run(instances int, lasts time.Duration) time.Duration {
	f.t.Helper()
	seed := rand.Uint64()
	f.t.Logf("seed %d", seed)
	ctx, cancel := context.WithTimeout(f.t.Context(), lasts)
	defer cancel()
	start := time.Now()
	var wg sync.WaitGroup
	seeds := rand.New(rand.NewPCG(seed, 0))
	for range instances {
		random := rand.New(rand.NewPCG(seeds.Uint64(), seeds.Uint64()))
		wg.Go(func() { f.keepAsking(ctx, random) })
	}
	wg.Wait()
	return time.Since(start)
}

// fleet has the services that the instances share, and the test's observations.
type fleet struct {
	t      *testing.T
	binary string
	env    []string
	sim    *mapbox.Simulator
	table  *table

	mu       sync.Mutex
	requests int
	killed   int
	errors   []string
	replies  []reply
	slowest  time.Duration
	took     map[string][]time.Duration // how long requests took, by profile
	seen     map[string][]string        // signatures of the tokens that were handed out, by profile
}

func newFleet(t *testing.T) *fleet {
	t.Helper()
	return newFleetWith(t, policy())
}

// newFleetWith is newFleet with another policy.
func newFleetWith(t *testing.T, policy string) *fleet {
	t.Helper()
	endpoint := moto.Endpoint(t)
	sim, err := mapbox.New(mapbox.Config{Seed: 9, RateLimit: 100})
	if err != nil {
		t.Fatal(err)
	}
	if err := sim.AddAccount("acme"); err != nil {
		t.Fatal(err)
	}
	_, parent, err := sim.AddToken("acme", "Made by hand",
		[]string{"fonts:read", "styles:read", "tokens:write"})
	if err != nil {
		t.Fatal(err)
	}
	memory := simaws.NewMemory(time.Now)
	if err := memory.Create(t.Context(), "tokenmint/parent", strings.Repeat("a", 32),
		secrets.NewValue(parent)); err != nil {
		t.Fatal(err)
	}
	mapbox, manager := httptest.NewServer(sim), httptest.NewServer(simaws.New(memory))
	t.Cleanup(mapbox.Close)
	t.Cleanup(manager.Close)
	inFront := newDouble(t, endpoint)
	dynamo := httptest.NewServer(inFront)
	t.Cleanup(dynamo.Close)
	return &fleet{
		t: t, binary: build(t, policy), sim: sim, table: inFront,
		seen: map[string][]string{}, took: map[string][]time.Duration{},
		env: []string{
			"PARENT_SECRET_ID=tokenmint/parent", "TOKENS_API_URL=" + mapbox.URL,
			"AWS_ENDPOINT_URL_SECRETS_MANAGER=" + manager.URL,
			"AWS_ENDPOINT_URL_DYNAMODB=" + dynamo.URL, "TOKEN_TABLE=" + newTable(t, endpoint),
			"LOG_LEVEL=WARN",
			"AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test",
		},
	}
}

// policy has the profiles of this test.
func policy() string {
	text := "profiles:\n"
	for _, p := range profiles {
		text += fmt.Sprintf(
			"  %s:\n    scopes: [styles:read, fonts:read]\n    lifetime: 5m\n    reuse: %s\n"+
				"    allow: [{iam: %q}]\n", p.name, p.reuse, caller)
	}
	return text
}

// build builds the mint with a policy.
func build(t *testing.T, policy string) string {
	t.Helper()
	return lambda.BuildEdited(t, "../..", "./functions/mint", map[string]lambda.Edit{
		"config/tokenmint.yaml": func(string) string { return policy },
	})
}

func newTable(t *testing.T, endpoint string) string {
	t.Helper()
	client := dynamodb.New(dynamodb.Options{
		Region: "eu-west-1", BaseEndpoint: aws.String(endpoint),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	})
	name := fmt.Sprintf("fleet-%d", time.Now().UnixNano())
	_, err := client.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: aws.String(name), BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String("pk"), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// keepAsking runs instances one after the other. Each is killed after some time.
func (f *fleet) keepAsking(ctx context.Context, random *rand.Rand) {
	for ctx.Err() == nil {
		instance := lambda.Start(f.t, f.binary, f.env...)
		life := time.AfterFunc(time.Duration((0.3+random.ExpFloat64())*float64(20*time.Second)),
			instance.Kill)
		for ctx.Err() == nil && f.ask(instance, profiles[random.IntN(len(profiles))].name) {
			time.Sleep(time.Duration(random.Int64N(int64(100 * time.Millisecond))))
		}
		if life.Stop() {
			instance.Kill()
		} else {
			f.mu.Lock()
			f.killed++
			f.mu.Unlock()
		}
	}
}

// ask makes one request and reports whether the instance still runs. A request to a killed instance
// is not an error, because its caller would repeat it.
func (f *fleet) ask(instance *lambda.Instance, profile string) bool {
	return f.send(instance, profile, signed(profile))
}

// signed is the request of a caller with IAM for a profile.
func signed(profile string) events.APIGatewayV2HTTPRequest {
	event := events.APIGatewayV2HTTPRequest{RouteKey: "POST /tokens",
		Body: fmt.Sprintf(`{"profile":%q}`, profile)}
	event.RequestContext.HTTP.Method = "POST"
	event.RequestContext.Authorizer = &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
		IAM: &events.APIGatewayV2HTTPRequestContextAuthorizerIAMDescription{UserARN: caller},
	}
	return event
}

func (f *fleet) send(
	instance *lambda.Instance, profile string, event events.APIGatewayV2HTTPRequest,
) bool {
	payload, err := json.Marshal(event)
	if err != nil {
		f.t.Error(err)
		return false
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(f.t.Context()), 15*time.Second)
	defer cancel()
	start := time.Now()
	reply, err := instance.Invoke(ctx, payload)
	select {
	case <-instance.Exited():
		return false
	default:
	}
	f.note(profile, reply, err, time.Since(start))
	return true
}

func (f *fleet) note(profile string, got lambda.Reply, err error, took time.Duration) {
	var response events.APIGatewayV2HTTPResponse
	var body struct{ Token, Code string }
	if err == nil {
		err = errors.Join(json.Unmarshal(got.Payload, &response),
			json.Unmarshal([]byte(response.Body), &body))
	}
	if err == nil && response.StatusCode != 200 {
		err = fmt.Errorf("status %d: %s", response.StatusCode, body.Code)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests++
	f.took[profile] = append(f.took[profile], took)
	f.slowest = max(f.slowest, took)
	f.replies = append(f.replies,
		reply{time.Now(), response.StatusCode, body.Code, response.Headers["Retry-After"]})
	if err != nil {
		f.errors = append(f.errors, err.Error())
		return
	}
	if signature := body.Token[strings.LastIndex(body.Token, ".")+1:]; !slices.Contains(
		f.seen[profile], signature) {
		f.seen[profile] = append(f.seen[profile], signature)
	}
}

// reply is what a request came to.
type reply struct {
	at         time.Time
	status     int
	code       string
	retryAfter string
}

// calls returns how often Mapbox was asked for a token.
func (f *fleet) calls() (n int) {
	for _, call := range f.sim.Calls() {
		if call.Op == mapbox.OpCreateTemporary {
			n++
		}
	}
	return n
}

func (f *fleet) report(took time.Duration) {
	mints := f.calls()
	f.t.Logf("%d instances killed, %d requests in %s, %d errors, slowest %s, %d mints",
		f.killed, f.requests, took.Round(time.Second), len(f.errors),
		f.slowest.Round(time.Millisecond), mints)
	total := 0
	for _, p := range profiles {
		step := p.reuse - p.reuse/64 // the rest is the time in which a token is renewed ahead
		windows := int(took/step) + 1
		total += windows
		f.t.Logf("%-12s windows of %s: %d; tokens handed out: %d", p.name, p.reuse, windows,
			len(f.seen[p.name]))
		if n := len(f.seen[p.name]); n > windows || n == 0 {
			f.t.Errorf("%s: %d tokens in %d windows", p.name, n, windows)
		}
	}
	if len(f.errors) > 0 {
		slices.Sort(f.errors)
		f.t.Errorf("errors: %v", slices.Compact(f.errors))
	}
	// If a holder is killed between mint and store, its token is lost.
	if lost := mints - total; lost > f.killed/10 {
		f.t.Errorf("%d mints in %d windows", mints, total)
	}
}
