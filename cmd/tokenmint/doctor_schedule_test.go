package main

import (
	"cmp"
	"strings"
	"testing"
	"time"
)

func TestDoctorChecksSchedule(t *testing.T) {
	t.Parallel()
	m := startDev(t, dev{})
	later := func(d time.Duration) func() time.Time {
		return func() time.Time { return time.Now().Add(d) }
	}
	pasted := m.hold("pasted", m.issue(needed(t)...), time.Time{})
	for name, tc := range map[string]struct {
		status int
		body   string
		now    func() time.Time
		says   []string
		wrong  bool
	}{
		"hourly": {200, `{"State":"ENABLED","ScheduleExpression":"rate(1 hour)"}`, time.Now,
			[]string{"ok     schedule: heartbeat is enabled and runs at rate(1 hour)"}, false},
		"missed": {200, `{"State":"ENABLED","ScheduleExpression":"rate(1 hour)"}`,
			later(3 * time.Hour), []string{"WRONG  age: the parent was stored manually 3h0m0s " +
				"ago, and no heartbeat has replaced it"}, true},
		"slower": {200, `{"State":"ENABLED","ScheduleExpression":"rate(12 hours)"}`,
			later(24 * time.Hour), []string{"note   age: the parent was stored manually 24h0m0s " +
				"ago"}, false},
		"quick": {200, `{"State":"ENABLED","ScheduleExpression":"rate(10 minutes)"}`,
			later(31 * time.Minute), []string{"WRONG  age: the parent was stored manually 31m0s " +
				"ago"}, true},
		"cron": {200, `{"State":"ENABLED","ScheduleExpression":"cron(0 4 * * ? *)"}`,
			later(48 * time.Hour), []string{"ok     schedule: ", "note   age: "}, false},
		"rarely": {200, `{"State":"ENABLED","ScheduleExpression":"rate(16 days)"}`, time.Now,
			[]string{"WRONG  schedule: heartbeat runs at rate(16 days), too rarely for a parent " +
				"that is replaced after 720h0m0s"}, true},
		"off": {200, `{"State":"DISABLED","ScheduleExpression":"rate(1 hour)"}`, time.Now,
			[]string{"WRONG  schedule: heartbeat is DISABLED, so no heartbeat comes"}, true},
		"over": {200,
			`{"State":"ENABLED","ScheduleExpression":"rate(1 hour)","EndDate":1767225600}`,
			time.Now, []string{"WRONG  schedule: heartbeat ended at 2026-01-01T00:00:00Z"}, true},
		"gone": {404,
			`{"__type":"ResourceNotFoundException","Message":"Schedule heartbeat does not exist."}`,
			time.Now, []string{"WRONG  schedule: ResourceNotFoundException: Schedule heartbeat " +
				"does not exist.; deploy the stack"}, true},
		"denied": {403, `{"__type":"AccessDeniedException","Message":"no"}`, time.Now,
			[]string{"WRONG  schedule: AccessDeniedException: no; allow these credentials " +
				"scheduler:GetSchedule"}, true},
		"barred": {403, `{"__type":"UnrecognizedClientException","Message":"no"}`, time.Now,
			[]string{"WRONG  schedule: ", "are region and credentials right?"}, true},
		"no AWS": {200, `<html>`, time.Now, []string{"WRONG  schedule: ",
			"are region, endpoint and credentials right?"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			address := service(t, tc.status, tc.body)
			getenv := func(name string) string {
				return cmp.Or(map[string]string{"SCHEDULE_NAME": "heartbeat",
					"AWS_ENDPOINT_URL_SCHEDULER": address}[name], pasted(name))
			}
			got, err := m.examine(doctor{getenv: getenv, now: tc.now})
			for _, want := range tc.says {
				if !strings.Contains(got, want) || (err != nil) != tc.wrong {
					t.Errorf("%s: no %q: %v\n%s", name, want, err, got)
				}
			}
		})
	}
	if got, _ := m.examine(doctor{getenv: pasted}); !strings.Contains(got,
		"note   schedule: SCHEDULE_NAME is not set") {
		t.Errorf("without a name:\n%s", got)
	}
}
