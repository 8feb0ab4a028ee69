package awsstore

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// Open returns a store with a client of its own. It dials nothing.
func Open(config aws.Config) *Store { return New(secretsmanager.NewFromConfig(config)) }
