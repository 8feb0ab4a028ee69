//go:build dynamodb

package tokentable_test

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenmint/tokenmint/internal/tokencache"
	"github.com/tokenmint/tokenmint/internal/tokencache/storetest"
	"github.com/tokenmint/tokenmint/internal/tokentable"
)

func TestStoreConforms(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) tokencache.Store {
		client, table := newTable(t)
		return tokentable.New(client, table)
	})
}

var tables atomic.Int64

// newTable creates a table like the template's.
func newTable(t *testing.T) (client *dynamodb.Client, table string) {
	t.Helper()
	endpoint := os.Getenv("TOKENMINT_DYNAMODB_ENDPOINT")
	if endpoint == "" {
		t.Fatal("TOKENMINT_DYNAMODB_ENDPOINT is not set: run test/moto.sh go test -tags=dynamodb ./internal/tokentable")
	}
	client = dynamodb.New(dynamodb.Options{
		BaseEndpoint: &endpoint,
		Region:       "us-east-1",
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	})
	table = fmt.Sprintf("tokenmint-test-%d-%d", time.Now().UnixNano(), tables.Add(1))
	_, err := client.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName:            &table,
		BillingMode:          types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("pk"), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return client, table
}
