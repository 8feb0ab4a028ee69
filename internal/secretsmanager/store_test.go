package secretsmanager_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	sdk "github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/tokenmint/tokenmint/internal/awssim"
	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/secrets/secretstest"
	"github.com/tokenmint/tokenmint/internal/secretsmanager"
)

func TestStoreConforms(t *testing.T) {
	t.Parallel()
	secretstest.Run(t, func(t *testing.T, mem *secrets.Memory) secretstest.Store {
		return open(t, awssim.New(mem), nil)
	})
}

// open returns a store whose client, the SDK's own, talks HTTP to the handler on a loopback port. A client
// that is not nil carries the requests.
func open(t *testing.T, service http.Handler, client sdk.HTTPClient) *secretsmanager.Store {
	server := httptest.NewServer(service)
	t.Cleanup(server.Close)
	if client == nil {
		client = server.Client()
	}
	return secretsmanager.New(sdk.New(sdk.Options{
		BaseEndpoint: &server.URL,
		Region:       "us-east-1",
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
		HTTPClient: client,
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) { // the SDK's retries, without its pauses
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		}),
	}))
}
