// Package awsstore keeps versioned secrets in AWS Secrets Manager. It is apart from package secrets,
// whose rules, labels and errors it speaks, because it alone needs the AWS SDK.
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

// Store reads and writes secrets through a client, whose retries and timeouts apply. All its writes are safe
// to repeat. It is safe for concurrent use.
type Store struct {
	client *secretsmanager.Client
}

// New returns the store behind the client.
func New(client *secretsmanager.Client) *Store {
	return &Store{client: client}
}

// Describe returns the secret's labels. The id here and below is the secret's name or ARN.
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

// Get reads a version; an empty versionID means the current one. A version that holds binary data is
// ErrBinary: no tool of ours writes one.
func (s *Store) Get(ctx context.Context, id, versionID string) (secrets.Version, error) {
	out, err := s.client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{
		SecretId:  &id,
		VersionId: optional(versionID),
	})
	if err == nil && out.SecretString == nil {
		err = secrets.ErrBinary
	}
	if err != nil {
		return secrets.Version{}, fmt.Errorf("get %s of secret %s: %w", describeVersion(versionID), id, classify(err))
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

// Put stores a version with the labels, as [secrets.Store] says. The service's own default, to move
// AWSCURRENT to a version put without labels, is out of reach here.
func (s *Store) Put(ctx context.Context, id, versionID string, v secrets.Value, stages ...string) error {
	var err error
	if len(stages) == 0 {
		err = fmt.Errorf("no label: %w", secrets.ErrInvalid)
	} else {
		_, err = s.client.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
			SecretId:           &id,
			ClientRequestToken: &versionID, // even if empty: the SDK would make one up for nil
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
// The service answers InvalidParameterException to every reason for which a label stays where it is, also to
// the repetition, by the SDK's retries or by the caller, of a move whose answer was lost. So after that answer
// the labels decide: the label is at to: done; it is not at from: ErrConflict; it is: ErrInvalid. If they
// cannot be read the outcome is unknown, and the error is none of package secrets.
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

// explain says why a move was refused, or nil if it was not needed.
func (s *Store) explain(ctx context.Context, refusal error, id, stage, from, to string) error {
	d, err := s.Describe(ctx, id)
	if err != nil {
		return fmt.Errorf("refused, and the labels cannot be read: %v", err) //nolint:errorlint // see MoveStage
	}
	switch holder, _ := d.VersionAt(stage); {
	case holder == to:
		return nil
	case holder != from:
		return fmt.Errorf("it sits on %q, not on %q: %w", holder, from, secrets.ErrConflict)
	}
	return refusal
}

// optional leaves an empty parameter out of the request.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
