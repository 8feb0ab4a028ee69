package dynamo

import (
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/tokenmint/tokenmint/internal/environment"
)

// Open returns a store with a client of its own. It dials nothing.
func Open(a environment.AWS, table string) *Store {
	if a.Loaded != nil {
		return New(dynamodb.NewFromConfig(*a.Loaded), table)
	}
	// Lambda freezes an instance between requests. By the time it thaws, the other side may have closed an idle connection.
	short := func(t *http.Transport) { t.IdleConnTimeout = 30 * time.Second }
	options := dynamodb.Options{
		Region:      a.Region,
		Credentials: a.Credentials,
		HTTPClient:  awshttp.NewBuildableClient().WithTransportOptions(short),
		// A caller is waiting, and an instance can do without the table: one repetition, soon. By default it comes after up to a second.
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = 2
			o.MaxBackoff = 50 * time.Millisecond
		}),
	}
	if a.DynamoDBEndpoint != "" {
		options.BaseEndpoint = aws.String(a.DynamoDBEndpoint)
	}
	return New(dynamodb.New(options), table)
}
