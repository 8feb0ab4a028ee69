package main

import (
	"context"
	"errors"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
)

// checkQueue says how many messages wait in the stack's queue Undone. Each one is a run of the rotation that failed.
func (e examination) checkQueue(ctx context.Context, url, endpoint string) {
	if url == "" {
		e.note("queue: UNDONE_QUEUE_URL is not set, so the queue is not checked")
		return
	}
	const waiting = types.QueueAttributeNameApproximateNumberOfMessages
	reply, err := sqs.NewFromConfig(e.settings.AWS.Client(endpoint)).GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &url, AttributeNames: []types.QueueAttributeName{waiting},
	})
	if err != nil {
		e.wrong("queue: %v; %s", withoutRequest(err), queueRemedy(err))
		return
	}
	switch n, err := strconv.Atoi(reply.Attributes[string(waiting)]); {
	case err != nil:
		e.wrong("queue: SQS does not say how many messages wait in %s; is UNDONE_QUEUE_URL right?", url)
	case n > 0:
		e.wrong("queue: messages that wait: %d. Each one is a run of the rotation that failed; "+
			"read them, fix the cause and purge the queue: docs/operations.md#undonework", n)
	default:
		e.ok("queue: no failed run waits in it")
	}
}

func queueRemedy(err error) string {
	failure, ok := errors.AsType[smithy.APIError](err)
	switch {
	case !ok:
		return "are region, endpoint and credentials right?"
	case failure.ErrorCode() == "AWS.SimpleQueueService.NonExistentQueue" || failure.ErrorCode() == "QueueDoesNotExist":
		return "deploy the stack: without its queue nobody learns of failed runs"
	case failure.ErrorCode() == "AccessDenied" || failure.ErrorCode() == "AccessDeniedException":
		return "allow these credentials sqs:GetQueueAttributes on it"
	}
	return "are region and credentials right?"
}
