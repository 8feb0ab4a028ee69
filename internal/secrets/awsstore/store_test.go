package awsstore_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	sdk "github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/secrets/awsstore"
	"github.com/tokenmint/tokenmint/internal/secrets/storetest"
	simaws "github.com/tokenmint/tokenmint/internal/sim/aws"
)

func TestStoreConforms(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, mem *simaws.Memory) secrets.Store {
		return open(t, simaws.New(mem), nil)
	})
}

// The store sorts labels, because the service documents no order.
func TestLabelsAreSorted(t *testing.T) {
	t.Parallel()
	store := open(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(
			w, `{"SecretString":"x","VersionStages":["b","a"],"VersionIdsToStages":{"v":["b",`+
				`"a"]}}`)
	}), nil)
	v, err := store.Get(t.Context(), name, "")
	if err != nil || !slices.IsSorted(v.Stages) || len(v.Stages) != 2 {
		t.Errorf("got %v, %v", v.Stages, err)
	}
	d, err := store.Describe(t.Context(), name)
	if err != nil || !slices.IsSorted(d.Stages["v"]) || len(d.Stages["v"]) != 2 {
		t.Errorf("got %v, %v", d.Stages, err)
	}
}

// open returns a store whose SDK client sends HTTP requests to the handler, on a loopback port. A
// client that is not nil sends the requests.
func open(t *testing.T, service http.Handler, client sdk.HTTPClient) *awsstore.Store {
	server := httptest.NewServer(service)
	t.Cleanup(server.Close)
	if client == nil {
		client = server.Client()
	}
	return awsstore.New(sdk.New(sdk.Options{
		BaseEndpoint: &server.URL,
		Region:       "us-east-1",
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
		HTTPClient: client,
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) { // retries without pauses
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) {
				return 0, nil
			})
		}),
	}))
}
