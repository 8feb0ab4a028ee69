package dynamo

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// Open returns a store with a client of its own. It dials nothing.
//
// A caller is waiting, and an instance can work without the table. So the client repeats a call
// once, after at most 50 ms. The SDK would wait up to a second.
func Open(config aws.Config, table string) *Store {
	return New(dynamodb.NewFromConfig(config, func(o *dynamodb.Options) {
		o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = 2
			o.MaxBackoff = 50 * time.Millisecond
		})
	}), table)
}
