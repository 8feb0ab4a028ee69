// Package awsstore is the adapter of [secrets.Store] to AWS Secrets Manager. No other package that
// a function links imports the SDK's client of Secrets Manager.
package awsstore

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/tokenmint/tokenmint/internal/secrets"
)

// Store is a [secrets.Store] that uses a client of the AWS SDK, with the client's retries and
// timeouts. All writes can be repeated. Methods may be called at the same time.
type Store struct {
	client *secretsmanager.Client
}

// New returns a store that uses the client. The client must not be nil.
func New(client *secretsmanager.Client) *Store {
	return &Store{client: client}
}

// Describe returns the secret's labels, as [secrets.Store] says.
func (s *Store) Describe(ctx context.Context, id string) (secrets.Description, error) {
	out, err := s.client.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &id})
	if err != nil {
		return secrets.Description{}, fmt.Errorf("describe secret %s: %w", id, classify(err))
	}
	for _, stages := range out.VersionIdsToStages {
		slices.Sort(stages)
	}
	return secrets.Description{
		Name:            aws.ToString(out.Name),
		ARN:             aws.ToString(out.ARN),
		RotationEnabled: aws.ToBool(out.RotationEnabled),
		Created:         aws.ToTime(out.CreatedDate),
		Changed:         aws.ToTime(out.LastChangedDate),
		Stages:          out.VersionIdsToStages,
	}, nil
}

// Get reads a version, as [secrets.Store] says. A version with binary data is ErrBinary.
func (s *Store) Get(ctx context.Context, id, versionID string) (secrets.Version, error) {
	out, err := s.client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{
		SecretId:  &id,
		VersionId: optional(versionID),
	})
	if err == nil && out.SecretString == nil {
		err = secrets.ErrBinary
	}
	if err != nil {
		return secrets.Version{}, fmt.Errorf("get %s of secret %s: %w", describeVersion(versionID),
			id, classify(err))
	}
	slices.Sort(out.VersionStages)
	return secrets.Version{
		ID:      aws.ToString(out.VersionId),
		Stages:  out.VersionStages,
		Created: aws.ToTime(out.CreatedDate),
		Value:   secrets.NewValue(*out.SecretString),
	}, nil
}

func describeVersion(id string) string {
	if id == "" {
		return secrets.Current
	}
	return "version " + id
}

// Put stores a version with the labels, as [secrets.Store] says. It refuses a put without labels,
// for which the service would move AWSCURRENT.
func (s *Store) Put(ctx context.Context, id, versionID string, v secrets.Value,
	stages ...string) error {
	var err error
	if len(stages) == 0 {
		err = fmt.Errorf("no label: %w", secrets.ErrInvalid)
	} else {
		_, err = s.client.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
			SecretId:           &id,
			ClientRequestToken: &versionID, // not nil, for which the SDK generates an id
			SecretString:       aws.String(v.Reveal()),
			VersionStages:      stages,
		})
	}
	if err != nil {
		return fmt.Errorf("put version %s of secret %s: %w", versionID, id, classify(err))
	}
	return nil
}

// MoveStage moves a label by compare-and-swap, as [secrets.Store] says.
//
// The service has one answer for each move that it refuses: InvalidParameterException. It also
// refuses the repetition of a move whose answer was lost. So after this answer MoveStage reads the
// labels:
//
//   - The label is on to: the move is done.
//   - The label is not on from: ErrConflict.
//   - The label is on from: ErrInvalid.
//   - The labels cannot be read: the outcome is unknown, and the error is not a refusal of package
//     secrets.
func (s *Store) MoveStage(ctx context.Context, id, stage, from, to string) error {
	_, err := s.client.UpdateSecretVersionStage(ctx, &secretsmanager.UpdateSecretVersionStageInput{
		SecretId:            &id,
		VersionStage:        &stage,
		RemoveFromVersionId: optional(from),
		MoveToVersionId:     optional(to),
	})
	err = classify(err)
	if errors.Is(err, secrets.ErrInvalid) {
		err = s.explain(ctx, err, id, stage, from, to)
	}
	if err != nil {
		return fmt.Errorf("move %s of secret %s: %w", stage, id, err)
	}
	return nil
}

// explain returns the reason for a refused move, or nil if the label is already on the version to.
func (s *Store) explain(ctx context.Context, refusal error, id, stage, from, to string) error {
	d, err := s.Describe(ctx, id)
	if err != nil {
		//nolint:errorlint // see MoveStage
		return fmt.Errorf("refused, and the labels cannot be read: %v", err)
	}
	switch holder, _ := d.VersionAt(stage); {
	case holder == to:
		return nil
	case holder != from:
		return fmt.Errorf("the label is on %q, not on %q: %w", holder, from, secrets.ErrConflict)
	}
	return refusal
}

// optional returns nil for an empty parameter, so that the request omits it.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
