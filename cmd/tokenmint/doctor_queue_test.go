package main

import (
	"strings"
	"testing"
)

func TestDoctorChecksQueue(t *testing.T) {
	t.Parallel()
	m := startDev(t, dev{})
	const queue = "https://sqs.us-east-1.amazonaws.com/123456789012/undone"
	for name, tc := range map[string]struct {
		status int
		body   string
		says   string
	}{
		"empty": {200, `{"Attributes":{"ApproximateNumberOfMessages":"0"}}`,
			"ok     queue: it holds no failed run"},
		"three": {200, `{"Attributes":{"ApproximateNumberOfMessages":"3"}}`,
			"WRONG  queue: waiting messages: 3. "},
		"unsaid": {200, `{"Attributes":{}}`, "WRONG  queue: SQS gives no number"},
		"gone": {400,
			`{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"no such queue"}`,
			"WRONG  queue: "},
		"denied": {403, `{"__type":"com.amazonaws.sqs#AccessDenied","message":"no"}`,
			"allow these credentials sqs:GetQueueAttributes on it"},
		"garbage": {200, `<html>`, "WRONG  queue: "},
	} {
		t.Run(name, func(t *testing.T) {
			getenv := m.getenv("UNDONE_QUEUE_URL", queue, "AWS_ENDPOINT_URL_SQS",
				service(t, tc.status, tc.body))
			got, err := m.examine(doctor{getenv: getenv})
			if !strings.Contains(got, tc.says) || (err == nil) != strings.HasPrefix(tc.says, "ok") {
				t.Errorf("%s: no %q: %v\n%s", name, tc.says, err, got)
			}
		})
	}
	if got, _ := m.examine(doctor{getenv: m.getenv()}); !strings.Contains(got,
		"note   queue: UNDONE_QUEUE_URL is not set") {
		t.Errorf("without a queue:\n%s", got)
	}
}
