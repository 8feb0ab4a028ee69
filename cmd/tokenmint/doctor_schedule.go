package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/scheduler/types"
	"github.com/aws/smithy-go"
)

// hourly is how often the template's schedule beats unless it is told otherwise.
const hourly = time.Hour

// checkSchedule looks whether heartbeats come at all, and returns the time between two of them.
func (e examination) checkSchedule(ctx context.Context, name, endpoint string) time.Duration {
	if name == "" {
		e.note("schedule: SCHEDULE_NAME is not set, so it is not checked, and taken to be hourly")
		return hourly
	}
	schedule, err := scheduler.NewFromConfig(e.settings.AWS.Client(endpoint)).GetSchedule(ctx, &scheduler.GetScheduleInput{Name: &name})
	if err != nil {
		e.wrong("schedule: %v; %s", withoutRequest(err), scheduleRemedy(err))
		return hourly
	}
	expression := aws.ToString(schedule.ScheduleExpression)
	beat, every := beatOf(expression), e.config.Parent.RotateEvery
	end := aws.ToTime(schedule.EndDate)
	switch {
	case schedule.State != types.ScheduleStateEnabled:
		e.wrong("schedule: %s is %s, so no heartbeat comes and nothing is rotated; enable it, or deploy again", name, schedule.State)
	case !end.IsZero() && end.Before(e.now()):
		e.wrong("schedule: %s has ended at %s, so no heartbeat comes and nothing is rotated; deploy again", name, moment(end))
	case beat > every/2:
		e.wrong("schedule: %s beats by %s, too seldom for a parent that is replaced after %s; set the parameter Schedule", name, expression, every)
	default:
		e.ok("schedule: %s is enabled and beats by %s", name, expression)
	}
	return beat
}

// rate is the form of a schedule that says how often it beats.
var rate = regexp.MustCompile(`^rate\((\d+) (minute|hour|day)s?\)$`)

// beatOf is the time between two heartbeats. When a cron expression beats is not worked out: it is taken for a daily one, so that doctor
// misses some delay rather than invent one.
func beatOf(expression string) time.Duration {
	const day = 24 * time.Hour
	match := rate.FindStringSubmatch(expression)
	if match == nil {
		return day
	}
	n, err := strconv.Atoi(match[1])
	if err != nil {
		return day
	}
	return time.Duration(n) * map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": day}[match[2]]
}

func scheduleRemedy(err error) string {
	failure, ok := errors.AsType[smithy.APIError](err)
	switch {
	case !ok:
		return "are region, endpoint and credentials right?"
	case failure.ErrorCode() == "ResourceNotFoundException":
		return "deploy the stack: without its schedule nothing is rotated"
	case failure.ErrorCode() == "AccessDeniedException":
		return "allow these credentials scheduler:GetSchedule on it"
	}
	return "are region and credentials right?"
}

// withoutRequest leaves out of an error of the SDK what only AWS can use.
func withoutRequest(err error) error {
	if failure, ok := errors.AsType[smithy.APIError](err); ok {
		return fmt.Errorf("%s: %s", failure.ErrorCode(), failure.ErrorMessage())
	}
	return err
}
