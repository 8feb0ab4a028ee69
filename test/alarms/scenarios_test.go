package alarms_test

import (
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
)

var out = flag.String("alarms.out", "", "file for what the scenarios write, as JSON")

// policy is the configuration of the scenarios.
const policy = `parent:
  rotate_every: 720h
  retire_after: 3h
  mints_per_minute: 20
profiles:
  web:
    scopes: [styles:read, fonts:read]
    lifetime: 60m
    reuse: 30m
    allow:
      - iam: "arn:aws:iam::123456789012:role/web"
  batch:
    scopes: [styles:read]
    lifetime: 30m
    allow:
      - iam: "arn:aws:iam::123456789012:role/batch"
  page:
    scopes: [styles:read]
    lifetime: 60m
    reuse: 30m
    allow:
      - {anyone: true, origins: ["https://maps.example.com"]}
`

// withOther also manages an additional token. The parent can create it if it has the scopes.
func withOther(scopes string) string {
	return policy + "tokens:\n  other:\n    secret: " + other + "\n    scopes: [" + scopes +
		"]\n    rotate_every: 720h\n    retire_after: 3h\n"
}

// Scenarios name the alarms that ring. CloudWatch's own rules decide that: test_alarms.py has them.
// A scenario lasts as long as the window of each alarm that it is about.
var scenarios = []struct {
	name   string
	policy string
	play   func(p *platform)
	rings  string
}{
	{"a quiet day with a deployment", withOther("styles:read"), quietDay, ""},
	{"a new stack before bootstrap", policy, newStack, ""},
	{"Mapbox is down while a fix is deployed", policy, mapboxDown, "MintServerErrors MintFailures"},
	{"the old version has errors", policy, oldDefect, "MintServerErrors MintFailures"},
	{"the new version has a defect", policy, newDefect,
		"MintServerErrors MintFailures VersionDefects"},
	{"the new version does not start", policy, newDead,
		"MintServerErrors MintCrashes VersionCrashes"},
	{"Mapbox is slow", policy, mapboxSlow, "MintSlow"},
	{"no instance is free", policy, noInstance, "MintServerErrors MintThrottles"},
	{"callers are refused", policy, refused, "Denials"},
	{"strangers are refused on the public route", policy, strangers, ""},
	{"callers want more tokens than a minute has", policy, budget, "BudgetSpent CallersThrottled"},
	{"somebody else uses up the rate limit", policy, rateLimit, "BudgetSpent CallersThrottled"},
	{"the secret holds no token", policy, noParent,
		"MintServerErrors MintFailures ParentUnusable"},
	{"Mapbox has forgotten the parent", policy, deletedParent,
		"MintServerErrors MintFailures ParentUnusable"},
	{"the parent may grow older than the alarm", strings.Replace(policy, "720h", "1440h", 1),
		oldParent, "ParentOld"},
	{"an additional token cannot be created", withOther("datasets:write"), overdue,
		"AdditionalOverdue RotateErrors UndoneWork"},
	{"the parent cannot be replaced", policy, dueParent, "RotationOverdue RotateErrors UndoneWork"},
	{"the schedule is gone", policy, silentRotator, "RotationOverdue"},
}

// played is what a scenario leaves.
type played struct {
	Name   string   `json:"name"`
	Rings  []string `json:"rings"`
	Start  int64    `json:"start"` // milliseconds since 1970
	End    int64    `json:"end"`
	Lines  []string `json:"lines"`
	Counts []count  `json:"counts"`
}

func TestScenarios(t *testing.T) {
	t.Parallel()
	all := make([]played, len(scenarios))
	t.Cleanup(func() { // after all scenarios
		text, err := json.Marshal(all)
		if err == nil && *out != "" {
			err = os.WriteFile(*out, text, 0o600)
		}
		if err != nil {
			t.Error(err)
		}
	})
	for i, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			level := "ERROR" // lines with metrics are written all the same
			if s.rings == "" {
				level = "INFO"
			}
			p := newPlatform(t, s.policy, level)
			s.play(p)
			all[i] = played{
				s.name, strings.Fields(s.rings), p.start.UnixMilli(), p.sim.Now().UnixMilli(),
				strings.Split(strings.TrimSpace(p.log.String()), "\n"), p.counts,
			}
		})
	}
}
