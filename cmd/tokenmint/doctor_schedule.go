package main

import (
	"context"
	"regexp"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/scheduler/types"
)

// defaultInterval is the time between two heartbeats by the template's default.
const defaultInterval = time.Hour

// checkSchedule checks that heartbeats come, and returns the interval between two of them.
func (e examination) checkSchedule(ctx context.Context, name, endpoint string) time.Duration {
	if name == "" {
		e.note("schedule: SCHEDULE_NAME is not set, so the schedule is not checked; " +
			"doctor assumes one heartbeat an hour")
		return defaultInterval
	}
	client := scheduler.NewFromConfig(e.settings.AWS.Client(endpoint))
	schedule, err := client.GetSchedule(ctx, &scheduler.GetScheduleInput{Name: &name})
	if err != nil {
		e.wrong("schedule: %v; %s", withoutRequest(err), awsRemedy(err, "scheduler:GetSchedule",
			"deploy the stack: without its schedule nothing is rotated"))
		return defaultInterval
	}
	expression := aws.ToString(schedule.ScheduleExpression)
	interval, every := intervalOf(expression), e.config.Parent.RotateEvery
	end := aws.ToTime(schedule.EndDate)
	switch {
	case schedule.State != types.ScheduleStateEnabled:
		e.wrong("schedule: %s is %s, so no heartbeat comes and nothing is rotated; "+
			"enable it, or deploy again", name, schedule.State)
	case !end.IsZero() && end.Before(e.now()):
		e.wrong("schedule: %s ended at %s, so no heartbeat comes and nothing is rotated; "+
			"deploy again",
			name, moment(end))
	case interval > every/2:
		e.wrong("schedule: %s runs at %s, too rarely for a parent that is replaced after %s; "+
			"set the parameter Schedule", name, expression, every)
	default:
		e.ok("schedule: %s is enabled and runs at %s", name, expression)
	}
	return interval
}

// rate is a schedule expression that names an interval.
var rate = regexp.MustCompile(`^rate\((\d+) (minute|hour|day)s?\)$`)

// intervalOf returns the time between two heartbeats. It takes a cron expression for a daily one.
// So doctor may miss a short delay, but it reports no false one.
func intervalOf(expression string) time.Duration {
	const day = 24 * time.Hour
	units := map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": day}
	match := rate.FindStringSubmatch(expression)
	if match == nil {
		return day
	}
	n, err := strconv.Atoi(match[1])
	if err != nil {
		return day
	}
	return time.Duration(n) * units[match[2]]
}
