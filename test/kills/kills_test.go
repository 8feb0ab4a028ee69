// Package kills_test kills the built rotator at random moments while the built mint works. Then it
// checks the state.
package kills_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/sim/aws"
	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
	"github.com/tokenmint/tokenmint/internal/testkit/lambda"
)

var kills = flag.Int("kills.n", 6, "how often the rotator is killed; 300 for a thorough run")

const (
	user         = "acme"
	parentSecret = "tokenmint/parent"
	caller       = "arn:aws:iam::000000000000:user/dev"

	// Times of the edited build, which a test can wait for.
	grace     = 2 * time.Second
	orphanAge = 3 * time.Second
)

// targets are the services that both functions use, and what the test saw of them.
type targets struct {
	t       *testing.T
	sim     *mapbox.Simulator
	secrets *aws.Memory
	env     []string
}

func newTargets(t *testing.T) *targets {
	t.Helper()
	sim, err := mapbox.New(mapbox.Config{Seed: 21})
	if err != nil {
		t.Fatal(err)
	}
	if err := sim.AddAccount(user); err != nil {
		t.Fatal(err)
	}
	_, parent, err := sim.AddToken(user, "Made manually",
		[]string{"styles:read", "fonts:read", "tokens:read", "tokens:write"})
	if err != nil {
		t.Fatal(err)
	}
	w := &targets{t: t, sim: sim, secrets: aws.NewMemory(time.Now)}
	if err := w.secrets.Create(t.Context(), parentSecret, strings.Repeat("a", 32),
		secrets.NewValue(parent)); err != nil {
		t.Fatal(err)
	}
	mapbox, manager := httptest.NewServer(sim), httptest.NewServer(aws.New(w.secrets))
	t.Cleanup(mapbox.Close)
	t.Cleanup(manager.Close)
	w.env = []string{
		"PARENT_SECRET_ID=" + parentSecret, "TOKENS_API_URL=" + mapbox.URL,
		"AWS_ENDPOINT_URL_SECRETS_MANAGER=" + manager.URL,
		"STACK=kills", "LOG_LEVEL=ERROR",
	}
	return w
}

// build builds a function with short times and a profile that mints for each request.
func build(t *testing.T, path string) string {
	t.Helper()
	replace := func(old, with string) lambda.Edit {
		return func(text string) string { return strings.Replace(text, old, with, 1) }
	}
	profile := fmt.Sprintf(
		"parent: {retire_after: %s}\nprofiles:\n  all:\n    scopes: [styles:read, fonts:read]\n"+
			"    mints_per_minute: 1000000\n    allow: [{iam: %q}]\n", grace, caller)
	return lambda.BuildEdited(t, "../..", path, map[string]lambda.Edit{
		"config/tokenmint.yaml": func(string) string {
			return strings.Replace(profile, "parent: {", "parent: {mints_per_minute: 1000000, ", 1)
		},
		"config/config.go": replace(
			"ShortestRetireAfter = LongestLifetime + ParentCacheLife + MintTimeout",
			"ShortestRetireAfter = time.Second"),
		"internal/rotate/decide.go": replace("orphanAge = 20 * time.Minute",
			fmt.Sprintf("orphanAge = %d", orphanAge)),
	})
}

func TestKills(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes seconds: runs without -short")
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	w := newTargets(t)
	mint, rotate := build(t, "./functions/mint"), build(t, "./functions/rotate")

	ctx, stop := context.WithCancel(t.Context())
	minting := make(chan int64, 2)
	// an instance whose cached parent goes stale
	go func() { minting <- w.keepMinting(ctx, mint, 1<<30) }()
	// instances that read the parent anew
	go func() { minting <- w.keepMinting(ctx, mint, 5) }()

	usual := w.rotation(rotate, "usual-0", 0) // how long an undisturbed rotation takes
	var most int
	for i := range *kills {
		w.rotation(rotate, fmt.Sprintf("kill-%d", i),
			time.Duration(random.Int64N(int64(usual*3/2))))
		most = max(most, len(w.ours()))
		if len(w.ours()) >= 6 { // the rotator makes no more than eight; let the old ones go
			w.settle(rotate, fmt.Sprintf("settle-%d", i))
		}
	}
	w.settle(rotate, "last")
	stop()
	minted := <-minting + <-minting

	current := w.current()
	ours := w.ours()
	t.Logf("%d kills, %d mints, a rotation takes %s, at most %d live tokens, %d at the end", *kills,
		minted, usual.Round(time.Millisecond), most, len(ours))
	if len(ours) != 1 || ours[0] != current.ID {
		t.Errorf("%d of our tokens live at the end, want the current one", len(ours))
	}
	if d, err := w.secrets.Describe(t.Context(), parentSecret); err != nil {
		t.Error(err)
	} else if _, pending := d.VersionAt(secrets.Pending); pending {
		t.Error("AWSPENDING is left")
	}
	if minted < int64(*kills) {
		t.Errorf("only %d mints: too few to tell anything", minted)
	}
}

