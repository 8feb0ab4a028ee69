package main

import (
	"context"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// checkQueue counts the messages in the stack's queue Undone. Each message is one failed rotation
// run.
func (e examination) checkQueue(ctx context.Context, url, endpoint string) {
	if url == "" {
		e.note("queue: UNDONE_QUEUE_URL is not set, so the queue is not checked")
		return
	}
	const waiting = types.QueueAttributeNameApproximateNumberOfMessages
	client := sqs.NewFromConfig(e.settings.AWS.Client(endpoint))
	reply, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &url, AttributeNames: []types.QueueAttributeName{waiting},
	})
	if err != nil {
		e.wrong("queue: %v; %s", withoutRequest(err), awsRemedy(err, "sqs:GetQueueAttributes",
			"deploy the stack: without its queue nobody learns of failed runs"))
		return
	}
	switch n, err := strconv.Atoi(reply.Attributes[string(waiting)]); {
	case err != nil:
		e.wrong("queue: SQS gives no number of messages for %s; is UNDONE_QUEUE_URL right?", url)
	case n > 0:
		e.wrong("queue: waiting messages: %d. Each one is a failed rotation run; "+
			"read them, fix the cause and purge the queue: docs/operations.md#undonework", n)
	default:
		e.ok("queue: it holds no failed run")
	}
}
