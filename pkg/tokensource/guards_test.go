package tokensource_test

import (
	"flag"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/tokenmint/tokenmint/internal/testkit/overlay"
)

// guard is the text of a source file that prevents a fault, and what the text would be without it.
type guard struct{ file, text, without string }

// mutants has a guard for each scenario, or test, that must fail without it.
var mutants = map[string]guard{
	"50 callers at once make 1 request": {"source.go",
		"s.flight == nil && s.refusal", "s.refusal"},
	"20 callers after a 403 make 1 request": {"renewal.go", "case e.IsRefusal():", "case false:"},
	"a refusal is not repeated, for a day":  {"renewal.go", "case e.IsRefusal():", "case false:"},
	"after a 401 authorization is asked once to refresh": {"exchange.go",
		"http.StatusUnauthorized", "0"},
	"Retry-After is obeyed on wake-up and by new callers": {"renewal.go",
		"s.pause += min(e.RetryAfter, longestRetryAfter)", ""},
	"Retry-After of 40 days overflows nothing": {"reply.go",
		"min(n, (1000 * time.Hour).Seconds())", "n * 1e6"},
	"after sleep the ended token is never handed out": {"moment.go",
		"max(time.Since(m.mono), s.wall().Round(0).Sub(m.wall))", "time.Since(m.mono)"},
	"the wall clock is set an hour back": {"moment.go",
		"max(time.Since(m.mono), s.wall().Round(0).Sub(m.wall))",
		"s.wall().Round(0).Sub(m.wall)"},
	"the wall clock is set a year back": {"moment.go",
		"max(time.Since(m.mono), s.wall().Round(0).Sub(m.wall))",
		"s.wall().Round(0).Sub(m.wall)"},
	"the wall clock is a year ahead": {"moment.go", "s.wall().Round(0)}", "time.Now().Round(0)}"},
	"expires_in is 40 days":          {"reply.go", " || got.ExpiresIn > longestLife.Seconds()", ""},
	"expires_in is 0":                {"reply.go", "got.ExpiresIn <= 0 || ", ""},
	"Age is subtracted":              {"reply.go", ` - seconds(resp.Header.Get("Age"))`, ""},
	"a token that ends within seconds is replaced first": {"source.go",
		"case s.isUsable() && (!isDue || !mayAsk)",
		"case s.held != nil && (!isDue || s.since(s.held.start) < s.held.usage+margin)"},
	"a token that has ended when it arrives": {"reply.go", "s.since(start) >= l.usage", "false"},
	"a mint that never answers": {"renewal.go",
		"context.WithTimeout(context.WithoutCancel(ctx), timeout)",
		"context.WithCancel(context.WithoutCancel(ctx))"},
	"a day with 500 wake-ups asks no more often": {"reply.go",
		"float64(life) * s.renewalPoint", "0"},
	"renewals are spread": {"options.go",
		"0.1*rand.Float64()", "0.05+0*rand.Float64()"},
	"retries are spread": {"renewal.go",
		"jitter(min(4*firstPause<<min(s.count, 10), longestPause))", "2*firstPause"},
	"a request that fails does not end the loop": {"renewal.go", "case e.IsRefusal():",
		"case e.IsRefusal() || e.Status == 0:"},
	"a renewal that fails: the old token is used until it ends": {"reply.go",
		"usage: life - min(margin, life/marginShare)", "usage: life"},
	"a refusal at a renewal: the old token is used until it ends": {"renewal.go",
		"	s.failed, s.paused = e", "	s.held = nil\n	s.failed, s.paused = e"},
	"get that is cancelled": {"renewal.go", "context.WithoutCancel(ctx)", "ctx"},
	"another user while a request is under way": {"renewal.go",
		"		s.flight.cancel()\n		s.flight = nil\n", ""},
	"another user does not wait after a bad reply": {"renewal.go",
		"e.Status >= 400", "e.Status > 0"},
	"a mint that returns the invalidated token again": {"renewal.go",
		"failed == nil && slices.Contains", "false && slices.Contains"},
	"authorization throws": {"exchange.go", "cause := recover()",
		"cause := any(nil)"},
	"authorization returns nothing": {"exchange.go", `value == ""`, "false"},

	// In Go, OnError is the listener.
	"a listener asks for a token": {"source.go", "one call tells it\n	s.mu.Unlock()",
		"\n	defer s.mu.Unlock()"},
	"TestTheLastCallEndsTheRequest": {"source.go", "		f.cancel()\n		<-f.done\n", ""},
	"TestARenewalWaitsForSeconds":   {"renewal.go", "min(timeout, renewalTimeout)", "timeout"},
	"TestASlowRenewalDelaysOneCall": {"source.go", "		s.giveUp()\n", ""},
	"TestTransportAddsTheTokenOnMapboxOnly": {"transport.go",
		`strings.HasSuffix(host, ".mapbox.com")`, `strings.Contains(host, "mapbox.com")`},
	"TestTransportKeepsTheTokenInARedirect": {"transport.go",
		"sent := req.Clone(req.Context())", "sent := req"},
	"TestErrorsShowNoToken": {"transport.go", "tokens.Seal(err, token)", "err"},
	"TestErrorsOfTheMintShowNoSecret": {"exchange.go",
		"strings.TrimSpace(credential))", "strings.TrimSpace(credential)+\"x\")"},
}

// tests has the test for each mutant that the table of scenarios cannot show.
var tests = map[string]string{"a listener asks for a token": "TestOnErrorMayCallTheSource"}

var withoutGuards = flag.Bool("source.guards", false, "repeat scenarios without their guards")

// Each fault in the table has a mutant.
func TestEachFaultHasAMutant(t *testing.T) {
	t.Parallel()
	for _, s := range scenarios(t) {
		if _, ok := mutants[s.Name]; s.Fault != "" && isFor(s.Only) && !ok {
			t.Errorf("no mutant for %q", s.Name)
		}
	}
}

// Without its guard, each scenario fails.
//
// It builds the package for each row: go test ./pkg/tokensource -run=Mutants -source.guards
func TestMutants(t *testing.T) {
	t.Parallel()
	if !*withoutGuards {
		t.Skip("needs -source.guards")
	}
	for name, g := range mutants {
		t.Run(name, func(t *testing.T) {
			run := "^TestScenarios$/^" + regexp.QuoteMeta(strings.ReplaceAll(name, " ", "_")) + "$"
			if test, ok := tests[name]; ok {
				run = "^" + test + "$"
			} else if strings.HasPrefix(name, "Test") {
				run = "^" + name + "$"
			}
			command := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-timeout=20s",
				"-overlay="+overlay.Without(t, g.file, g.text, g.without), "-run="+run, ".")
			out, err := command.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "--- FAIL: ") &&
				!strings.Contains(string(out), "panic: ") {
				t.Errorf("without %q: %v\n%s", g.text, err, out)
			}
		})
	}
}
