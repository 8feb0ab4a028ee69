package aws_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// TestSDK calls the operations that package awsstore does not use. The tests of awsstore call the
// others.
func TestSDK(t *testing.T) {
	t.Parallel()
	service, _ := newService(t)
	server := httptest.NewServer(service)
	defer server.Close()
	client := secretsmanager.New(secretsmanager.Options{
		BaseEndpoint: &server.URL,
		Region:       "us-east-1",
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
		HTTPClient: server.Client(),
	})

	create := secretsmanager.CreateSecretInput{Name: aws.String("new"),
		SecretString: aws.String("x")}
	created, err := client.CreateSecret(t.Context(), &create) // the SDK generates the version's id
	if err != nil {
		t.Fatal(err)
	}
	list := secretsmanager.ListSecretVersionIdsInput{SecretId: created.ARN,
		IncludeDeprecated: aws.Bool(true)}
	listed, err := client.ListSecretVersionIds(t.Context(), &list)
	if err != nil {
		t.Fatal(err)
	}
	if len(listed.Versions) != 1 ||
		aws.ToString(listed.Versions[0].VersionId) != aws.ToString(created.VersionId) {
		t.Errorf("got %+v, want the version %s", listed.Versions, aws.ToString(created.VersionId))
	}

	create.SecretString = aws.String("y") // the request still has the id that the SDK generated
	_, err = client.CreateSecret(t.Context(), &create)
	if fault, ok := errors.AsType[*types.ResourceExistsException](err); !ok ||
		fault.ErrorMessage() == "" {
		t.Errorf("error is %v, want a ResourceExistsException with a message", err)
	}
}
