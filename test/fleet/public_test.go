//go:build moto

package fleet_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
	"github.com/tokenmint/tokenmint/internal/testkit/lambda"
)

// publicReuse is the reuse window of the public profile.
const publicReuse = 30 * time.Second

// Visitors and callers with IAM ask the same instances, while Mapbox takes a third of a second for
// a mint. All visitors together cost one mint in each window. They wait no longer than the others.
func TestPublicRoute(t *testing.T) {
	t.Parallel()
	if *duration < time.Minute {
		t.Skip("needs some reuse windows: runs with -fleet.duration=1m and more")
	}
	f := newFleetWith(t, fmt.Sprintf(`profiles:
  page:
    scopes: [fonts:read]
    lifetime: 5m
    reuse: %s
    allow: [{anyone: true, origins: ["https://maps.example.com"]}]
  signed:
    scopes: [styles:read, fonts:read]
    reuse: 30m
    allow: [{iam: %q}]
`, publicReuse, caller))
	f.env = append(f.env, fmt.Sprintf("MINT_CONCURRENCY=%d", *instances))
	f.sim.Inject(mapbox.Fault{Op: mapbox.OpCreateTemporary, Kind: mapbox.Slow, Hits: -1,
		DelayBefore: 300 * time.Millisecond})
	ctx, cancel := context.WithTimeout(t.Context(), *duration)
	defer cancel()
	start := time.Now()
	var silent atomic.Int64
	var wg sync.WaitGroup
	for range *instances {
		instance := lambda.Start(t, f.binary, f.env...)
		time.Sleep(100 * time.Millisecond) // moto answers one request at a time
		wg.Go(func() {
			for ctx.Err() == nil && f.send(instance, "page", visit()) &&
				f.ask(instance, "signed") {
				time.Sleep(time.Duration(rand.Int64N(int64(400 * time.Millisecond))))
			}
			instance.Kill()
			silent.Add(int64(strings.Count(instance.Log(), "does not answer")))
		})
	}
	wg.Wait()
	f.reportPublic(time.Since(start), int(silent.Load()))
}

// visit is the request of a page for the profile page.
func visit() events.APIGatewayV2HTTPRequest {
	event := events.APIGatewayV2HTTPRequest{
		RouteKey:       "GET /public/tokens/{profile}",
		PathParameters: map[string]string{"profile": "page"},
		Headers:        map[string]string{"origin": "https://maps.example.com"},
	}
	event.RequestContext.HTTP.Method = "GET"
	return event
}

// reportPublic allows for calls of a table that was silent for a second, as moto is on a busy
// machine. Then an instance may mint alone, or refuse.
func (f *fleet) reportPublic(took time.Duration, silent int) {
	step := publicReuse - publicReuse/64 // the rest is the time in which a token is renewed ahead
	windows := int(took/step) + 1
	f.t.Logf("%d instances, %d requests in %s, %d windows of %s, %d mints, %d silent calls",
		*instances, f.requests, took.Round(time.Second), windows, publicReuse, f.calls(), silent)
	for _, profile := range []string{"page", "signed"} {
		all := slices.Sorted(slices.Values(f.took[profile]))
		at := func(share float64) time.Duration {
			return all[int(share*float64(len(all)-1))].Round(10 * time.Microsecond)
		}
		f.t.Logf("%-6s %d tokens; p50 %s, p99 %s, slowest %s", profile, len(f.seen[profile]),
			at(0.5), at(0.99), at(1))
	}
	if n := len(f.seen["page"]); n > windows+silent || n == 0 {
		f.t.Errorf("%d tokens for visitors in %d windows", n, windows)
	}
	if n := f.calls(); n > windows+1+silent {
		f.t.Errorf("%d mints in %d windows, and one for IAM", n, windows)
	}
	refused := map[string]int{}
	for _, r := range f.replies {
		if r.status != 200 {
			refused[fmt.Sprint(r.status, " ", r.code)]++
		}
	}
	f.t.Logf("refusals: %v", refused)
	// Visitors who come first may find Mapbox, or a busy machine, slower than a second.
	if refused["503 upstream_slow"] > *instances+silent || silent == 0 && len(refused) > 1 {
		f.t.Errorf("refusals: %v", refused)
	}
}