// rotation forces a rotation in a new process and kills the process after a time. With the time 0
// it waits for the end of the rotation. It returns the duration.
func (w *targets) rotation(binary, id string, killAfter time.Duration) time.Duration {
	w.t.Helper()
	instance := lambda.Start(w.t, binary, w.env...)
	defer instance.Kill()
	if killAfter > 0 {
		timer := time.AfterFunc(killAfter, instance.Kill)
		defer timer.Stop()
	}
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	start := time.Now()
	reply, err := instance.Invoke(ctx,
		fmt.Appendf(nil, `{"action":"rotate","force":true,"id":%q}`, id))
	if killAfter == 0 && (err != nil || reply.Failed) {
		w.t.Fatalf("an undisturbed rotation: %v: %s", err, reply.Payload)
	}
	return time.Since(start)
}

// settle runs undisturbed heartbeats until grace periods are over and orphans can be deleted.
func (w *targets) settle(binary, id string) {
	w.t.Helper()
	instance := lambda.Start(w.t, binary, w.env...)
	defer instance.Kill()
	for i := range 3 {
		ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
		reply, err := instance.Invoke(ctx,
			fmt.Appendf(nil, `{"action":"rotate","id":"%s-%d"}`, id, i))
		cancel()
		// A pending token that a person could not have stored half does not exist: the first
		// heartbeat may meet one that is unfit only if something is wrong.
		if err != nil || reply.Failed {
			w.t.Errorf("heartbeat: %v: %s", err, reply.Payload)
		}
		time.Sleep(max(grace, orphanAge))
	}
}

// keepMinting mints until ctx ends, with a new instance after each life requests. Every mint must
// succeed.
func (w *targets) keepMinting(ctx context.Context, binary string, life int) int64 {
	var minted atomic.Int64
	var instance *lambda.Instance
	for i := 0; ctx.Err() == nil; i++ {
		if i%life == 0 {
			if instance != nil {
				instance.Kill()
			}
			instance = lambda.Start(w.t, binary, w.env...)
		}
		if err := mintOnce(context.WithoutCancel(ctx), instance); err != nil {
			w.t.Errorf("mint: %v", err)
		}
		minted.Add(1)
		time.Sleep(5 * time.Millisecond)
	}
	return minted.Load()
}

func mintOnce(ctx context.Context, instance *lambda.Instance) error {
	var event events.APIGatewayV2HTTPRequest
	event.RouteKey, event.Body, event.RequestContext.HTTP.Method = "POST /tokens", "{}", "POST"
	event.RequestContext.Authorizer = &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
		IAM: &events.APIGatewayV2HTTPRequestContextAuthorizerIAMDescription{UserARN: caller},
	}
	payload, err := json.Marshal(event)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	reply, err := instance.Invoke(ctx, payload)
	if err != nil {
		return err
	}
	var response events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(reply.Payload, &response); err != nil {
		return err
	}
	if response.StatusCode != 200 {
		var refused struct{ Code string }
		err := json.Unmarshal([]byte(response.Body), &refused)
		return fmt.Errorf("status %d, code %s: %w", response.StatusCode, refused.Code, err)
	}
	return nil
}

// ours returns the ids of the live tokens that the rotator created.
func (w *targets) ours() []string {
	var ids []string
	for _, token := range w.sim.Tokens(user) {
		if strings.HasPrefix(token.Note, "tokenmint/kills/parent/") {
			ids = append(ids, token.ID)
		}
	}
	return ids
}

func (w *targets) current() secrets.Credential {
	w.t.Helper()
	version, err := w.secrets.Get(w.t.Context(), parentSecret, "")
	if err != nil {
		w.t.Fatal(err)
	}
	credential, err := secrets.ParseCredential(version.Value)
	if err != nil {
		w.t.Fatal(err)
	}
	return credential
}
