// Package secrets is the vocabulary of a versioned secret: versions, the staging labels that say what each
// one is for, the errors of a store, the credential that a version holds, and a store in memory. The
// adapter to AWS Secrets Manager is package secretsmanager; it lives apart so that this package, and what
// imports it, needs no AWS SDK. Both stores pass the suite in package secretstest.
//
// A store has four methods, Describe, Get, Put and MoveStage, and follows the rules of AWS Secrets Manager
// (API reference of PutSecretValue and UpdateSecretVersionStage): a label sits on one version; moving
// AWSCURRENT moves AWSPREVIOUS to the version it left; a version's value never changes; a version without
// labels is deprecated, and Describe does not show it.
package secrets

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// The labels that Secrets Manager gives a meaning. Any other label may be used besides them.
const (
	Current  = "AWSCURRENT"  // what a reader gets who asks for no version
	Previous = "AWSPREVIOUS" // the version that AWSCURRENT left last; the store moves it by itself
	Pending  = "AWSPENDING"  // the version that a rotation in progress prepares
)

// The ways in which a store says no, for errors.Is. Each means that the last attempt of the call had no effect. It says
// nothing about an earlier attempt: a client that retries may have lost the answer to one that had its effect. Any other
// error, such as a lost answer, says nothing at all. Read to find out what happened, or repeat the same call, which is
// harmless.
var (
	// ErrNotFound: no such secret or version, or a version that is registered but has no value yet.
	ErrNotFound = errors.New("not found")
	// ErrExists: the version exists with another value, or the secret to create exists.
	ErrExists = errors.New("exists already")
	// ErrConflict: the label does not sit where the caller said; somebody else has moved it.
	ErrConflict = errors.New("label has moved")
	// ErrDenied: the caller's credentials, its policy or the encryption key do not allow the call.
	ErrDenied = errors.New("access denied")
	// ErrInvalid: the request can never succeed as it stands.
	ErrInvalid = errors.New("invalid request")
	// ErrBinary: the version holds binary data instead of text. It is an ErrInvalid.
	ErrBinary = fmt.Errorf("binary data (SecretBinary) instead of text: %w", ErrInvalid)
)

// Description is what a store tells about a secret without its values.
type Description struct {
	Name string
	ARN  string
	// RotationEnabled says whether Secrets Manager's own (native) rotation is switched on.
	RotationEnabled bool
	Created         time.Time // of the secret; zero if the store does not tell
	// Changed is when the secret was last modified in any way, labels included; zero if the store does not tell.
	Changed time.Time
	// Stages holds the labels of every version that has any, by version id; labels are sorted.
	Stages map[string][]string
}

// VersionAt returns the id of the version that carries the label.
func (d Description) VersionAt(stage string) (id string, ok bool) {
	for id, stages := range d.Stages {
		if slices.Contains(stages, stage) {
			return id, true
		}
	}
	return "", false
}

// Has reports whether the version carries the label.
func (d Description) Has(versionID, stage string) bool {
	return slices.Contains(d.Stages[versionID], stage)
}

// Version is one version of a secret.
type Version struct {
	ID      string
	Stages  []string  // sorted; none if the version is deprecated
	Created time.Time // UTC, to the millisecond
	Value   Value
}
