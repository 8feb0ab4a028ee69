// Package secrets defines what a versioned secret is: versions, staging labels, the errors of a
// store, and the credential that a version holds.
//
// [Store] is the contract. Package awsstore has the adapter to AWS Secrets Manager, and package
// storetest has the suite that every store passes. The adapter is a package of its own, so that the
// packages that rotate and mint link no AWS SDK.
package secrets

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// The labels that have a meaning in Secrets Manager. A version may also have other labels.
const (
	Current  = "AWSCURRENT"  // the version that readers get by default
	Previous = "AWSPREVIOUS" // the version that AWSCURRENT left last; the store moves this label
	Pending  = "AWSPENDING"  // the version that a rotation prepares
)

// Store keeps versioned secrets by the rules of AWS Secrets Manager (API reference of
// PutSecretValue and UpdateSecretVersionStage). A label is on one version. The value of a version
// never changes. Describe does not show a version without labels.
//
// The id of a secret is its name or its ARN. Every error names the operation and the secret, and no
// error holds a value. Methods may be called at the same time.
type Store interface {
	// Describe returns the labels of a secret.
	Describe(ctx context.Context, id string) (Description, error)

	// Get reads a version. An empty versionID means the current one. It is ErrNotFound for a
	// version that a native rotation has registered and that has no value yet, and ErrInvalid for a
	// value that is binary.
	Get(ctx context.Context, id, versionID string) (Version, error)

	// Put stores a version and attaches the labels, taking each from the version that had it. At
	// least one label is required: without one, Secrets Manager would move AWSCURRENT at once. The
	// first version also gets AWSCURRENT. To put the same version and value again has no effect,
	// not even on labels. Another value is ErrExists.
	Put(ctx context.Context, id, versionID string, v Value, stages ...string) error

	// MoveStage moves a label if it is on the version from, and is ErrConflict otherwise: a
	// compare-and-swap. An empty from means that the label is on no version. An empty to removes
	// the label. If to already has the label, MoveStage succeeds and ignores from. The call may
	// repeat one whose answer was lost. Moving AWSCURRENT moves AWSPREVIOUS to the version that
	// AWSCURRENT left.
	MoveStage(ctx context.Context, id, stage, from, to string) error
}

// The refusals of a store, for errors.Is. A refusal means that the last attempt of the call had no
// effect. An earlier attempt of the same call may have had an effect, because a client retries
// after a lost answer. After any other error the outcome is unknown. Read the secret to find out,
// or repeat the same call, which is harmless.
var (
	// ErrNotFound: the secret or version does not exist, or the version has no value yet.
	ErrNotFound = errors.New("not found")
	// ErrExists: the version exists with another value, or the secret to create exists.
	ErrExists = errors.New("exists already")
	// ErrConflict: the label is not on the version that the caller named.
	ErrConflict = errors.New("label has moved")
	// ErrDenied: the credentials, the policy or the encryption key do not allow the call.
	ErrDenied = errors.New("access denied")
	// ErrInvalid: the service refuses the request, and repeating it does not help.
	ErrInvalid = errors.New("invalid request")
	// ErrBinary: the version contains binary data instead of text. It is also an ErrInvalid.
	ErrBinary = fmt.Errorf("binary data (SecretBinary) instead of text: %w", ErrInvalid)
)

// Description describes a secret without its values.
type Description struct {
	Name string
	ARN  string
	// RotationEnabled reports whether Secrets Manager's own (native) rotation is on.
	RotationEnabled bool
	// Created is when the secret was created. It is zero if unknown.
	Created time.Time
	// Changed is when the secret or a label last changed. It is zero if unknown.
	Changed time.Time
	// Stages maps the id of each version with labels to its sorted labels.
	Stages map[string][]string
}

// VersionAt returns the id of the version that has the label. ok is false if no version has it.
func (d Description) VersionAt(stage string) (id string, ok bool) {
	for id, stages := range d.Stages {
		if slices.Contains(stages, stage) {
			return id, true
		}
	}
	return "", false
}

// Has reports whether the version has the label.
func (d Description) Has(versionID, stage string) bool {
	return slices.Contains(d.Stages[versionID], stage)
}

// Version is one version of a secret.
type Version struct {
	ID      string
	Stages  []string  // sorted; empty for a deprecated version
	Created time.Time // UTC, to the millisecond
	Value   Value
}
