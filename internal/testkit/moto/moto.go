// Package moto starts the server of moto, an independent simulator of AWS. Each test gets an
// account of its own. Such tests have the build tag moto.
//
// moto 5.2 differs from Secrets Manager (source: moto/secretsmanager/models.py). This list says
// what the tests do about each difference. "Left out" means that the test's own table names the
// cases that do not run.
//
//   - RotateSecret without a function makes a version without a value current. With a function that
//     does not exist, it registers the version as pending and then fails. [Service.BeginRotation]
//     needs only that.
//   - RotateSecret fails if AWSPENDING is on the current version. Tests first take the label off.
//   - RotateSecret registers no version of a secret without versions, and nothing else switches
//     rotation on. Left out.
//   - PutSecretValue with the id of a pending version overwrites its value and labels. Left out.
//   - PutSecretValue with AWSCURRENT takes the label from the version that had it first, even if
//     that version has lost it since. This version keeps no label but AWSPREVIOUS. Left out after a
//     promotion.
//   - PutSecretValue has no limits for value and labels. Left out.
//   - GetSecretValue without an id returns the version that was last put as current, not the one
//     with AWSCURRENT. Tests read by id.
//   - UpdateSecretVersionStage without RemoveFromVersionId leaves the label on its old version too.
//     With it, the label is lost if the target version does not exist. It can take AWSCURRENT off.
//     Left out.
//   - UpdateSecretVersionStage puts a label on the same version twice. Left out.
//   - DescribeSecret shows versions without labels. [Store] hides them.
//   - Times are whole seconds of the machine's clock. Left out where times are compared.
//
// moto answers several clients at once without locks, so server.py admits one request at a time.
package moto

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/secrets/awsstore"
)

// Account returns a random account number, so no other test has the same.
func Account() string {
	return fmt.Sprintf("%012d", rand.Int64N(1e12)) //nolint:gosec // G404: it is no secret
}

// Secrets opens the Secrets Manager of an account. endpoint is that of [Endpoint], or a proxy in
// front of it. The SDK repeats no call.
func Secrets(endpoint, account string) (Store, *Service) {
	client := sdk.New(sdk.Options{
		BaseEndpoint:     &endpoint,
		Region:           "us-east-1",
		RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	}, sdk.WithAPIOptions(smithyhttp.AddHeaderValue("X-Moto-Account-Id", account)))
	return Store{awsstore.New(client)}, &Service{client}
}

// Store is the adapter under test. It hides one difference of moto.
type Store struct {
	*awsstore.Store
}

// Describe hides the versions without labels.
func (s Store) Describe(ctx context.Context, id string) (secrets.Description, error) {
	d, err := s.Store.Describe(ctx, id)
	maps.DeleteFunc(d.Stages, func(_ string, labels []string) bool { return len(labels) == 0 })
	return d, err
}

// Service acts as the owner of a secret, and as Secrets Manager itself.
type Service struct {
	client *sdk.Client
}

// Create makes a secret. Its first version is current. Without a value, it has no version.
func (s *Service) Create(ctx context.Context, name, versionID string, v secrets.Value) error {
	in := &sdk.CreateSecretInput{Name: &name}
	if !v.IsZero() {
		in.ClientRequestToken, in.SecretString = &versionID, aws.String(v.Reveal())
	}
	_, err := s.client.CreateSecret(ctx, in)
	return err
}

// BeginRotation switches rotation on and registers a version without a value as AWSPENDING.
func (s *Service) BeginRotation(ctx context.Context, id, versionID string) error {
	_, err := s.client.RotateSecret(ctx, &sdk.RotateSecretInput{
		SecretId:           &id,
		ClientRequestToken: &versionID,
		RotationLambdaARN:  aws.String("arn:aws:lambda:us-east-1:000000000000:function:none"),
		RotationRules:      &types.RotationRulesType{AutomaticallyAfterDays: aws.Int64(30)},
	})
	if _, ok := errors.AsType[*types.ResourceNotFoundException](err); !ok {
		return fmt.Errorf(
			"begin rotation of secret %s: want the error that there is no such function, got %w",
			id, err)
	}
	return nil
}

// SetRotationEnabled switches rotation off. Only [Service.BeginRotation] can switch it on.
func (s *Service) SetRotationEnabled(ctx context.Context, id string, enabled bool) error {
	if enabled {
		return nil
	}
	_, err := s.client.CancelRotateSecret(ctx, &sdk.CancelRotateSecretInput{SecretId: &id})
	return err
}
