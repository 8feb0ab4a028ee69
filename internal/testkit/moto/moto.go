// Package moto starts moto's server, an independent double of AWS, and gives a test an account of
// its own there. Such tests have the tag moto.
//
// What moto 5.2 does otherwise than Secrets Manager, by its source (moto/secretsmanager/models.py),
// and what tests do about it. Where it says "left out", the test's own table names the cases.
//
//   - RotateSecret without a function makes the version current that has no value; with a function
//     that does not exist it registers the version as pending and then fails, which is all that
//     [Service.BeginRotation] wants of it.
//   - RotateSecret refuses when AWSPENDING is on the current version, and not when it is on
//     another: a test takes it off before.
//   - RotateSecret registers no version of a secret that has none, and is the only way to switch
//     rotation on: left out.
//   - PutSecretValue with the id of a pending version overwrites its value and its labels: left
//     out.
//   - PutSecretValue with AWSCURRENT takes it from the version that had it first, which need not
//     have it any more, and leaves that one AWSPREVIOUS alone of its labels: left out after a
//     promotion.
//   - PutSecretValue has no limits for value and labels: left out.
//   - GetSecretValue without an id reads the version that was put as current last, not that of
//     AWSCURRENT: tests read by id.
//   - UpdateSecretVersionStage without RemoveFromVersionId leaves the label on its old version too;
//     with it, the label is lost when the version to move to does not exist; AWSCURRENT can be
//     taken off: left out.
//   - UpdateSecretVersionStage puts a label on its own version a second time: left out.
//   - DescribeSecret shows versions without labels: [Store] hides them.
//   - Times are in whole seconds of the machine's clock: left out where they are compared.
//
// It answers requests of several clients at once without locks; server.py lets one in at a time.
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

// Account is the number of an account that no other test has.
func Account() string {
	return fmt.Sprintf("%012d", rand.Int64N(1e12)) //nolint:gosec // chance enough
}

// Secrets opens an account's Secrets Manager at the endpoint, which is [Endpoint] or leads there.
// No call is made twice.
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

// Store is the adapter under test, mended in one point.
type Store struct {
	*awsstore.Store
}

// Describe hides the versions without labels.
func (s Store) Describe(ctx context.Context, id string) (secrets.Description, error) {
	d, err := s.Store.Describe(ctx, id)
	maps.DeleteFunc(d.Stages, func(_ string, labels []string) bool { return len(labels) == 0 })
	return d, err
}

// Service does what a secret's owner and Secrets Manager do.
type Service struct {
	client *sdk.Client
}

// Create makes a secret whose first version is current, or one without a version.
func (s *Service) Create(ctx context.Context, name, versionID string, v secrets.Value) error {
	in := &sdk.CreateSecretInput{Name: &name}
	if !v.IsZero() {
		in.ClientRequestToken, in.SecretString = &versionID, aws.String(v.Reveal())
	}
	_, err := s.client.CreateSecret(ctx, in)
	return err
}

// BeginRotation switches rotation on and registers a version without value as AWSPENDING.
func (s *Service) BeginRotation(ctx context.Context, id, versionID string) error {
	_, err := s.client.RotateSecret(ctx, &sdk.RotateSecretInput{
		SecretId:           &id,
		ClientRequestToken: &versionID,
		RotationLambdaARN:  aws.String("arn:aws:lambda:us-east-1:000000000000:function:none"),
		RotationRules:      &types.RotationRulesType{AutomaticallyAfterDays: aws.Int64(30)},
	})
	if _, ok := errors.AsType[*types.ResourceNotFoundException](err); !ok {
		return fmt.Errorf(
			"begin rotation of secret %s: want the error that there is no such function, got %w", id, err)
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
